"""The standings that an overview shows, found by their indexes in one query however large the plan
is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, CharField, OuterRef, QuerySet, Subquery, When
from django.db.models.expressions import RawSQL

from commitments.lists.filters import ATTENTION, STATES_BY_URGENCY
from commitments.models import Commitment, Standing
from commitments.models.prepared import Slot, prepared
from commitments.pages.page import Page
from commitments.rules.events import Perspective
from commitments.rules.states import State
from funding import instalments

SILENT, TIMED = 7, 12
# the states in which a deadline presses, and those in which a date is still worth a look
DATED = (State.OVERDUE, State.DUE, State.DUE_SOON, State.UPCOMING)
MET = (State.MET_UNDATED, State.MET_LATE, State.MET)
# in which order those that want attention come
SILENCE = {"never": ("obligation_id",), "stale": ("stale_since", "obligation_id")}
Counts = Mapping[int, Mapping[str, int]]  # by commitment and by state, or what wants attention


@dataclass(frozen=True)
class Leading:
    next: dict[int, Standing]  # by commitment
    timed: list[Standing]
    never: list[Standing]
    stale: list[Standing]
    money: list[Standing]


def leading(page: Page, counts: Counts) -> Leading:
    pressing = dict(_pressing(counts))
    silent = tuple(name for name in SILENCE if any(found.get(name) for found in counts.values()))
    query = _standings(page.inside, page.lens, len(pressing), tuple(_timed(counts)), silent)
    slots: dict[str, Any] = {
        f"commitment{place}": commitment for place, commitment in enumerate(pressing)
    }
    slots |= {f"state{place}": state for place, state in enumerate(pressing.values())}
    rows = query(**page.slots, **slots)
    actions = sorted((row for row in rows if not row.obligation.instalment), key=_urgency)
    never = sorted(
        (row for row in actions if row.scored and row.never_reported),
        key=lambda row: row.obligation_id,
    )
    stale = [row for row in actions if row.stale_since]
    return Leading(
        next=_first(actions, counts),
        timed=[
            row
            for row in actions
            if row.scored and row.state in (*DATED, *MET) and (row.anchor or row.last_day)
        ][:TIMED],
        never=[row for row in never if row.state not in (State.SUPERSEDED, State.NOT_PURSUED)][
            :SILENT
        ],
        stale=sorted(stale, key=lambda row: (row.stale_since or date.max, row.obligation_id))[
            :SILENT
        ],
        money=[row for row in rows if row.obligation.instalment],
    )


def _urgency(row: Standing) -> tuple[int, date, int]:
    return (
        STATES_BY_URGENCY.index(State(row.state)),
        row.anchor or row.last_day or date.max,
        row.obligation_id,
    )


def _pressing(counts: Counts) -> Iterator[tuple[int, str]]:
    """The state of the most pressing of each commitment, where its counts say that there is one."""
    for commitment, found in counts.items():
        state = next((state.value for state in DATED if found.get(state)), None)
        if state:
            yield commitment, state


def _first(actions: list[Standing], counts: Counts) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for row in actions:
        if row.scored and row.state in DATED and row.obligation.commitment_id in counts:
            found.setdefault(row.obligation.commitment_id, row)
    return found


def _timed(counts: Counts) -> Iterator[str]:
    """Of each state in turn as many as are still wanted."""
    wanted = TIMED
    for state in (*DATED, *MET):
        there = sum(found.get(state, 0) for found in counts.values())
        if there and wanted > 0:
            yield state.value
            wanted -= there if state in DATED else 0


@prepared
def _standings(
    inside: bool, lens: Perspective, pressing: int, timed: Sequence[str], silent: Sequence[str]
) -> QuerySet[Standing]:
    # an instalment has no commitment here, which costs no look at its obligation
    rows = Standing.objects.filter(plan=Slot("plan"), commitment__isnull=False).on(Slot("on"), lens)
    scored = rows.filter(scored=True).order_by("anchor", "obligation_id")
    first = scored.filter(commitment=OuterRef("pk"), state=OuterRef("pressing")).values("pk")[:1]
    states = [
        When(pk=Slot(f"commitment{place}"), then=Slot(f"state{place}")) for place in range(pressing)
    ]
    wanted = Commitment.objects.filter(plan=Slot("plan")).annotate(
        pressing=Case(*states, output_field=CharField())
    )
    parts = [
        *(scored.filter(state=state).values("pk")[:TIMED] for state in timed),
        *(
            rows.filter(ATTENTION[name].where).order_by(*SILENCE[name]).values("pk")[:SILENT]
            for name in silent
        ),
        *([wanted.order_by().values_list(Subquery(first))] if states else []),
        instalments.standings_on(Slot("plan"), Slot("on"), lens).values("pk"),
    ]
    found = Standing.objects.filter(pk__in=any_of(parts))
    return found.select_related("obligation__action", "obligation__as_instalment__contribution")


def any_of(parts: Sequence[QuerySet[Any]]) -> RawSQL:
    """The keys that any of these queries of one column finds, each bounded on its own."""
    compiled = [part.query.sql_with_params() for part in parts]
    union = " UNION ALL ".join(
        f"SELECT * FROM ({sql}) AS part{number}"  # noqa: S608 - compiled by Django
        for number, (sql, _params) in enumerate(compiled)
    )
    return RawSQL(union, [value for _sql, params in compiled for value in params])  # noqa: S611
