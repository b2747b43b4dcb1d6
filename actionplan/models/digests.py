"""Subscriptions to the weekly digest, what is told at once, and the outbox of both."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from actionplan.models.accounts import User
from commitments.models import Plan


class Subscription(models.Model):
    """Whether an account wants mails of a plan, and when it is told what happened.

    An account without a row wants mails, and hears at once of what waits for the word of its side.
    """

    class Pace(models.TextChoices):
        WORD = "word", _("at once what waits for my side’s word, else weekly")
        AT_ONCE = "at-once", _("at once")
        DAILY = "daily", _("daily, in the morning")
        WEEKLY = "weekly", _("weekly only, with the digest")

    user = models.ForeignKey(User, models.CASCADE, related_name="subscriptions")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="subscriptions")
    active = models.BooleanField(default=True)
    pace = models.CharField(
        max_length=8, choices=Pace.choices, default=Pace.WORD, db_default=Pace.WORD
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "plan"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.plan_id} {'on' if self.active else 'off'}"


class Follow(models.Model):
    """An account that hears of everything about an action, also where it has no part in it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="follows")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="follows")
    ref = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "plan", "ref"], name="follow_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.ref}"


class NoticeMark(models.Model):
    """How far a plan's news have been told to those who hear of them at once, or daily."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="notice_marks")
    is_daily = models.BooleanField()
    number = models.PositiveIntegerField(help_text="of the last entry that was told")
    flag = models.PositiveBigIntegerField(help_text="key of the last flag that was told")
    day = models.DateField(help_text="on which it was told last")
    held = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="version of the last held report that was told"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "is_daily"], name="notice_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.number}"


class Digest(models.Model):
    """A mail in the outbox to one account: a weekly digest, a notice or an alarm. Its content is
    frozen when it is queued; after that only the record of its sending changes.
    """

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("official")
        MANAGER = "manager", _("manager")
        # no digest: something was changed outside the register
        ALARM = "alarm", _("alarm")
        # no digest either: what was recorded just now
        NOTICE = "notice", _("notice")

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
    week = models.DateField(
        help_text="the Monday of the week that it is about, or of a notice; the day of an alarm"
    )
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
                fields=["plan", "recipient", "kind", "week"],
                condition=~Q(kind="notice"),
                name="digest_once_a_week",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="digest_sending_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.kind} {self.state}"
