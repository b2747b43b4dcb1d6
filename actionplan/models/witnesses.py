"""Checkpoints that this site signs, and what witnesses of the sides say of them."""

from django.db import models

from actionplan.models.accounts import User
from commitments.models import Plan


class SigningKey(models.Model):
    """The public half of a key with which this site signed or signs; the newest is the one in use."""

    verifier = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField()
    statement = models.TextField(
        blank=True, help_text="note by which the key before names this one; empty for a first key"
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.verifier


class Checkpoint(models.Model):
    """What the site said of a register: its origin, number of entries, head and time, signed."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="checkpoints", db_index=False)
    number = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)
    note = models.TextField()

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number", "hash"], name="checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.number}"


class WitnessKey(models.Model):
    """The public half of the key of a side's witness, registered by a manager of that side."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="witness_keys", db_index=False)
    side = models.CharField(max_length=8)
    verifier = models.CharField(max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    registered = models.DateTimeField()
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["side", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "verifier"], name="witness_key_once")
        ]

    def __str__(self) -> str:
        return self.verifier


class WitnessSignature(models.Model):
    """A witness has read the register up to a checkpoint, and found it to extend what it knew."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="signatures")
    key = models.ForeignKey(WitnessKey, models.PROTECT, related_name="signatures")
    line = models.CharField(max_length=300)
    received = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "key", "line"], name="witness_signature_line_once"
            )
        ]

    def __str__(self) -> str:
        return self.line
