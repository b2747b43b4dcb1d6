"""Addresses that hear of new entries, and the outbox of what they are sent."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commitments.models import Plan


class Webhook(models.Model):
    """An address of a side, or of the site where no side is named, that hears of new entries."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="webhooks")
    side = models.CharField(max_length=8, blank=True)
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=400, help_text="sealed; signs what is delivered")
    active = models.BooleanField(default=True)
    number = models.PositiveIntegerField(help_text="of the last entry that was looked at")
    added = models.DateField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.side} {self.pk}"


class WebhookDelivery(models.Model):
    """One entry for one address, or a test, on its way until it was taken or given up."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waits")
        SENDING = "sending", _("being delivered")
        DELIVERED = "delivered", _("received")
        FAILED = "failed", _("given up")
        DROPPED = "dropped", _("dropped")

    class Problem(models.TextChoices):
        ADDRESS = "address", _("the address leads to a network that is not allowed")
        NAME = "name", _("the name of the server was not found")
        CONNECTION = "connection", _("no connection to the server")
        CERTIFICATE = "certificate", _("the server’s certificate was refused")
        TIME = "time", _("no answer in time")
        ANSWER = "answer", _("the connection ended without an answer")
        STATUS = "status", _("the server did not accept it")
        SECRET = "secret", _("the secret cannot be read: remove the address and add it again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField(null=True, help_text="of the entry; empty for a test")
    queued = models.DateTimeField(help_text="when it was queued, or asked for once more")
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="of the last answer")
    problem = models.CharField(max_length=11, choices=Problem.choices, blank=True)

    class Meta:
        ordering = ["-queued", "-number"]
        indexes = [models.Index(fields=["state", "next_try"], name="webhook_to_deliver")]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "number"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="webhook_sending_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
