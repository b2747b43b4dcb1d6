"""What is derived from the register: standings and flags."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commitments.models.plan import Action, Commitment, Obligation, Plan
from commitments.rules.events import Perspective
from commitments.rules.states import SATISFIED, Progress, State


class StandingQuerySet(models.QuerySet["Standing"]):
    def on(self, day: date, perspective: Perspective) -> "StandingQuerySet":
        """The one stretch of each obligation that holds the day."""
        return self.filter(lens=perspective.value, from_day__lte=day, to_day__gt=day)

    def actions(self) -> "StandingQuerySet":
        """The standings of actions: an instalment belongs to no commitment."""
        return self.filter(commitment__isnull=False)


class Standing(models.Model):
    """One stretch of days with one verdict of the rule; written by `standings` alone."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="standings", db_index=False)
    obligation = models.ForeignKey(
        Obligation, models.CASCADE, related_name="standings", db_index=False
    )
    # goes with its obligation, whose commitment it repeats for an index
    commitment = models.ForeignKey(
        Commitment,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    lens = models.CharField(max_length=4, choices=[(one.value, one.value) for one in Perspective])
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
    every = models.CharField(max_length=16, blank=True)
    fell_short = models.BooleanField(
        default=False, db_default=False, help_text="a period of a recurring action did"
    )
    progress = models.CharField(
        max_length=12,
        blank=True,
        db_default="",
        choices=[(one.value, one.value) for one in Progress],
        help_text="empty where nothing more is asked for",
    )
    scored = models.BooleanField()
    never_reported = models.BooleanField()
    confirmed = models.BooleanField()
    disputed = models.BooleanField()
    sides_differ = models.BooleanField()
    confidence = models.CharField(max_length=5, blank=True)
    delivered = models.PositiveIntegerField(null=True)
    target = models.PositiveIntegerField(null=True)
    reading = models.PositiveIntegerField(null=True)
    level = models.PositiveIntegerField(null=True)
    baseline = models.JSONField(null=True, help_text="value, on")
    proposed = models.JSONField(null=True, help_text="numbers of entries")
    needs = models.JSONField(null=True, help_text="of each: name, on")
    each = models.JSONField(null=True, help_text="see SidePart")
    steps = models.JSONField(null=True, help_text="see StepPart")
    figures = models.JSONField(default=list)

    objects: ClassVar[StandingQuerySet] = StandingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["obligation", "lens", "from_day"], name="standing_once"
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "lens", "to_day", "from_day"], name="standing_on_a_day"),
            # the most pressing, of all and of a commitment, those nobody reports on, those without
            # news; with the days, so that the index tells which stretch holds one
            models.Index(
                fields=["plan", "lens", "state", "anchor", "obligation", "from_day", "to_day"],
                name="standing_pressing",
                condition=Q(scored=True),
            ),
            models.Index(
                fields=[
                    "plan",
                    "lens",
                    "commitment",
                    "state",
                    "anchor",
                    "obligation",
                    "from_day",
                    "to_day",
                ],
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
    def is_met_in_any_form(self) -> bool:
        """Whether it is met: in time, late, short, or without a date to compare with."""
        return self.state in SATISFIED

    @property
    def action(self) -> Action:
        """The action that it is about; to be asked only of an action's standing."""
        return self.obligation.action


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
    RESUMED = "resumed", _("a later period met")
    LAPSED = "lapsed", _("plan ended")


class FlagQuerySet(models.QuerySet["Flag"]):
    def noticed_by(self, day: date) -> "FlagQuerySet":
        """The flags that had been noticed by the day. Those that still stood on it come first;
        within both groups missed periods come last, since there can be many, and the newest first.
        """
        noticed = self.filter(noticed__lte=day).annotate(
            was_cleared=Q(cleared__isnull=False, cleared__lte=day),
            is_of_period=Q(kind=FlagKind.MISSED_PERIOD),
        )
        return noticed.order_by("was_cleared", "is_of_period", "-since", "kind")


class Flag(models.Model):
    """Something became overdue, due soon, stale …: since when, noticed when, cleared when and why.
    Never deleted.
    """

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
                condition=Q(cleared=None) & Q(cleared_by="")
                | Q(cleared__isnull=False) & ~Q(cleared_by=""),
                name="flag_cleared_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.since}"
