"""The register, and what is derived from it. The plan, in `plan_models`, is had from here as well.

A foreign key with which a constraint begins has no index of its own in the tables that grow.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commitments.facts import Lens
from commitments.plan_models import Action as Action
from commitments.plan_models import Aim as Aim
from commitments.plan_models import Body as Body
from commitments.plan_models import Commitment as Commitment
from commitments.plan_models import Membership as Membership
from commitments.plan_models import Obligation as Obligation
from commitments.plan_models import Plan as Plan
from commitments.plan_models import Role as Role
from commitments.querysets import (
    REPORTED,
    EntryQuerySet,
    EvidenceQuerySet,
    FlagQuerySet,
    StandingQuerySet,
    TallyQuerySet,
)
from commitments.states import State


class Entry(models.Model):
    """One fact somebody recorded. Append-only: the database refuses changes, the chain of hashes shows them."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="entries", db_index=False)
    number = models.PositiveIntegerField(help_text="place in the plan's register, from 1")
    code = models.CharField(max_length=64, help_text="the id in the entries file, or the form's key")
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=32, blank=True)
    instalment = models.PositiveSmallIntegerField(null=True)
    obligation = models.ForeignKey(Obligation, models.PROTECT, null=True, related_name="entries")
    effective = models.CharField(max_length=10, help_text="EDTF, as reported")
    first_day = models.DateField()
    last_day = models.DateField()
    recorded_day = models.DateField(help_text="civil day in the plan's zone")
    recorded_at = models.DateTimeField(null=True, help_text="empty where a file states only the day")
    loaded_at = models.DateTimeField(help_text="when it entered this register")
    side = models.CharField(max_length=8, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="entries")
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
            models.Index(fields=["plan", "recorded_day", "number"], name="entry_recorded", condition=REPORTED),
            models.Index(fields=["plan", "number"], name="entry_spent", condition=Q(kind="spent")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="entry_number_once"),
            models.UniqueConstraint(fields=["plan", "code"], name="entry_code_once"),
            models.CheckConstraint(condition=Q(first_day__lte=models.F("last_day")), name="entry_days_in_order"),
            models.CheckConstraint(
                condition=Q(amount=None) & Q(currency="") | Q(amount__gt=0) & ~Q(currency=""),
                name="entry_amount_with_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.ref}"


class EntryText(models.Model):
    """The free text of an entry, apart so that it can be redacted: the chain holds only its salted digest."""

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="text")
    salt = models.CharField(max_length=32)
    reason = models.TextField(blank=True)
    note = models.TextField(blank=True)
    source = models.TextField(blank=True)
    decided_by = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.note or self.reason


