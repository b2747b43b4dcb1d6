"""Flags: raised once per obligation, kind and first day; cleared with a reason, never deleted."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from commitments.models import ClearReason, Entry, Flag, FlagKind, Plan, Standing
from commitments.models.standings import FlagQuerySet, StandingQuerySet
from commitments.register.entry_types import kinds_with
from commitments.register.histories import read_recurrences
from commitments.rules.events import Perspective
from commitments.rules.recurrence import Period
from commitments.rules.states import Progress, State


class FlagKey(NamedTuple):
    """What tells one flag from every other."""

    obligation_id: int
    kind: str
    since: date


@transaction.atomic
def bring_up_to(plan: Plan, day: date) -> dict[str, int]:
    """Raise and clear what the day requires, as known on that day; a second run changes nothing.

    Safe to run concurrently.

    1. Lock the plan, so that writes follow one another.
    2. Stop if the flags are right already for this day and the head of the register.
    3. Clear the flags whose condition no longer holds.
    4. Raise those that the day requires and that are not there, and reopen those that an entry
       cleared by mistake.
    """
    Plan.objects.lock(plan)
    plans = Plan.objects.filter(pk=plan.pk)
    # Flags follow from the register and the day alone.
    head = Entry.objects.filter(plan=plan).aggregate(head=Max("number"))["head"]
    day_and_head = f"{day} {head}"
    if plans.filter(flagged=day_and_head).exists():
        return {"raised": 0, "cleared": 0}
    required = required_flags(plan, Standing.objects.filter(plan=plan), day)
    cleared = clear_ended_flags(Flag.objects.filter(plan=plan), required, day)
    raised = raise_flags(plan, required, day)
    plans.update(flagged=day_and_head)
    if raised or cleared:
        plans.raise_version()
    return {"raised": raised, "cleared": cleared}


def clear(plan: Plan, day: date, obligation_ids: Collection[int]) -> None:
    """Clear the flags of these obligations whose condition no longer holds on the day."""
    standings = Standing.objects.filter(obligation__in=obligation_ids)
    flags = Flag.objects.filter(obligation__in=obligation_ids)
    clear_ended_flags(flags, required_flags(plan, standings, day), day)


def required_flags(plan: Plan, standings: StandingQuerySet, day: date) -> set[FlagKey]:
    """The flags whose condition holds on the day, as known on that day."""
    standings = standings.on(day, Perspective.AS_KNOWN_THEN)
    scored = standings.filter(scored=True)
    overdue = scored.filter(state=State.OVERDUE)
    due_soon = scored.filter(state=State.DUE_SOON)
    stale = standings.filter(stale_since__isnull=False)
    original_passed = scored.filter(moved=True, slipped_since__isnull=False)
    days_by_kind = {
        FlagKind.OVERDUE: overdue.values_list("obligation_id", "since"),
        FlagKind.DUE_SOON: due_soon.values_list("obligation_id", "since"),
        FlagKind.STALE: stale.values_list("obligation_id", "stale_since"),
        FlagKind.ORIGINAL_PASSED: original_passed.values_list("obligation_id", "slipped_since"),
    }
    required = {
        FlagKey(obligation_id, kind, since)
        for kind, days in days_by_kind.items()
        for obligation_id, since in days
        if since is not None
    }
    # An action is overdue while its latest period was missed.
    recurring = overdue.exclude(every="").values_list("obligation_id", flat=True)
    for obligation_id, recurrence in read_recurrences(plan, recurring, day, day).items():
        for period in recurrence.run_of_short_periods:
            required.add(FlagKey(obligation_id, FlagKind.MISSED_PERIOD, day_after(period)))
    return required


def day_after(period: Period) -> date:
    return period.window.last + timedelta(days=1)


def raise_flags(plan: Plan, required: set[FlagKey], day: date) -> int:
    """Raise the flags that are not there yet; returns how many.

    A flag that an entry cleared by mistake, and that was withdrawn before the day was over, is
    opened again.
    """
    not_cleared = Flag.objects.filter(plan=plan).exclude(cleared__lte=day)
    existing = not_cleared.values_list(*FlagKey._fields)
    new = [
        Flag(plan=plan, noticed=day, **key._asdict())
        for key in sorted(required.difference(existing))
    ]
    Flag.objects.bulk_create(
        new,
        batch_size=5000,
        update_conflicts=True,
        unique_fields=["obligation", "kind", "since"],
        update_fields=["cleared", "cleared_by"],
    )
    return len(new)


def clear_ended_flags(flags: FlagQuerySet, required: set[FlagKey], day: date) -> int:
    """Clear those of these flags whose condition no longer holds on the day, each with its reason."""
    candidates = flags.filter(cleared=None, noticed__lte=day).select_related("obligation")
    ended = [
        flag
        for flag in candidates
        if FlagKey(flag.obligation_id, flag.kind, flag.since) not in required
    ]
    for flag in ended:
        flag.cleared = day
        flag.cleared_by = clear_reason(flag, day)
    Flag.objects.bulk_update(ended, ["cleared", "cleared_by"], batch_size=1000)
    return len(ended)


# Entries that say nothing about the obligation itself. They clear a stale flag and no other.
WORDS = ("note", "progress", "confidence", "confirmed", "disputed")
REASON_BY_KIND = {
    "terms": ClearReason.TERMS,
    "moved": ClearReason.MOVED,
    "withdrawn": ClearReason.WITHDRAWN,
}


def clear_reason(flag: Flag, day: date) -> ClearReason:
    standings = Standing.objects.filter(obligation=flag.obligation)
    standing = standings.on(day, Perspective.AS_KNOWN_THEN).first()
    if standing is None:
        return ClearReason.TERMS
    if standing.state in (State.SUPERSEDED, State.NOT_PURSUED):
        return ClearReason.SUPERSEDED
    if standing.state == State.LAPSED:
        return ClearReason.LAPSED
    if flag.kind == FlagKind.DUE_SOON and standing.state in (State.DUE, State.OVERDUE):
        return ClearReason.PASSED
    entries = Entry.objects.filter(
        plan=flag.plan_id, ref=flag.obligation.ref, recorded_day__lte=day
    ).exclude(kind__in=kinds_with(is_silent=True))
    if flag.kind != FlagKind.STALE:
        entries = entries.exclude(kind__in=WORDS)
    latest = entries.order_by("-number").values_list("kind", flat=True).first()
    kind = latest or "terms"
    if kind in REASON_BY_KIND:
        return REASON_BY_KIND[kind]
    if flag.kind == FlagKind.STALE:
        if standing.progress == Progress.DONE:
            return ClearReason.MET
        return ClearReason.REPORTED
    is_about_a_period = flag.kind in (FlagKind.MISSED_PERIOD, FlagKind.OVERDUE)
    if standing.every and is_about_a_period and has_resumed(flag, day):
        return ClearReason.RESUMED
    if was_done_in_time(flag, standing):
        return ClearReason.REPORTED_LATE
    return ClearReason.MET


def has_resumed(flag: Flag, day: date) -> bool:
    """Whether the period that the flag is about is still short, and a later one was met."""
    recurrences = read_recurrences(flag.plan, [flag.obligation_id], day, day)
    recurrence = recurrences.get(flag.obligation_id)
    if recurrence is None:
        return False
    missed = any(day_after(period) == flag.since for period in recurrence.short_periods)
    return missed and any(
        period.state == "met" and period.window.first >= flag.since
        for period in recurrence.assessed
    )


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
