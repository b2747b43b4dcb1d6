"""Accounts, the job ledger and the outbox: what spans both apps."""

import secrets
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commitments.models import Body, Membership, Plan, Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """An account, known by its address; pages and mails name the post, never a person."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    post = models.CharField(_("post"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True)

    # of whoever is signed in, read with the account: see accounts/backend.py
    roles: list[Membership]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    def __str__(self) -> str:
        return self.post or str(self.pk)


def _nonce() -> str:
    return secrets.token_urlsafe(16)


class Invitation(models.Model):
    """An account that may come to be, until its link is used, revoked or too old; then the row goes."""

    ADMINISTRATOR = "administrator"

    email = models.EmailField(_("e-mail address"), unique=True)
    post = models.CharField(_("post"), max_length=200)
    language = models.CharField(_("language"), max_length=2)
    plan = models.ForeignKey(Plan, models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(_("role"), max_length=16, choices=[*Role.choices, (ADMINISTRATOR, _("administrator"))])
    side = models.CharField(_("side"), max_length=8, blank=True)
    bodies = models.ManyToManyField(Body, related_name="invitations", blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="invitations")
    nonce = models.CharField(max_length=32, default=_nonce, help_text="in the link; a new one ends the links before it")
    sent = models.DateTimeField()
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.role} {self.side}"

    def renew(self) -> None:
        self.nonce = _nonce()


BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


class OpenSession(models.Model):
    """A session that somebody signed in with, so that it can be shown to them and ended."""

    user = models.ForeignKey(User, models.CASCADE, related_name="open_sessions")
    key = models.CharField(max_length=40, unique=True)
    since = models.DateTimeField()
    seen = models.DateTimeField()
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-seen"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def label(self) -> str:
        """The browser and the system, as far as the browser says; the order matters, since each names the next."""
        browser = next((name for sign, name in BROWSERS if sign in self.browser), self.browser)
        return " · ".join([browser, *[system for system in SYSTEMS if system in self.browser][:1]])


class JobRun(models.Model):
    """The runs of a job for one day of a plan: the latest outcome and what all of them did."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="job_runs")
    job = models.CharField(max_length=32)
    day = models.DateField()
    started = models.DateTimeField()
    finished = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.RUNNING)
    runs = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "job", "day"], name="jobrun_once"),
            models.CheckConstraint(
                condition=Q(outcome="running") | ~Q(finished=None), name="jobrun_finished_with_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.day} {self.outcome}"


class Mark(models.Model):
    """A moment that the site keeps under a name."""

    # while it is there, no digest leaves by itself: the site was restored from a backup
    MAIL_HELD = "mail held"
    # when a worker last took what beat had put into the queue
    WORKER = "worker"

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"

    @classmethod
    def when(cls, name: str) -> datetime | None:
        return cls.objects.filter(name=name).values_list("at", flat=True).first()

    @classmethod
    def now(cls, name: str) -> None:
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})


class Subscription(models.Model):
    """Whether an account wants the weekly digest of a plan; without a row it does."""

    user = models.ForeignKey(User, models.CASCADE, related_name="subscriptions")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="subscriptions")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "plan"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.plan_id} {'on' if self.active else 'off'}"


class Digest(models.Model):
    """One weekly mail to one account: its content frozen when it is queued, its way until it has arrived or ended."""

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("official")
        MANAGER = "manager", _("manager")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        UNCERTAIN = "uncertain", _("may have arrived")
        EXPIRED = "expired", _("expired")
        SKIPPED = "skipped", _("nothing sent")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="digests")
    recipient = models.ForeignKey(User, models.CASCADE, related_name="digests")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    week = models.DateField(help_text="the Monday of the week that it is about")
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=120)
    tries = models.PositiveSmallIntegerField(default=0)
    doubts = models.PositiveSmallIntegerField(default=0, help_text="tries after which it may have arrived")
    next_try = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-week", "plan", "recipient"]
        indexes = [models.Index(fields=["state", "next_try"], name="digest_to_send")]
        constraints = [
            models.UniqueConstraint(fields=["plan", "recipient", "kind", "week"], name="digest_once"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False), name="digest_sending_has_a_lease"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.kind} {self.state}"


class Token(models.Model):
    """What a program shows to read one thing of one plan as its account; of the secret only the digest is kept."""

    class Purpose(models.TextChoices):
        CALENDAR = "calendar", _("calendar of deadlines")
        REGISTER = "register", _("feed of the register")
        READ = "read", _("reading as JSON")

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="tokens")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    label = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    made = models.DateField()
    expires = models.DateField(help_text="the last day on which it opens anything")
    last_used = models.DateField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.purpose} {self.label}"
