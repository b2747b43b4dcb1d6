"""Deadlines in time: a vague one is a range and not a point, a moved one shows both of its dates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

from actionplan.overview.priorities import TIMED
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.recurrence import SHORT, Period
from commitments.rules.states import State
from commitments.templatetags.plan import localized

WIDTH = 1000
MOST = 36  # periods of one action


@dataclass(frozen=True)
class Scale:
    """Days on a line of WIDTH units; days outside are held at its ends."""

    first: date
    last: date

    def __call__(self, day: date) -> int:
        span = max((self.last - self.first).days, 1)
        return min(max(round((day - self.first).days * WIDTH / span), 0), WIDTH)


def timeline(
    page: Page, found: Iterable[Standing], periods: Mapping[int, Sequence[Period]]
) -> dict[str, Any]:
    """The most pressing dated actions, in the order of their last day, with the periods of those
    that recur.
    """
    shown = {row.obligation_id: periods.get(row.obligation_id, [])[-MOST:] for row in found}
    rows = []
    for row in found:
        if own := shown[row.obligation_id]:
            row.first_day, row.last_day = own[0].window.first, own[-1].window.last
        if row.first_day and row.last_day:
            rows.append(row)
    if not rows:
        return {"rows": []}
    rows.sort(key=lambda row: (row.last_day, row.first_day))
    scale = _scale(rows, page)
    return {
        "now": scale(page.on),
        "full": len(rows) >= TIMED,
        "months": [labels.day(month, "MMM y") for month in _months(scale)],
        "rows": [_row(row, scale, page, shown[row.obligation_id]) for row in rows],
    }


def _scale(rows: Sequence[Standing], page: Page) -> Scale:
    """Whole months around every window, every original date and the day shown."""
    days = [
        page.on,
        *(day for row in rows for day in (row.first_day, row.last_day, row.original_last) if day),
    ]
    first, last = min(days), max(days)
    return Scale(first.replace(day=1), last.replace(day=1) + relativedelta(months=1))


def _months(scale: Scale) -> Iterator[date]:
    """At most a dozen marks, evenly spaced."""
    span = relativedelta(scale.last, scale.first)
    step = max(1, -(-(span.years * 12 + span.months) // 12))
    month = scale.first
    while month < scale.last:
        yield month
        month += relativedelta(months=step)


def _row(row: Standing, scale: Scale, page: Page, periods: Sequence[Period]) -> dict[str, Any]:
    assert row.first_day and row.last_day
    moved_from = row.original_last if row.moved and row.original_last != row.last_day else None
    one_day = row.first_day == row.last_day
    words = (
        labels.day(row.last_day)
        if one_day
        else f"{labels.day(row.first_day)} – {labels.day(row.last_day)}"
    )
    return {
        "ref": row.action.ref,
        "title": localized(row.action.title),
        "url": page.url("action", row.action.ref),
        "state": row.state,
        "label": labels.STATES[State(row.state)],
        "dates": words,
        "periods": [
            {
                "state": period.state,
                "start": scale(period.window.first),
                "width": max(scale(period.window.last) - scale(period.window.first) - 4, 3),
            }
            for period in periods
        ],
        "short": sum(period.state in SHORT for period in periods),
        "point": one_day,
        "start": scale(row.first_day),
        "width": max(scale(row.last_day) - scale(row.first_day), 4),
        "original": scale(moved_from) if moved_from else None,
    }
