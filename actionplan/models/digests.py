"""Subscriptions to the weekly digest, and its outbox."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from actionplan.models.accounts import User
from commitments.models import Plan


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
    """One weekly mail to one account: its content frozen when it is queued, its way until it has
    arrived or ended.
    """

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
    doubts = models.PositiveSmallIntegerField(
        default=0, help_text="tries after which it may have arrived"
    )
    next_try = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-week", "plan", "recipient"]
        indexes = [models.Index(fields=["state", "next_try"], name="digest_to_send")]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "recipient", "kind", "week"], name="digest_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="digest_sending_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.kind} {self.state}"
