"""Counts and worst states of actions on a day: the same figures for pages, JSON and digests."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.states import WORST_FIRST, State


def worst(counts: Mapping[str, int]) -> str | None:
    """Superseded and not pursued actions do not weigh; None where nothing else is left."""
    return next((state.value for state in WORST_FIRST if counts.get(state.value)), None)


def summarise(rows: Iterable[Standing]) -> tuple[str | None, dict[str, int]]:
    """Worst state and counts of the scored actions."""
    counts = dict(Counter(row.state for row in rows if row.scored))
    return worst(counts), counts


def counts_of(counts: Mapping[str, int], page: Page, **query: Any) -> list[dict[str, Any]]:
    """Each count with its word and the address of the list behind it, worst first."""
    order = [*WORST_FIRST, State.SUPERSEDED, State.NOT_PURSUED]
    return [
        {
            "state": state.value,
            "label": labels.state(state),
            "count": counts[state.value],
            "url": page.url("commitments", state=state.value, scored="1", **query),
        }
        for state in order
        if counts.get(state.value)
    ]
