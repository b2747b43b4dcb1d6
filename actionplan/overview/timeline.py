"""Deadlines in time: a vague one is a range and not a point, a moved one shows both of its dates.

A red line leads from a passed deadline to the day shown, a tick stands where it was done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from actionplan.overview.priorities import TIMELINE_SHOWN
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import State

WIDTH = 1000
MARKS = 12
PERIODS_SHOWN = 36


@dataclass(frozen=True)
class TimelineDeadline:
    """The days that an action's deadline leaves open.

    For a recurring action `periods` are its latest periods; the counts are of all its periods that
    have ended, and of those that fell short.
    """

    standing: Standing
    first: date
    last: date
    periods: Sequence[Period] = ()
    periods_closed: int = 0
    periods_short: int = 0

    @property
    def moved_from(self) -> date | None:
        """The original last day, if it was another one."""
        original = self.standing.original_last
        if not self.standing.moved or original == self.last:
            return None
        return original

    @property
    def done(self) -> date | None:
        """The day on which it was done, if that is known: a vague date is no day, and each period
        has its own.
        """
        if self.standing.state not in (State.MET, State.MET_LATE) or self.periods:
            return None
        if self.standing.late:
            return self.last + timedelta(days=self.standing.late)
        return self.standing.original_stop

    @property
    def is_late(self) -> bool:
        """Whether it has passed, or had when it was done."""
        return not self.periods and self.standing.state in (State.OVERDUE, State.MET_LATE)

    def slip(self, on: date) -> int:
        """Days from the last day that was signed to the day on which it was done. While it is open
        they count to the day shown, or to the moved deadline if that is later.
        """
        signed = self.standing.original_last or self.last
        until = self.done or max(self.last, on)
        if self.standing.state in (State.OVERDUE, State.MET_LATE) or self.moved_from:
            return max((until - signed).days, 0)
        return 0

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
    slip: int
    start: int
    width: int
    end: int
    original: int | None
    done: int | None
    periods: list[PeriodBox]


@dataclass(frozen=True)
class Timeline:
    now: int
    months: list[str]
    rows: list[TimelineRow]

    @property
    def now_percent(self) -> float:
        return self.now * 100 / WIDTH

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= TIMELINE_SHOWN


def timeline(
    page: Page, standings: Sequence[Standing], recurrences: Mapping[int, Recurrence]
) -> Timeline | None:
    """The deadlines of these actions, those that slipped most first and recurring ones last; None
    where there are none.
    """
    deadlines = list(_deadlines(standings, recurrences))
    if not deadlines:
        return None
    deadlines.sort(
        key=lambda deadline: (bool(deadline.periods), -deadline.slip(page.on), deadline.last)
    )
    scale = _scale(deadlines, page.on)
    return Timeline(
        now=scale.place(page.on),
        months=[labels.day(month, "MMM y") for month in scale.months()],
        rows=[_row(deadline, scale, page.on) for deadline in deadlines],
    )


def _deadlines(
    standings: Sequence[Standing], recurrences: Mapping[int, Recurrence]
) -> Iterator[TimelineDeadline]:
    for standing in standings:
        recurrence = recurrences.get(standing.obligation_id)
        if recurrence is not None and recurrence.periods:
            periods = recurrence.periods[-PERIODS_SHOWN:]
            yield TimelineDeadline(
                standing,
                periods[0].window.first,
                periods[-1].window.last,
                periods,
                recurrence.periods_closed,
                recurrence.periods_short,
            )
        elif standing.first_day and standing.last_day:
            yield TimelineDeadline(standing, standing.first_day, standing.last_day)


def _scale(deadlines: Iterable[TimelineDeadline], on: date) -> Scale:
    """Whole months around every window, every original date and the day shown."""
    days = [on]
    for deadline in deadlines:
        days += [deadline.first, deadline.last]
        if deadline.standing.original_last:
            days.append(deadline.standing.original_last)
        if deadline.done:
            days.append(deadline.done)
    first, last = min(days), max(days)
    return Scale(first.replace(day=1), last.replace(day=1) + relativedelta(months=1))


def _row(deadline: TimelineDeadline, scale: Scale, on: date) -> TimelineRow:
    original = deadline.moved_from
    done = deadline.done
    return TimelineRow(
        deadline=deadline,
        slip=deadline.slip(on),
        start=scale.place(deadline.first),
        width=scale.width(deadline.first, deadline.last, least=4),
        end=scale.place(deadline.last),
        original=scale.place(original) if original else None,
        done=scale.place(done) if done else None,
        periods=[_box(period, scale) for period in deadline.periods],
    )


def _box(period: Period, scale: Scale) -> PeriodBox:
    first, last = period.window.first, period.window.last
    # a gap of four units sets it apart from the next
    width = max(scale.width(first, last, least=0) - 4, 3)
    return PeriodBox(state=period.state, start=scale.place(first), width=width)
