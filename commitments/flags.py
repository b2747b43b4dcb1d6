"""Flags: raised once per obligation, kind and first day; cleared with a reason, never deleted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from commitments.facts import Counting, Lens, terms_on
from commitments.models import ClearReason, Entry, Flag, FlagKind, Plan, Standing
from commitments.periods import Recurrence
from commitments.rule import History
from commitments.standings import Histories
from commitments.states import SATISFIED, State


@dataclass(frozen=True)
class Condition:
    """What raises a flag: values of a standing, and the column that says since when and must not be empty."""

    since: str
    values: dict[str, Any]

    @property
    def where(self) -> Q:
        return Q(**self.values, **{f"{self.since}__isnull": False})

    def holds(self, row: Standing) -> date | None:
        """Since when it holds; None where it does not."""
        found: date | None = getattr(row, self.since)
        return found if all(getattr(row, name) == value for name, value in self.values.items()) else None


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
        raised = sum(_raise(plan, kind, condition, day) for kind, condition in CONDITIONS.items())
        raised += _raise_missed(plan, day)
        return {"raised": raised, "cleared": clear(plan, day)}


def _raise(plan: Plan, kind: FlagKind, condition: Condition, day: date) -> int:
    """One statement, however many: the standings of the day that have no such flag yet."""
    rows = Standing.objects.filter(condition.where, plan=plan).on(day, Lens.THEN)
    select, params = rows.values_list("plan_id", "obligation_id", condition.since).query.sql_with_params()
    table = connection.ops.quote_name(Flag._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (plan_id, obligation_id, since, kind, noticed, cleared_by) "  # noqa: S608
            f"SELECT found.*, %s, %s, '' FROM ({select}) AS found WHERE 1 = 1 ON CONFLICT DO NOTHING",
            [kind.value, day, *params],
        )
        raised = int(cursor.rowcount)
    cleared = Flag.objects.filter(plan=plan, kind=kind, cleared__lte=day)
    return raised + _reopen(cleared.filter(_holds(condition, day)))


def _reopen(flags: QuerySet[Flag]) -> int:
    """A flag that an entry cleared stands again where that entry was a slip, withdrawn before the day was over."""
    return flags.update(cleared=None, cleared_by="")


def _raise_missed(plan: Plan, day: date) -> int:
    found = Flag.objects.filter(plan=plan, kind=FlagKind.MISSED_PERIOD)
    missed = missed_periods(plan, day)
    before = found.count()
    Flag.objects.bulk_create(
        [
            Flag(plan=plan, obligation_id=pk, kind=FlagKind.MISSED_PERIOD, since=since, noticed=day)
            for pk, days in missed.items()
            for since in days
        ],
        ignore_conflicts=True,
    )
    raised = found.count() - before
    slips = [flag.pk for flag in found.filter(cleared__lte=day) if flag.since in missed.get(flag.obligation_id, [])]
    return raised + (_reopen(found.filter(pk__in=slips)) if slips else 0)


def missed_periods(plan: Plan, day: date, obligations: Iterable[int] | None = None) -> dict[int, list[date]]:
    """For each scored recurring action the days after its short periods, as known on the day."""
    recurring = Entry.objects.filter(plan=plan, kind="terms", terms__deadline__kind="recurring")
    if obligations is not None:
        recurring = recurring.filter(obligation__in=list(obligations))
    pks = set(recurring.values_list("obligation_id", flat=True))
    histories = Histories(plan, pks) if pks else None
    return {pk: list(_missed(histories.action(pk), day)) for pk in pks if histories and pk}


def _missed(history: History, day: date) -> Iterator[date]:
    terms = terms_on(history.versions, day, day)
    closed = history.judge(day, day).state in (State.NOT_PURSUED, State.SUPERSEDED)
    if terms.deadline.kind != "recurring" or not terms.scored or closed:
        return
    for period in Recurrence(terms, Counting(history.facts, day, day)).missed:
        yield period.window.last + timedelta(days=1)


def clear(plan: Plan, day: date, obligations: Iterable[int] | None = None) -> int:
    """Clear the flags whose condition no longer holds on the day; how many."""
    open_flags = Flag.objects.filter(plan=plan, cleared=None, noticed__lte=day)
    if obligations is None:
        # of all the flags of a plan only those that may have to go leave the database
        open_flags = open_flags.exclude(reduce(or_, (Q(kind=k) & Q(_holds(c, day)) for k, c in CONDITIONS.items())))
    else:
        open_flags = open_flags.filter(obligation__in=list(obligations))
    found = list(open_flags)
    if not found:
        return 0
    standing = Standing.objects.filter(obligation__in={flag.obligation_id for flag in found}).on(day, Lens.THEN)
    rows = {row.obligation_id: row for row in standing.select_related("obligation")}
    gone = [flag for flag in found if not _still(flag, rows.get(flag.obligation_id))]
    missed = [flag for flag in found if flag.kind == FlagKind.MISSED_PERIOD]
    if missed:
        still = missed_periods(plan, day, {flag.obligation_id for flag in missed})
        gone += [flag for flag in missed if flag.since not in still.get(flag.obligation_id, [])]
    for flag in gone:
        flag.cleared, flag.cleared_by = day, _reason(flag, rows.get(flag.obligation_id), day)
    return Flag.objects.bulk_update(gone, ["cleared", "cleared_by"], batch_size=500) if gone else 0


def _still(flag: Flag, row: Standing | None) -> bool:
    """Whether a standing of the day says what raised the flag; missed periods are judged apart."""
    condition = CONDITIONS.get(FlagKind(flag.kind))
    return condition is None or (row is not None and condition.holds(row) == flag.since)


def _holds(condition: Condition, day: date) -> Exists:
    """Whether a flag's condition holds on the day, since the day that the flag says."""
    holding = Standing.objects.filter(
        condition.where, obligation=OuterRef("obligation"), **{condition.since: OuterRef("since")}
    )
    return Exists(holding.on(day, Lens.THEN))


# entries that say nothing about the obligation itself; only a stale flag asks for no more than a word
WORDS = ("note", "progress", "confidence", "confirmed", "disputed")
BY_KIND = {"terms": ClearReason.TERMS, "moved": ClearReason.MOVED, "withdrawn": ClearReason.WITHDRAWN}


def _reason(flag: Flag, standing: Standing | None, day: date) -> ClearReason:
    if standing is None:
        return ClearReason.TERMS
    if standing.state in (State.SUPERSEDED, State.NOT_PURSUED):
        return ClearReason.SUPERSEDED
    if flag.kind == FlagKind.DUE_SOON and standing.state in (State.DUE, State.OVERDUE):
        return ClearReason.PASSED
    told = Entry.objects.filter(plan=flag.plan_id, ref=standing.obligation.ref, recorded_day__lte=day)
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
    period = flag.kind == FlagKind.MISSED_PERIOD or (flag.kind == FlagKind.OVERDUE and standing.every != "")
    return period or (flag.kind != FlagKind.DUE_SOON and standing.state == State.MET)
