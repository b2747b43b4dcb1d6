"""Flags: raised once per obligation, kind and first day; cleared with a reason, never deleted."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q

from commitments.models import ClearReason, Entry, Flag, FlagKind, Plan, Standing
from commitments.models.standings import FlagQuerySet, StandingQuerySet
from commitments.register.histories import in_parts, read_recurrences
from commitments.rules.events import Perspective
from commitments.rules.states import SATISFIED, State


@dataclass(frozen=True)
class Condition:
    """What of a standing raises a flag: the column that says since when, and values of others."""

    since: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> Q:
        return Q(**self.values, **{f"{self.since}__isnull": False})


CONDITIONS = {
    FlagKind.OVERDUE: Condition("since", {"scored": True, "state": State.OVERDUE.value}),
    FlagKind.DUE_SOON: Condition("since", {"scored": True, "state": State.DUE_SOON.value}),
    FlagKind.STALE: Condition("stale_since"),
    FlagKind.ORIGINAL_PASSED: Condition("slipped_since", {"scored": True, "moved": True}),
}


@dataclass(frozen=True)
class MissedPeriod:
    """A period of a scored recurring action that ended short, and the day after it."""

    obligation_id: int
    since: date


def period_of(flag: Flag) -> MissedPeriod:
    return MissedPeriod(flag.obligation_id, flag.since)


def bring_up_to(plan: Plan, day: date) -> dict[str, int]:
    """Raise and clear what the day requires, as known on that day; a second run changes nothing.

    Safe to run concurrently.

    1. Lock the plan, so that writes follow one another.
    2. Stop if the flags are right already for this day and the head of the register.
    3. Clear the flags whose condition no longer holds.
    4. Raise those that the day requires and that are not there.
    5. Reopen those that an entry cleared by mistake.
    """
    with transaction.atomic():
        Plan.objects.lock(plan)
        plans = Plan.objects.filter(pk=plan.pk)
        # Flags follow from the register and the day alone.
        head = Entry.objects.filter(plan=plan).aggregate(head=Max("number"))["head"]
        day_and_head = f"{day} {head}"
        if plans.filter(flagged=day_and_head).exists():
            return {"raised": 0, "cleared": 0}
        missed = missed_periods(overdue_standings(plan, day), plan, day)
        cleared = clear_ended_flags(Flag.objects.filter(plan=plan), day, missed)
        raised = sum(raise_flags(plan, kind, day) for kind in CONDITIONS)
        raised += raise_missed_periods(plan, day, missed)
        raised += reopen_flags(plan, day, missed)
        plans.update(flagged=day_and_head)
        if raised or cleared:
            plans.raise_version()
        return {"raised": raised, "cleared": cleared}


def clear(plan: Plan, day: date, obligation_ids: Collection[int]) -> None:
    """Clear the flags of these obligations whose condition no longer holds on the day."""
    flags = Flag.objects.filter(obligation__in=obligation_ids)
    missed: set[MissedPeriod] = set()
    if flags.filter(kind=FlagKind.MISSED_PERIOD, cleared=None).exists():
        overdue = overdue_standings(plan, day).filter(obligation__in=obligation_ids)
        missed = missed_periods(overdue, plan, day)
    clear_ended_flags(flags, day, missed)


def overdue_standings(plan: Plan, day: date) -> StandingQuerySet:
    overdue = Standing.objects.filter(CONDITIONS[FlagKind.OVERDUE].where, plan=plan)
    return overdue.on(day, Perspective.AS_KNOWN_THEN)


def missed_periods(overdue: StandingQuerySet, plan: Plan, day: date) -> set[MissedPeriod]:
    """The periods that ended short, as known on the day; their actions are then overdue."""
    recurring = overdue.exclude(every="").values_list("obligation_id", flat=True)
    recurrences = read_recurrences(plan, recurring, day, day)
    return {
        MissedPeriod(obligation_id, period.window.last + timedelta(days=1))
        for obligation_id, recurrence in recurrences.items()
        for period in recurrence.missed
    }


def raise_flags(plan: Plan, kind: FlagKind, day: date) -> int:
    """Raise the flags of one kind that the standings of the day require and that are not there."""
    condition = CONDITIONS[kind]
    existing = Flag.objects.filter(
        obligation=OuterRef("obligation"), kind=kind, since=OuterRef(condition.since)
    )
    standings = Standing.objects.filter(condition.where, ~Exists(existing), plan=plan)
    new = standings.on(day, Perspective.AS_KNOWN_THEN).values_list("obligation_id", condition.since)
    raised = 0
    for part in in_parts(new, size=5000):
        Flag.objects.bulk_create(
            Flag(plan_id=plan.pk, obligation_id=obligation_id, kind=kind, since=since, noticed=day)
            for obligation_id, since in part
        )
        raised += len(part)
    return raised


def raise_missed_periods(plan: Plan, day: date, missed: set[MissedPeriod]) -> int:
    flags = Flag.objects.filter(plan=plan, kind=FlagKind.MISSED_PERIOD)
    existing = {period_of(flag) for flag in flags}
    new = sorted(missed - existing, key=lambda period: (period.obligation_id, period.since))
    Flag.objects.bulk_create(
        Flag(
            plan_id=plan.pk,
            obligation_id=period.obligation_id,
            kind=FlagKind.MISSED_PERIOD,
            since=period.since,
            noticed=day,
        )
        for period in new
    )
    return len(new)


def reopen_flags(plan: Plan, day: date, missed: set[MissedPeriod]) -> int:
    """Open a flag again that an entry cleared by mistake and that was withdrawn before the day was
    over.
    """
    cleared = Flag.objects.filter(plan=plan, cleared__lte=day)
    mistaken = [
        flag.pk for flag in cleared.filter(kind=FlagKind.MISSED_PERIOD) if period_of(flag) in missed
    ]
    reopened = cleared.filter(still_holds(day) | Q(pk__in=mistaken))
    return reopened.update(cleared=None, cleared_by="")


def clear_ended_flags(flags: FlagQuerySet, day: date, missed: set[MissedPeriod]) -> int:
    """Clear those of these flags whose condition no longer holds on the day, each with its reason."""
    candidates = flags.filter(cleared=None, noticed__lte=day).exclude(still_holds(day))
    ended = [
        flag
        for flag in candidates.select_related("obligation")
        if not (flag.kind == FlagKind.MISSED_PERIOD and period_of(flag) in missed)
    ]
    obligation_ids = {flag.obligation_id for flag in ended}
    standings = Standing.objects.filter(obligation__in=obligation_ids)
    standing_of = {
        standing.obligation_id: standing
        for standing in standings.on(day, Perspective.AS_KNOWN_THEN)
    }
    by_reason = defaultdict(list)
    for flag in ended:
        reason = clear_reason(flag, standing_of.get(flag.obligation_id), day)
        by_reason[reason].append(flag.pk)
    for reason, keys in by_reason.items():
        Flag.objects.filter(pk__in=keys).update(cleared=day, cleared_by=reason)
    return len(ended)


def still_holds(day: date) -> Q:
    """Whether a flag's condition holds on the day, since the day that the flag says.

    It says nothing of missed periods, which no column of a standing holds.
    """
    holds = Q()
    for kind, condition in CONDITIONS.items():
        standings = Standing.objects.filter(
            condition.where,
            obligation=OuterRef("obligation"),
            **{condition.since: OuterRef("since")},
        )
        holds |= Q(kind=kind) & Q(Exists(standings.on(day, Perspective.AS_KNOWN_THEN)))
    return holds


# Entries that say nothing about the obligation itself. Only a stale flag asks for no more than a
# word.
WORDS = ("note", "progress", "confidence", "confirmed", "disputed")
REASON_BY_KIND = {
    "terms": ClearReason.TERMS,
    "moved": ClearReason.MOVED,
    "withdrawn": ClearReason.WITHDRAWN,
}


def clear_reason(flag: Flag, standing: Standing | None, day: date) -> ClearReason:
    if standing is None:
        return ClearReason.TERMS
    if standing.state in (State.SUPERSEDED, State.NOT_PURSUED):
        return ClearReason.SUPERSEDED
    if flag.kind == FlagKind.DUE_SOON and standing.state in (State.DUE, State.OVERDUE):
        return ClearReason.PASSED
    entries = Entry.objects.filter(
        plan=flag.plan_id, ref=flag.obligation.ref, recorded_day__lte=day
    )
    if flag.kind != FlagKind.STALE:
        entries = entries.exclude(kind__in=WORDS)
    latest = entries.order_by("-number").values_list("kind", flat=True).first()
    kind = latest or "terms"
    if kind in REASON_BY_KIND:
        return REASON_BY_KIND[kind]
    if flag.kind == FlagKind.STALE:
        if standing.state in SATISFIED:
            return ClearReason.MET
        return ClearReason.REPORTED
    if was_done_in_time(flag, standing):
        return ClearReason.REPORTED_LATE
    return ClearReason.MET


def was_done_in_time(flag: Flag, standing: Standing) -> bool:
    """Whether what the flag missed had been done in time and was only reported late."""
    if flag.kind == FlagKind.DUE_SOON:
        return False
    if flag.kind == FlagKind.ORIGINAL_PASSED:
        stop, last = standing.original_stop, standing.original_last
        return stop is not None and last is not None and stop <= last
    # A closed period takes only what lies inside it.
    is_recurring = standing.every != ""
    if flag.kind == FlagKind.MISSED_PERIOD or (flag.kind == FlagKind.OVERDUE and is_recurring):
        return True
    return standing.state == State.MET
