"""Flags: raised once per obligation, kind and first day; cleared with a reason, never deleted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from commitments.models import ClearReason, Entry, Flag, FlagKind, Plan, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.querysets import insert
from commitments.register.standings import recurrences
from commitments.rules.events import Perspective
from commitments.rules.states import SATISFIED, State


@dataclass(frozen=True)
class Condition:
    """What raises a flag: values of a standing, and the column that says since when and must not be
    empty.
    """

    since: str
    values: dict[str, Any]

    @property
    def where(self) -> Q:
        return Q(**self.values, **{f"{self.since}__isnull": False})

    def holds(self, row: Standing) -> date | None:
        """Since when it holds; None where it does not."""
        found: date | None = getattr(row, self.since)
        return (
            found
            if all(getattr(row, name) == value for name, value in self.values.items())
            else None
        )


CONDITIONS = {
    FlagKind.OVERDUE: Condition("since", {"scored": True, "state": State.OVERDUE.value}),
    FlagKind.DUE_SOON: Condition("since", {"scored": True, "state": State.DUE_SOON.value}),
    FlagKind.STALE: Condition("stale_since", {}),
    FlagKind.ORIGINAL_PASSED: Condition("slipped_since", {"scored": True, "moved": True}),
}


def bring_up_to(plan: Plan, day: date) -> dict[str, int]:
    """Raise and clear what the day requires, as known on that day; a second run changes nothing."""
    with transaction.atomic():
        Plan.objects.lock(plan)
        plans = Plan.objects.filter(pk=plan.pk)
        # flags follow from the register and the day alone
        head = Entry.objects.filter(plan=plan).aggregate(head=Max("number"))["head"]
        state = f"{day} {head}"
        if plans.filter(flagged=state).exists():
            return {"raised": 0, "cleared": 0}
        missed = missed_periods(plan, day)
        cleared = _clear(Flag.objects.filter(plan=plan).exclude(_any_holds(day)), day, missed)
        raised = sum(_raise(plan, kind, condition, day) for kind, condition in CONDITIONS.items())
        raised += _raise_missed(plan, day, missed) + _reopen(plan, day, missed)
        plans.update(flagged=state)
        return {"raised": raised, "cleared": cleared}


def _raise(plan: Plan, kind: FlagKind, condition: Condition, day: date) -> int:
    """One statement, however many: the standings of the day that have no such flag yet."""
    rows = Standing.objects.filter(condition.where, plan=plan).on(day, Perspective.AS_KNOWN_THEN)
    select, params = rows.values_list(
        "plan_id", "obligation_id", condition.since
    ).query.sql_with_params()
    table = connection.ops.quote_name(Flag._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (plan_id, obligation_id, since, kind, noticed, cleared_by) "  # noqa: S608
            f"SELECT found.*, %s, %s, '' FROM ({select}) AS found WHERE 1 = 1 ON CONFLICT DO NOTHING",
            [kind.value, day, *params],
        )
        return int(cursor.rowcount)


Missed = set[tuple[int, date]]


def _raise_missed(plan: Plan, day: date, missed: Missed) -> int:
    kind = FlagKind.MISSED_PERIOD
    known = set(Flag.objects.filter(plan=plan, kind=kind).values_list("obligation_id", "since"))
    new = [(plan.pk, pk, since, kind.value, day, "") for pk, since in sorted(missed - known)]
    return insert(Flag, ["plan_id", "obligation_id", "since", "kind", "noticed", "cleared_by"], new)


def _reopen(plan: Plan, day: date, missed: Missed) -> int:
    """A flag that an entry cleared stands again where that entry was a slip, withdrawn before the
    day was over.
    """
    cleared = Flag.objects.filter(plan=plan, cleared__lte=day)
    periods = cleared.filter(kind=FlagKind.MISSED_PERIOD)
    slips = [flag.pk for flag in periods if (flag.obligation_id, flag.since) in missed]
    return cleared.filter(_any_holds(day) | Q(pk__in=slips)).update(cleared=None, cleared_by="")


def missed_periods(plan: Plan, day: date, obligations: Iterable[int] | None = None) -> Missed:
    """Each scored recurring action with the days after its short periods, as known on the day: it
    is then overdue.
    """
    overdue = Standing.objects.filter(CONDITIONS[FlagKind.OVERDUE].where, plan=plan).on(
        day, Perspective.AS_KNOWN_THEN
    )
    if obligations is not None:
        overdue = overdue.filter(obligation__in=list(obligations))
    found = recurrences(
        plan, overdue.exclude(every="").values_list("obligation_id", flat=True), day, day
    )
    return {
        (pk, period.window.last + timedelta(days=1))
        for pk, recurrence in found
        for period in recurrence.missed
    }


@prepared
def _open_flags() -> QuerySet[Flag]:
    return Flag.objects.filter(
        obligation=Slot("obligation"), cleared=None, noticed__lte=Slot("day")
    )


def clear(plan: Plan, day: date, rows: Mapping[int, Standing | None]) -> int:
    """Clear the flags of these whose condition no longer holds on the day, given the standings of
    it; how many.
    """
    if len(rows) == 1:
        found = _open_flags()(obligation=next(iter(rows)), day=day)
    else:
        found = list(Flag.objects.filter(obligation__in=list(rows), cleared=None, noticed__lte=day))
    periods = [flag.obligation_id for flag in found if flag.kind == FlagKind.MISSED_PERIOD]
    return _close(found, rows, day, missed_periods(plan, day, periods) if periods else set())


def _clear(flags: QuerySet[Flag], day: date, missed: Missed) -> int:
    found = list(flags.filter(cleared=None, noticed__lte=day))
    standing = Standing.objects.filter(obligation__in={flag.obligation_id for flag in found}).on(
        day, Perspective.AS_KNOWN_THEN
    )
    return _close(
        found,
        {row.obligation_id: row for row in standing.select_related("obligation")},
        day,
        missed,
    )


def _close(
    flags: Iterable[Flag], rows: Mapping[int, Standing | None], day: date, missed: Missed
) -> int:
    gone: dict[ClearReason, list[int]] = defaultdict(list)
    for flag in flags:
        row = rows.get(flag.obligation_id)
        if not _still(flag, row, missed):
            gone[_reason(flag, row, day)].append(flag.pk)
    return sum(
        Flag.objects.filter(pk__in=some).update(cleared=day, cleared_by=reason)
        for reason, pks in gone.items()
        for some in (pks[start : start + 500] for start in range(0, len(pks), 500))
    )


def _still(flag: Flag, row: Standing | None, missed: Missed) -> bool:
    """Whether what raised the flag holds: a standing of the day says so, or a period that ended
    short.
    """
    if flag.kind == FlagKind.MISSED_PERIOD:
        return (flag.obligation_id, flag.since) in missed
    return row is not None and CONDITIONS[FlagKind(flag.kind)].holds(row) == flag.since


def _any_holds(day: date) -> Q:
    """Whether a flag's condition, if it is one of a standing, holds on the day, since the day that
    the flag says.
    """
    return reduce(
        or_, (Q(kind=kind) & Q(_holds(condition, day)) for kind, condition in CONDITIONS.items())
    )


def _holds(condition: Condition, day: date) -> Exists:
    holding = Standing.objects.filter(
        condition.where, obligation=OuterRef("obligation"), **{condition.since: OuterRef("since")}
    )
    return Exists(holding.on(day, Perspective.AS_KNOWN_THEN))


# entries that say nothing about the obligation itself; only a stale flag asks for no more than a
# word
WORDS = ("note", "progress", "confidence", "confirmed", "disputed")
BY_KIND = {
    "terms": ClearReason.TERMS,
    "moved": ClearReason.MOVED,
    "withdrawn": ClearReason.WITHDRAWN,
}


def _reason(flag: Flag, standing: Standing | None, day: date) -> ClearReason:
    if standing is None:
        return ClearReason.TERMS
    if standing.state in (State.SUPERSEDED, State.NOT_PURSUED):
        return ClearReason.SUPERSEDED
    if flag.kind == FlagKind.DUE_SOON and standing.state in (State.DUE, State.OVERDUE):
        return ClearReason.PASSED
    told = Entry.objects.filter(
        plan=flag.plan_id, ref=standing.obligation.ref, recorded_day__lte=day
    )
    if flag.kind != FlagKind.STALE:
        told = told.exclude(kind__in=WORDS)
    latest = told.order_by("-number").first()
    kind = latest.kind if latest else "terms"
    if kind in BY_KIND:
        return BY_KIND[kind]
    if flag.kind == FlagKind.STALE:
        return ClearReason.MET if State(standing.state) in SATISFIED else ClearReason.REPORTED
    return ClearReason.REPORTED_LATE if _in_time(flag, standing) else ClearReason.MET


def _in_time(flag: Flag, standing: Standing) -> bool:
    """Whether what the flag missed had been done in time and was only reported late."""
    if flag.kind == FlagKind.ORIGINAL_PASSED:
        stop, last = standing.original_stop, standing.original_last
        return stop is not None and last is not None and stop <= last
    # a closed period takes only what lies inside it
    period = flag.kind == FlagKind.MISSED_PERIOD or (
        flag.kind == FlagKind.OVERDUE and standing.every != ""
    )
    return period or (flag.kind != FlagKind.DUE_SOON and standing.state == State.MET)
