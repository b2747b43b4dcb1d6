"""Counts and worst states of actions on a day: the same figures for pages, JSON and digests."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from commitments.models import Standing
from commitments.models.standings import StandingQuerySet
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.states import SATISFIED, STATES_BY_URGENCY, WORST_FIRST, Progress, State

# By the key of the commitment, how many of its scored actions are in each state.
CountsByCommitment = Mapping[int, Counter[str]]


@dataclass(frozen=True)
class StateCount:
    """How many actions are in a state, how many of these are disputed though they read met or are
    under way though they have no date, and the address of the list of them.
    """

    state: str
    label: str
    count: int
    disputed: int
    url: str
    under_way: int = 0


def worst(counts: Mapping[str, int]) -> str | None:
    """The worst state of these; superseded and not pursued actions do not weigh. None where nothing
    else is left.
    """
    return next((state.value for state in WORST_FIRST if counts.get(state.value)), None)


def summarise(rows: Iterable[Standing]) -> tuple[str | None, dict[str, int]]:
    """Worst state and counts of the scored actions; `disputed` is how many of the met ones are."""
    scored = [row for row in rows if row.scored]
    counts = dict(Counter(row.state for row in scored))
    return worst(counts), {**counts, "disputed": disputed_by_state(scored).total()}


def disputed_by_state(rows: Iterable[Standing]) -> Counter[str]:
    """How many of the scored actions that are met in any form are disputed, by state."""
    return Counter(
        row.state for row in rows if row.scored and row.disputed and row.state in SATISFIED
    )


def count_states(page: Page, on: date) -> CountsByCommitment:
    """How many scored actions of each commitment are in each state on a day, as the page knows it."""
    return _count(scored_actions(page, on))


def count_disputed(page: Page, on: date) -> CountsByCommitment:
    """The same counts of the actions that are disputed though they are met in any form."""
    return _count(scored_actions(page, on).filter(disputed=True, state__in=SATISFIED))


def count_under_way(page: Page, on: date) -> CountsByCommitment:
    """The same counts of the actions that are under way and have no date."""
    under_way = {"state": State.NO_DATE, "progress": Progress.UNDER_WAY}
    return _count(scored_actions(page, on).filter(**under_way))


def scored_actions(page: Page, on: date) -> StandingQuerySet:
    """The standings of the actions that count in totals, on a day, as the page knows it."""
    return Standing.objects.filter(plan=page.plan, scored=True).on(on, page.perspective).actions()


def _count(standings: StandingQuerySet) -> CountsByCommitment:
    grouped = standings.order_by().values_list("commitment", "state")
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for commitment, state, count in grouped.annotate(count=Count("pk")):
        counts[commitment][state] = count
    return counts


def add_up(counts: CountsByCommitment) -> Counter[str]:
    total: Counter[str] = Counter()
    for of_commitment in counts.values():
        total.update(of_commitment)
    return total


def counts_of(
    counts: Mapping[str, int],
    disputed: Mapping[str, int],
    page: Page,
    *,
    under_way: Mapping[str, int] | None = None,
    **query: object,
) -> list[StateCount]:
    """Each count with its word and the address of the list behind it, worst first."""
    return [
        StateCount(
            state=state.value,
            label=labels.counted_state(state, counts[state.value]),
            count=counts[state.value],
            disputed=disputed.get(state.value, 0),
            url=page.url("commitments", state=state.value, scored="1", **query),
            under_way=(under_way or {}).get(state.value, 0),
        )
        for state in STATES_BY_URGENCY
        if counts.get(state.value)
    ]