class Evidence(models.Model):
    """A file that an entry carries. Its bytes lie in a folder; their SHA-256 is part of the entry's hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="evidence")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True, help_text="empty once the file was removed by a redaction")
    type = models.CharField(max_length=4, help_text="see documents.TYPES")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)

    objects: ClassVar[EvidenceQuerySet] = EvidenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["entry", "position"], name="evidence_position_once")]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class PlanFile(models.Model):
    """A plan file as it was loaded, byte for byte; its SHA-256 is in the words of its entry, and so in the chain."""

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.entry_id}"


class Standing(models.Model):
    """One stretch of days with one verdict of the rule; written by `standings` alone."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="standings", db_index=False)
    obligation = models.ForeignKey(Obligation, models.CASCADE, related_name="standings", db_index=False)
    # goes with its obligation, whose commitment it repeats for an index
    commitment = models.ForeignKey(
        Commitment, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    lens = models.CharField(max_length=4, choices=[(lens.value, lens.value) for lens in Lens])
    from_day = models.DateField()
    to_day = models.DateField(help_text="the first day after the stretch")
    state = models.CharField(max_length=12, choices=[(state.value, state.value) for state in State])
    anchor = models.DateField(null=True)
    late = models.PositiveIntegerField(null=True)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    original_last = models.DateField(null=True)
    original_stop = models.DateField(null=True)
    since = models.DateField(help_text="first day of the run of stretches with this state")
    stale_since = models.DateField(null=True)
    slipped_since = models.DateField(null=True, help_text="original date passed, not satisfied")
    moved = models.BooleanField()
    modality = models.CharField(max_length=12)
    words = models.TextField(blank=True)
    every = models.CharField(max_length=8, blank=True)
    scored = models.BooleanField()
    never_reported = models.BooleanField()
    confirmed = models.BooleanField()
    disputed = models.BooleanField()
    sides_differ = models.BooleanField()
    confidence = models.CharField(max_length=5, blank=True)
    delivered = models.PositiveIntegerField(null=True)
    target = models.PositiveIntegerField(null=True)
    figures = models.JSONField(default=list)

    objects: ClassVar[StandingQuerySet] = StandingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["obligation", "lens", "from_day"], name="standing_once"),
        ]
        indexes = [
            models.Index(fields=["plan", "lens", "to_day", "from_day"], name="standing_on_a_day"),
            # the most pressing, of all and of a commitment, those nobody reports on, those without news; with the days,
            # so that the index tells which stretch holds one
            models.Index(
                fields=["plan", "lens", "state", "anchor", "obligation", "from_day", "to_day"],
                name="standing_pressing",
                condition=Q(scored=True),
            ),
            models.Index(
                fields=["plan", "lens", "commitment", "state", "anchor", "obligation", "from_day", "to_day"],
                name="standing_next",
                condition=Q(scored=True, commitment__isnull=False),
            ),
            models.Index(
                fields=["plan", "lens", "obligation", "from_day", "to_day"],
                name="standing_never",
                condition=Q(never_reported=True, scored=True),
            ),
            models.Index(
                fields=["plan", "lens", "stale_since", "obligation", "from_day", "to_day"],
                name="standing_stale",
                condition=Q(stale_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.from_day}"

    @property
    def amounts(self) -> dict[str, dict[str, str]]:
        """What of an instalment is stated, paid and outstanding, by currency in the text's order."""
        return {name: dict(self.figures[name]) for name in ("stated", "paid", "outstanding")}

    @property
    def action(self) -> Action:
        """The action that it is about; to be asked only of an action's standing."""
        found: Action = self.obligation.action
        return found


class Tally(models.Model):
    """By how many the scored actions of a commitment in a state, or wanting attention, change on a day.

    A prepared figure, so that no page counts all standings; written with them by `standings` alone.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="tallies", db_index=False)
    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="tallies")
    lens = models.CharField(max_length=4)
    name = models.CharField(max_length=12, help_text="a state; stale, never or soon")
    day = models.DateField()
    change = models.IntegerField()

    objects: ClassVar[TallyQuerySet] = TallyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "lens", "day", "commitment", "name"], name="tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.day} {self.change:+}"


class FlagKind(models.TextChoices):
    OVERDUE = "overdue", _("overdue")
    DUE_SOON = "due-soon", _("due soon")
    MISSED_PERIOD = "missed-period", _("missed period")
    STALE = "stale", _("stale")
    ORIGINAL_PASSED = "original-passed", _("original date passed")


class ClearReason(models.TextChoices):
    MET = "met", _("met")
    REPORTED_LATE = "reported-late", _("reported late")
    MOVED = "moved", _("moved")
    WITHDRAWN = "withdrawn", _("withdrawn")
    SUPERSEDED = "superseded", _("superseded")
    TERMS = "terms", _("terms")
    REPORTED = "reported", _("reported")
    PASSED = "passed", _("day passed")


class Flag(models.Model):
    """Something became overdue, due soon, stale …: since when, noticed when, cleared when and why. Never deleted."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="flags")
    obligation = models.ForeignKey(Obligation, models.CASCADE, related_name="flags", db_index=False)
    kind = models.CharField(max_length=16, choices=FlagKind.choices)
    since = models.DateField(help_text="first day of the stretch")
    noticed = models.DateField(help_text="the day for which the job saw it")
    cleared = models.DateField(null=True)
    cleared_by = models.CharField(max_length=16, choices=ClearReason.choices, blank=True)

    objects: ClassVar[FlagQuerySet] = FlagQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["obligation", "kind", "since"], name="flag_once"),
            models.CheckConstraint(
                condition=Q(cleared=None) & Q(cleared_by="") | Q(cleared__isnull=False) & ~Q(cleared_by=""),
                name="flag_cleared_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.since}"
