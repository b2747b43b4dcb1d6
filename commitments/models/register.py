"""The register: its entries, their texts and files.

A foreign key with which a constraint begins has no index of its own in the tables that grow.
"""

import uuid
from datetime import date, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q

from commitments.models.plan import Obligation, Plan

# for so long an administrator alone can hide what should be removed
HIDING = timedelta(days=7)
# What a plan file leaves in the register. Two conditions, so that SQLite recognises the index below.
NOT_OF_A_PLAN_FILE = ~Q(kind="terms") & ~Q(kind="plan")


class EntryQuerySet(models.QuerySet["Entry"]):
    """A query of entries or of public entries: both have the columns that are used here."""

    def known_on(self, on: date, known: date) -> "EntryQuerySet":
        """The entries that are recorded by `known` and effective by `on`. A withdrawal works from
        its recorded day on, whatever day it is effective.
        """
        recorded = self.filter(recorded_day__lte=known)
        if known <= on:
            # nothing is recorded before it happens
            return recorded
        return recorded.filter(Q(first_day__lte=on) | Q(kind="withdrawn"))

    def last_number(self) -> int:
        """The highest number of these entries; 0 where there are none."""
        last: int | None = self.aggregate(last=Max("number"))["last"]
        return last or 0

    def without_plan_entries(self) -> "EntryQuerySet":
        """The entries without those that a plan file leaves: its terms, and the file itself."""
        return self.filter(NOT_OF_A_PLAN_FILE)


def is_hidden(part: str, today: date) -> Exists:
    """Whether the `text` or the `files` of an entry are hidden: from the day on which an
    administrator did so, and for as long as that lasts.
    """
    hidings = Entry.objects.filter(kind="hidden", to=OuterRef("pk"), words__in=(part, "all"))
    return Exists(hidings.filter(recorded_day__gt=today - HIDING))


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def readable_in(self, entries: EntryQuerySet) -> "EvidenceQuerySet":
        """Files of entries that the reader may read, as far as they were not removed."""
        return self.filter(entry__in=entries.order_by().values("pk")).exclude(name="")


class RecordedFact(models.Model):
    """What of an entry everybody may see; the two tables of entries have these columns in common."""

    number = models.PositiveIntegerField(help_text="place in the plan's register, from 1")
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=32, blank=True)
    instalment = models.PositiveSmallIntegerField(null=True)
    effective = models.CharField(max_length=10, help_text="EDTF, as reported")
    first_day = models.DateField()
    last_day = models.DateField()
    recorded_day = models.DateField(help_text="civil day in the plan's zone")
    side = models.CharField(max_length=8, blank=True)
    when = models.CharField(max_length=13, blank=True)
    words = models.CharField(max_length=200, blank=True, help_text="body, event, colour or purpose")
    quantity = models.PositiveIntegerField(null=True)
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    terms = models.JSONField(null=True)

    class Meta:
        abstract = True
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.ref}"


class Entry(RecordedFact):  # type: ignore[django-manager-missing,unused-ignore]
    """One fact somebody recorded. Append-only: the database refuses changes, the chain of hashes
    shows them.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="entries", db_index=False)
    code = models.CharField(
        max_length=64, help_text="the id in the entries file, or the form's key"
    )
    obligation = models.ForeignKey(Obligation, models.PROTECT, null=True, related_name="entries")
    recorded_at = models.DateTimeField(
        null=True, help_text="empty where a file states only the day"
    )
    loaded_at = models.DateTimeField(help_text="when it entered this register")
    # null, since SQLite would write the table anew for a default, without its triggers
    stated_recorded = models.CharField(  # noqa: DJ001
        max_length=32,
        null=True,
        help_text="the recorded day or time that a file states after the plan was opened; it decides nothing",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="entries"
    )
    to = models.ForeignKey("self", models.PROTECT, null=True, related_name="named_by")
    text_digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    form = models.PositiveSmallIntegerField(
        null=True, help_text="in which it is hashed, see hash_chain; empty: the first"
    )

    objects: ClassVar[EntryQuerySet] = EntryQuerySet.as_manager()  # type: ignore[assignment]

    @property
    def stated_day(self) -> date | None:
        """The day of `stated_recorded`."""
        if not self.stated_recorded:
            return None
        return date.fromisoformat(self.stated_recorded[:10])

    @property
    def is_from_file(self) -> bool:
        """Whether somebody loaded it from a file of entries."""
        if self.kind in ("plan", "terms"):
            return False
        return bool(self.stated_recorded) or self.recorded_at != self.loaded_at

    class Meta(RecordedFact.Meta):
        indexes = [
            models.Index(fields=["plan", "ref", "number"], name="entry_of_ref"),
            # the register's pages, and what was recorded lately
            models.Index(fields=["plan", "recorded_day", "number"], name="entry_recorded_day"),
            models.Index(fields=["plan", "number"], name="entry_spent", condition=Q(kind="spent")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="entry_number_once"),
            models.UniqueConstraint(fields=["plan", "side", "code"], name="entry_code_once_a_side"),
            models.CheckConstraint(
                condition=Q(first_day__lte=models.F("last_day")), name="entry_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(amount=None) & Q(currency="") | Q(amount__gt=0) & ~Q(currency=""),
                name="entry_amount_with_currency",
            ),
        ]


class PublicEntry(RecordedFact):
    """What everybody sees of an entry of a public plan (docs/reference/public-reading.md).

    A view of the database (made by migration 0013, last changed by 0029), so that no query can
    reach what it leaves out: texts, files, authors, ids, times of day, hashes, words that are not a
    code of the plan file, and the kinds that are internal as a whole. No relation leads from here
    to a table that holds these.
    """

    # what is internal reads as nothing, so that pages and files need not ask for whom they are
    text = by = by_id = recorded_at = loaded_at = None
    stated_recorded = stated_day = is_from_file = None
    text_digest = previous_hash = hash = ""

    plan_id = models.BigIntegerField()
    obligation_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=64, help_text="the number stands in its place")
    to = models.ForeignKey("self", models.DO_NOTHING, null=True, related_name="named_by")

    objects: ClassVar[EntryQuerySet] = EntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(RecordedFact.Meta):
        managed = False


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


class EntryStems(models.Model):
    """What the text of an entry is searched in; goes with it."""

    text = models.OneToOneField(EntryText, models.CASCADE, primary_key=True, related_name="search")
    stems = models.TextField()

    def __str__(self) -> str:
        return f"stems of {self.text_id}"


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
    salt = models.CharField(
        max_length=32, blank=True, db_default="", help_text="of the name's digest; goes with it"
    )
    name_digest = models.CharField(
        max_length=64, blank=True, db_default="", help_text="stands for the name in the chain"
    )

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


class SignedText(models.Model):
    """A signed text as it was loaded; kept with the first entry whose terms hold its SHA-256."""

    entry = models.OneToOneField(
        Entry, models.PROTECT, primary_key=True, related_name="signed_text"
    )
    content = models.TextField()

    def __str__(self) -> str:
        return f"signed text of {self.entry_id}"
