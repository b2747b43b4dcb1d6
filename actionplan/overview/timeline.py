"""Deadlines in time: a vague one is a range and not a point, a moved one shows both of its dates."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from actionplan.overview.priorities import TIMELINE_SHOWN
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.histories import read_recurrences
from commitments.rules.recurrence import Period

WIDTH = 1000
MARKS = 12
PERIODS_SHOWN = 36


@dataclass(frozen=True)
class TimelineDeadline:
    """The days that an action's deadline leaves open; of a recurring action its periods so far."""

    standing: Standing
    first: date
    last: date
    periods: Sequence[Period]

    @property
    def moved_from(self) -> date | None:
        """The original last day, where there is another one now."""
        original = self.standing.original_last
        if not self.standing.moved or original == self.last:
            return None
        return original

    @property
    def periods_short(self) -> int:
        return sum(period.is_short for period in self.periods)

    @property
    def is_one_day(self) -> bool:
        return self.first == self.last

    @property
    def days_in_words(self) -> str:
        if self.is_one_day:
            return labels.day(self.last)
        return f"{labels.day(self.first)} – {labels.day(self.last)}"


@dataclass(frozen=True)
class Scale:
    """Days on a line of WIDTH units; days outside are held at its ends."""

    first: date
    last: date

    def place(self, day: date) -> int:
        span = max((self.last - self.first).days, 1)
        place = round((day - self.first).days * WIDTH / span)
        return min(max(place, 0), WIDTH)

    def width(self, first: date, last: date, *, least: int) -> int:
        return max(self.place(last) - self.place(first), least)

    def months(self) -> Iterator[date]:
        """At most MARKS months, evenly spaced."""
        span = relativedelta(self.last, self.first)
        months = span.years * 12 + span.months
        step = max(1, -(-months // MARKS))
        month = self.first
        while month < self.last:
            yield month
            month += relativedelta(months=step)


@dataclass(frozen=True)
class PeriodBox:
    state: str
    start: int
    width: int


@dataclass(frozen=True)
class TimelineRow:
    """One action with the places and widths of what is drawn for it."""

    deadline: TimelineDeadline
    start: int
    width: int
    original: int | None
    periods: list[PeriodBox]


@dataclass(frozen=True)
class Timeline:
    now: int
    months: list[str]
    rows: list[TimelineRow]

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= TIMELINE_SHOWN


def timeline(page: Page, standings: Sequence[Standing]) -> Timeline | None:
    """The deadlines of these actions in the order of their last day; None where there are none."""
    deadlines = list(_deadlines(page, standings))
    if not deadlines:
        return None
    deadlines.sort(key=lambda deadline: (deadline.last, deadline.first))
    scale = _scale(deadlines, page.on)
    return Timeline(
        now=scale.place(page.on),
        months=[labels.day(month, "MMM y") for month in scale.months()],
        rows=[_row(deadline, scale) for deadline in deadlines],
    )


def _deadlines(page: Page, standings: Sequence[Standing]) -> Iterator[TimelineDeadline]:
    recurring = [standing.obligation_id for standing in standings if standing.every]
    recurrences = read_recurrences(page.plan, recurring, page.on, page.known_day)
    periods_of = {
        key: recurrence.periods[-PERIODS_SHOWN:] for key, recurrence in recurrences.items()
    }
    for standing in standings:
        periods = periods_of.get(standing.obligation_id, [])
        if periods:
            yield TimelineDeadline(
                standing, periods[0].window.first, periods[-1].window.last, periods
            )
        elif standing.first_day and standing.last_day:
            yield TimelineDeadline(standing, standing.first_day, standing.last_day, [])


def _scale(deadlines: Iterable[TimelineDeadline], on: date) -> Scale:
    """Whole months around every window, every original date and the day shown."""
    days = [on]
    for deadline in deadlines:
        days += [deadline.first, deadline.last]
        if deadline.standing.original_last:
            days.append(deadline.standing.original_last)
    first, last = min(days), max(days)
    return Scale(first.replace(day=1), last.replace(day=1) + relativedelta(months=1))


def _row(deadline: TimelineDeadline, scale: Scale) -> TimelineRow:
    original = deadline.moved_from
    return TimelineRow(
        deadline=deadline,
        start=scale.place(deadline.first),
        width=scale.width(deadline.first, deadline.last, least=4),
        original=scale.place(original) if original else None,
        periods=[_box(period, scale) for period in deadline.periods],
    )


def _box(period: Period, scale: Scale) -> PeriodBox:
    first, last = period.window.first, period.window.last
    # a gap of four units sets it apart from the next
    width = max(scale.width(first, last, least=0) - 4, 3)
    return PeriodBox(state=period.state, start=scale.place(first), width=width)
