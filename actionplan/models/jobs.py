"""The job ledger and the marks that jobs and commands leave."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commitments.findings import Finding, in_plain_words
from commitments.models import Plan


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
                condition=Q(outcome="running") | ~Q(finished=None),
                name="jobrun_finished_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.day} {self.outcome}"


class Verification(models.Model):
    """What the last verification of a plan found, and the last head that held."""

    plan = models.OneToOneField(Plan, models.CASCADE, primary_key=True, related_name="verification")
    at = models.DateTimeField()
    number = models.PositiveIntegerField(help_text="of the last head that held")
    hash = models.CharField(max_length=64, blank=True)
    findings = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.at} {len(self.findings)}"

    @property
    def messages(self) -> list[Finding]:
        """What was found to be altered; empty for a sound plan."""
        return [Finding(**finding) for finding in self.findings]

    @property
    def sentences(self) -> list[str]:
        """The findings in plain words."""
        return in_plain_words(self.messages)

    @property
    def reservations(self) -> list[Finding]:
        """What the verification could not look at."""
        return [Finding(**note) for note in self.notes]


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
