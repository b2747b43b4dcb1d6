"""The register: its entries, their texts and files.

A foreign key with which a constraint begins has no index of its own in the tables that grow.
"""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from commitments.models.plan import Obligation, Plan

# Kinds of which the public sees nothing: without their text or assessment nothing is left to tell.
INTERNAL_KINDS = ("confidence", "note")
# What a plan file leaves in the register. Two conditions, so that SQLite recognises the index below.
NOT_OF_A_PLAN_FILE = ~Q(kind="terms") & ~Q(kind="plan")


class EntryQuerySet(models.QuerySet[Any]):
    """Of entries, or of what everybody sees of them: both have the columns that are asked for here."""

    def known_on(self, on: date, known: date) -> "EntryQuerySet":
        """Recorded by `known`, effective by `on`; a withdrawal works by its recorded day alone."""
        recorded = self.filter(recorded_day__lte=known)
        if known <= on:
            # nothing is recorded before it happens
            return recorded
        return recorded.filter(Q(first_day__lte=on) | Q(kind="withdrawn"))

    def without_plan_entries(self) -> "EntryQuerySet":
        """Without what a plan file leaves: its terms, and the file itself."""
        return self.filter(NOT_OF_A_PLAN_FILE)


class EvidenceQuerySet(models.QuerySet[Any]):
    def readable_in(self, entries: EntryQuerySet) -> "EvidenceQuerySet":
        """Files of entries that the reader may read, as far as they were not removed."""
        return self.filter(entry__in=entries.order_by().values("pk")).exclude(name="")


class Entry(models.Model):  # type: ignore[django-manager-missing,unused-ignore]
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
                fields=["plan", "recorded_day", "number"],
                name="entry_recorded",
                condition=NOT_OF_A_PLAN_FILE,
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


class PublicEntry(models.Model):
    """What everybody sees of an entry of a public plan (docs/reference/public-reading.md).

    A view of the database (migration 0013), so that no query can reach what it leaves out: texts,
    files, authors, ids, times of day, hashes, words that are not a code of the plan file, and the
    kinds that are internal as a whole. No relation leads from here to a table that holds these.
    """

    # what is internal reads as nothing, so that pages and files need not ask for whom they are
    text = by = by_id = recorded_at = loaded_at = None
    text_digest = previous_hash = hash = ""

    plan_id = models.BigIntegerField()
    obligation_id = models.BigIntegerField(null=True)
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=64, help_text="the number stands in its place")
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=32)
    instalment = models.PositiveSmallIntegerField(null=True)
    effective = models.CharField(max_length=10)
    first_day = models.DateField()
    last_day = models.DateField()
    recorded_day = models.DateField()
    side = models.CharField(max_length=8)
    to = models.ForeignKey("self", models.DO_NOTHING, null=True, related_name="named_by")
    when = models.CharField(max_length=13)
    words = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3)
    terms = models.JSONField(null=True)

    objects: ClassVar[EntryQuerySet] = EntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        ordering = ["number"]

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
