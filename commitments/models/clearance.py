"""What officials said for a side that clears it first: it waits here, apart from the register.

Nothing of it is in the register, in the version of the plan or in anything that other sides read.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from commitments.models.plan import Plan


class HeldReport(models.Model):
    """What an official recorded and a manager of the side has not released yet.

    The row goes when it is released, since the register has it then, or taken back.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for release")
        RETURNED = "returned", _("sent back")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="held_reports")
    side = models.CharField(max_length=8)
    code = models.CharField(max_length=64, help_text="the form's key, and that of the entry to be")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="held_reports")
    written = models.DateTimeField()
    ref = models.CharField(max_length=32, blank=True)
    drafts = models.JSONField(help_text="see register.held")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    changed = models.DateTimeField(help_text="when it got its state")
    version = models.PositiveBigIntegerField(
        help_text="that of the side in Plan.held_versions when it got its state"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="returned_reports"
    )
    reason = models.TextField(blank=True, help_text="why it was sent back")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "side", "code"], name="held_report_once")
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.ref} {self.state}"


class HeldFile(models.Model):
    """A file that waits with its report, and then becomes the evidence of its entry."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    report = models.ForeignKey(HeldReport, models.CASCADE, related_name="files")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=4)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"
