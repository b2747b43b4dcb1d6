"""The register: its entries, their texts and files.

A foreign key with which a constraint begins has no index of its own in the tables that grow.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from commitments.models.plan import Obligation, Plan
from commitments.models.querysets import REPORTED, EntryQuerySet, EvidenceQuerySet


class Entry(models.Model):
    """One fact somebody recorded. Append-only: the database refuses changes, the chain of hashes
    shows them.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="entries", db_index=False)
    number = models.PositiveIntegerField(help_text="place in the plan's register, from 1")
    code = models.CharField(
        max_length=64, help_text="the id in the entries file, or the form's key"
    )
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=32, blank=True)
    instalment = models.PositiveSmallIntegerField(null=True)
    obligation = models.ForeignKey(Obligation, models.PROTECT, null=True, related_name="entries")
    effective = models.CharField(max_length=10, help_text="EDTF, as reported")
    first_day = models.DateField()
    last_day = models.DateField()
    recorded_day = models.DateField(help_text="civil day in the plan's zone")
    recorded_at = models.DateTimeField(
        null=True, help_text="empty where a file states only the day"
    )
    loaded_at = models.DateTimeField(help_text="when it entered this register")
    side = models.CharField(max_length=8, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="entries"
    )
    to = models.ForeignKey("self", models.PROTECT, null=True, related_name="named_by")
    when = models.CharField(max_length=13, blank=True)
    words = models.CharField(max_length=200, blank=True, help_text="body, event, colour or purpose")
    quantity = models.PositiveIntegerField(null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    terms = models.JSONField(null=True)
    text_digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects: ClassVar[EntryQuerySet] = EntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["plan", "ref", "number"], name="entry_of_ref"),
            # what was reported lately, and how much
            models.Index(
                fields=["plan", "recorded_day", "number"], name="entry_recorded", condition=REPORTED
            ),
            models.Index(fields=["plan", "number"], name="entry_spent", condition=Q(kind="spent")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="entry_number_once"),
            models.UniqueConstraint(fields=["plan", "code"], name="entry_code_once"),
            models.CheckConstraint(
                condition=Q(first_day__lte=models.F("last_day")), name="entry_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(amount=None) & Q(currency="") | Q(amount__gt=0) & ~Q(currency=""),
                name="entry_amount_with_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.ref}"


class EntryText(models.Model):
    """The free text of an entry, apart so that it can be redacted: the chain holds only its salted
    digest.
    """

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="text")
    salt = models.CharField(max_length=32)
    reason = models.TextField(blank=True)
    note = models.TextField(blank=True)
    source = models.TextField(blank=True)
    decided_by = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.note or self.reason


class Evidence(models.Model):
    """A file that an entry carries. Its bytes lie in a folder; their SHA-256 is part of the entry's
    hash.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="evidence")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(
        max_length=120, blank=True, help_text="empty once the file was removed by a redaction"
    )
    type = models.CharField(max_length=4, help_text="see documents.TYPES")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)

    objects: ClassVar[EvidenceQuerySet] = EvidenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "position"], name="evidence_position_once")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class PlanFile(models.Model):
    """A plan file as it was loaded, byte for byte; its SHA-256 is in the words of its entry, and so
    in the chain.
    """

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.entry_id}"
