"""Papers that a worker writes for an account."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from commitments.models import Plan


class PaperOrder(models.Model):
    """A paper that was asked for: how far it has come, and the file until it is a day old."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        WRITING = "writing", _("being written")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="paper_orders")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="paper_orders")
    choice = models.JSONField(help_text="days, format, language and length, as in its address")
    wants_mail = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="percent")
    attempts = models.PositiveSmallIntegerField(default=0)
    asked = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, help_text="a worker has it until then")
    finished = models.DateTimeField(null=True)
    head = models.PositiveIntegerField(help_text="number of the newest entry when it was asked for")
    content = models.BinaryField(null=True)

    class Meta:
        ordering = ["asked"]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.asked} {self.state}"
