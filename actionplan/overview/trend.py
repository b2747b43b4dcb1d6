"""How the states moved over the plan's life, week by week, added up from the tallies; and its
drawing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncWeek

from commitments.lists.filters import STATES_BY_URGENCY
from commitments.models import Tally
from commitments.models.prepared import Slot, prepared
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.events import Perspective
from commitments.rules.states import State

WIDTH, HEIGHT = 1000, 120  # units of the drawing
MOST = 60  # columns; a longer life is shown in steps of several weeks
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Band:
    """One state over all columns: an outline from its lower edge back along its upper one."""

    state: str
    label: Any
    path: str


def trend(page: Page) -> dict[str, Any]:
    """Weeks with their counts, the newest last, and the bands of the chart, what wants attention on
    top.
    """
    days = weeks(page.plan.adopted_on, page.on)
    columns = counted(sorted(_by_week(page.lens)(**page.slots)), days)
    states = [state for state in STATES_BY_URGENCY if any(column.get(state) for column in columns)]
    return {
        "bands": [
            Band(state.value, labels.state(state), path)
            for state, path in zip(states, bands(columns, states), strict=True)
        ],
        "states": [{"state": state.value, "label": labels.state(state)} for state in states],
        "rows": [
            {
                "day": day,
                "cells": [
                    (column[state], _url(page, state, day)) if state in column else (0, "")
                    for state in states
                ],
            }
            for day, column in zip(days, columns, strict=True)
        ],
        "first": days[0],
        "last": days[-1],
        "width": WIDTH,
        "height": HEIGHT,
    }


def _url(page: Page, state: State, day: date) -> str:
    return page.url("commitments", state=state.value, scored="1", on=day.isoformat())


@prepared
def _by_week(lens: Perspective) -> Any:
    rows = Tally.objects.until(Slot("plan"), Slot("on"), lens).filter(
        name__in=[state.value for state in STATES_BY_URGENCY]
    )
    found = (
        rows.annotate(week=TruncWeek("day")).values("week", "name").annotate(change=Sum("change"))
    )
    return found.values_list("week", "name", "change")


def weeks(first: date, last: date) -> list[date]:
    """The Sundays from the first week on, in steps that keep them few, and the last day itself."""
    if last < first:
        return [last]
    step = WEEK * max(1, -(-((last - first) // WEEK) // MOST))
    found = [last]
    sunday = last - timedelta(days=last.isoweekday() % 7 or 7)
    while sunday >= first:
        found.append(sunday)
        sunday -= step
    return found[::-1]


def counted(
    changes: Iterable[tuple[date, str, int]], days: Sequence[date]
) -> list[Mapping[str, int]]:
    """The counts at the end of each of the days; `changes` by the Monday of their week, in order."""
    found: list[Mapping[str, int]] = []
    now: Counter[str] = Counter()
    waiting = list(changes)[::-1]
    for day in days:
        while waiting and waiting[-1][0] <= day:
            _week, name, change = waiting.pop()
            now[name] += change
        found.append({name: count for name, count in now.items() if count})
    return found


def bands(columns: Sequence[Mapping[str, int]], states: Sequence[str]) -> list[str]:
    """The outlines of the states, one on the other, the first at the bottom; each column as wide as
    the others.
    """
    tallest = max((sum(column.values()) for column in columns), default=0) or 1
    share = WIDTH / len(columns)
    below = [0] * len(columns)
    found = []
    for state in states:
        above = [base + column.get(state, 0) for base, column in zip(below, columns, strict=True)]
        found.append(_outline(below, above, share, HEIGHT / tallest))
        below = above
    return found


def _outline(below: Sequence[int], above: Sequence[int], share: float, unit: float) -> str:
    def edge(counts: Sequence[int]) -> list[str]:
        heights = [round(HEIGHT - count * unit) for count in counts]
        return [f"{across[place + side]} {y}" for place, y in enumerate(heights) for side in (0, 1)]

    across = [round(place * share) for place in range(len(above) + 1)]
    return f"M{'L'.join(edge(above))}L{'L'.join(edge(below)[::-1])}Z"
