"""The job ledger and the marks that jobs and commands leave."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

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
