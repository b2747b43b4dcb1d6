"""The standings that an overview shows, found by their indexes in one query however large the plan is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from commitments.filters import ATTENTION, URGENCY
from commitments.models import Standing
from commitments.pages import Page
from commitments.states import State
from funding import instalments

SILENT, TIMED = 7, 12
# the states in which a deadline presses, and those in which a date is still worth a look
DATED = (State.OVERDUE, State.DUE, State.DUE_SOON, State.UPCOMING)
MET = (State.MET_UNDATED, State.MET_LATE, State.MET)
Counts = Mapping[int, Mapping[str, int]]  # by commitment and by state, or what wants attention


@dataclass(frozen=True)
class Leading:
    next: dict[int, Standing]  # by commitment
    timed: list[Standing]
    never: list[Standing]
    stale: list[Standing]
    money: list[Standing]


def leading(page: Page, counts: Counts) -> Leading:
    parts = [*_next(page, counts), *_timed(page, counts), *_silent(page, counts), instalments.standings(page)]
    rows = list(
        Standing.objects.visible_to(inside=page.inside)
        .filter(pk__in=any_of(parts))
        .select_related("obligation__action", "obligation__as_instalment__contribution")
    )
    actions = sorted((row for row in rows if not row.obligation.instalment), key=_urgency)
    never = sorted((row for row in actions if row.scored and row.never_reported), key=lambda row: row.obligation_id)
    stale = [row for row in actions if row.stale_since]
    return Leading(
        next=_first(actions, counts),
        timed=[row for row in actions if row.scored and row.state in (*DATED, *MET) and (row.anchor or row.last_day)][
            :TIMED
        ],
        never=[row for row in never if row.state not in (State.SUPERSEDED, State.NOT_PURSUED)][:SILENT],
        stale=sorted(stale, key=lambda row: (row.stale_since or date.max, row.obligation_id))[:SILENT],
        money=[row for row in rows if row.obligation.instalment],
    )


def _urgency(row: Standing) -> tuple[int, date, int]:
    return URGENCY.index(State(row.state)), row.anchor or row.last_day or date.max, row.obligation_id


def _scored(page: Page, **where: Any) -> QuerySet[Standing]:
    return page.standings.filter(scored=True, **where)


def _next(page: Page, counts: Counts) -> Iterator[QuerySet[Standing]]:
    """The most pressing of each commitment, sought only where its counts say that there is one."""
    for commitment, found in counts.items():
        state = next((state.value for state in DATED if found.get(state)), None)
        if state:
            rows = _scored(page, state=state, obligation__commitment=commitment)
            yield rows.order_by("anchor", "obligation_id")[:1]


def _first(actions: list[Standing], counts: Counts) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for row in actions:
        if row.scored and row.state in DATED and row.obligation.commitment_id in counts:
            found.setdefault(row.obligation.commitment_id, row)
    return found


def _timed(page: Page, counts: Counts) -> Iterator[QuerySet[Standing]]:
    """Of each state in turn as many as are still wanted."""
    wanted = TIMED
    for state in (*DATED, *MET):
        there = sum(found.get(state, 0) for found in counts.values())
        if there and wanted > 0:
            yield _scored(page, state=state.value).order_by("anchor", "obligation_id")[:TIMED]
            wanted -= there if state in DATED else 0


def _silent(page: Page, counts: Counts) -> Iterator[QuerySet[Standing]]:
    for name, order in (("never", ["obligation_id"]), ("stale", ["stale_since", "obligation_id"])):
        if any(found.get(name) for found in counts.values()):
            yield page.standings.filter(ATTENTION[name].where).order_by(*order)[:SILENT]


def any_of(parts: Sequence[QuerySet[Any]]) -> RawSQL:
    """The keys that any of these queries finds, each bounded on its own."""
    compiled = [part.values("pk").query.sql_with_params() for part in parts]
    union = " UNION ALL ".join(
        f"SELECT * FROM ({sql}) AS part{number}"  # noqa: S608 - compiled by Django
        for number, (sql, _params) in enumerate(compiled)
    )
    return RawSQL(union, [value for _sql, params in compiled for value in params])  # noqa: S611
