"""The rule for recurring actions: counted by the period, without back-fill. No database, framework or
clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from commitments.rules.dates import END, Window, shift
from commitments.rules.events import (
    Event,
    EventsOnDay,
    Terms,
)
from commitments.rules.rhythms import Rhythm, first_period, last_period, rhythm_of
from commitments.rules.states import DatedState, State, state_from_window
from commitments.rules.terms import TermsSpan, TermsVersion, begun_on
from commitments.rules.waiting import last_needed_day


@dataclass(frozen=True)
class Period:
    """One period, what was delivered in it and what was promised for it."""

    window: Window
    rhythm: Rhythm
    state: str  # open, met, partly, missed, not-assessed
    delivered: int
    target: int

    @property
    def name(self) -> str:
        return self.rhythm.name(self.window)

    @property
    def is_assessed(self) -> bool:
        return self.state != "not-assessed"

    @property
    def is_short(self) -> bool:
        """Whether it has ended, was assessed and fell short."""
        return self.state in ("partly", "missed")


@dataclass(frozen=True)
class Schedule:
    """The periods that some terms give while they are in force."""

    span: TermsSpan[Terms]
    begun_on: date

    @cached_property
    def first(self) -> Window:
        return first_period(self.span.terms, self.begun_on)

    @cached_property
    def last(self) -> Window | None:
        return last_period(self.span.terms, self.begun_on)

    @cached_property
    def rhythm(self) -> Rhythm:
        return rhythm_of(self.span.terms, self.begun_on)

    def windows(self) -> Iterator[Window]:
        """The windows of all periods; those that begin after the terms are no longer in force are
        among them.
        """
        window, last = self.first, self.last
        while last is None or window.first <= last.first:
            yield window
            if window.last == END:
                return
            window = self.rhythm.following(window)


def schedules(
    versions: Sequence[TermsVersion[Terms]], spans: Sequence[TermsSpan[Terms]]
) -> list[Schedule]:
    """The schedules of the terms that make the action recurring."""
    return [
        Schedule(span, begun_on(versions, spans[:number]))
        for number, span in enumerate(spans, 1)
        if span.terms.deadline.kind == "recurring"
    ]


class Recurrence:
    """The periods of a recurring action, from its first to the one that holds the day.

    `closed_on` is the day from which it is superseded, not pursued or lapsed.
    """

    def __init__(
        self, in_time: Sequence[Schedule], events: EventsOnDay, closed_on: date | None
    ) -> None:
        self.schedules = in_time
        self.schedule_in_force = in_time[-1]
        self.events = events
        self.on = events.on
        self.closed_on = closed_on
        self.terms = self.schedule_in_force.span.terms
        self.rhythm = self.schedule_in_force.rhythm
        self.first = self.schedule_in_force.first
        self.deliveries = events.of_kind("delivered")
        completions = [event.first for event in events.of_kind("completed")]
        self.ended_on = min(completions, default=None)

    @cached_property
    def periods(self) -> list[Period]:
        """All periods in the order of time, under whichever terms."""
        periods: list[Period] = []
        for schedule in self.schedules:
            earlier = periods[-1].window.last if periods else None
            periods += self._periods_of(schedule, earlier)
        return periods

    def _periods_of(self, schedule: Schedule, earlier: date | None) -> Iterator[Period]:
        """The periods of one schedule: they end while its terms are in force, or hold the day, and
        begin after those of earlier terms.
        """
        needed_on = last_needed_day(schedule.span.terms, self.events)
        in_force = schedule.span
        for window in schedule.windows():
            if window.first > self.on or (window.last > in_force.last and in_force.last < self.on):
                return
            ends_before = window.last < in_force.first
            overlaps = earlier is not None and window.first <= earlier
            if not ends_before and not overlaps:
                yield self._period(window, schedule, needed_on)

    def _period(self, window: Window, schedule: Schedule, needed_on: date | None) -> Period:
        delivered = sum(
            event.quantity
            for event in self.deliveries
            if window.first <= event.first and event.last <= window.last
        )
        target = schedule.span.terms.deadline.quantity or 1
        state = "not-assessed"
        if self._is_assessed(window, needed_on):
            state = self._state_of_period(window, delivered, target)
        return Period(window, schedule.rhythm, state, delivered, target)

    def _is_assessed(self, window: Window, needed_on: date | None) -> bool:
        """Whether a period is held against what was promised. It is not after the duty has ended,
        nor where a consent or an event was missing throughout it, nor where the action was closed
        before its end.
        """
        if self.ended_on is not None and window.first > self.ended_on:
            return False
        if self.closed_on is not None and window.last >= self.closed_on:
            return False
        return needed_on is not None and window.last >= needed_on

    def _state_of_period(self, window: Window, delivered: int, target: int) -> str:
        """The state of a period that is assessed; it is met as soon as the quantity is there."""
        if delivered >= target:
            return "met"
        if window.last >= self.on:
            return "open"
        if delivered:
            return "partly"
        return "missed"

    @cached_property
    def assessed(self) -> list[Period]:
        return [period for period in self.periods if period.is_assessed]

    @property
    def short_periods(self) -> list[Period]:
        """The periods that have ended, were assessed and fell short."""
        return [period for period in self.assessed if period.is_short]

    @property
    def periods_closed(self) -> int:
        """The number of assessed periods that have ended."""
        return sum(period.window.last < self.on for period in self.assessed)

    @property
    def periods_short(self) -> int:
        return len(self.short_periods)

    @property
    def window(self) -> Window | None:
        """The current period. Before the first period it is the first, after the end the last that
        was asked for.
        """
        asked_for = self.periods
        if self.ended_on is not None:
            asked_for = [one for one in self.periods if one.window.first <= self.ended_on]
            if not asked_for:
                return None
        if asked_for and (self._holds_day(asked_for[-1]) or self.ended_on is not None):
            return asked_for[-1].window
        if self.next_window is None and asked_for:
            return asked_for[-1].window
        return self.next_window

    def _holds_day(self, period: Period) -> bool:
        return period.window.last >= self.on

    def windows_ahead(self) -> Iterator[Window]:
        """The windows of the periods that begin after the day."""
        return (window for window in self.schedule_in_force.windows() if window.first > self.on)

    @property
    def next_window(self) -> Window | None:
        return next(self.windows_ahead(), None)

    @cached_property
    def over_on(self) -> date | None:
        """The first day on which the duty is over; None while that is not known."""
        days = [day for day in (self._over_by_completion, self._over_by_last) if day is not None]
        return min(days, default=None)

    @property
    def _over_by_completion(self) -> date | None:
        """The day after the period that holds the completion, or else after the completion itself."""
        if self.ended_on is None:
            return None
        for period in self.periods:
            if period.window.first <= self.ended_on <= period.window.last:
                return shift(period.window.last, 1)
        return self.ended_on

    @property
    def _over_by_last(self) -> date | None:
        """The day after the period that the terms name as the last."""
        last = self.schedule_in_force.last
        if last is None:
            return None
        return shift(last.last, 1)

    @property
    def periods_asked_for(self) -> list[Period]:
        """The periods that begin before the duty is over or the action closed."""
        ends = [day for day in (self.over_on, self.closed_on) if day is not None]
        end = min(ends, default=END)
        return [period for period in self.periods if period.window.first < end]

    @property
    def is_over(self) -> bool:
        """Whether the duty has ended, and the action was not closed before that."""
        if self.over_on is None or self.over_on > self.on:
            return False
        return self.closed_on is None or self.closed_on >= self.over_on

    @property
    def is_met_short(self) -> bool:
        """Whether the duty is over and a period of it fell short."""
        return self.is_over and bool(self.short_periods)

    @property
    def run_of_short_periods(self) -> list[Period]:
        """The unbroken run that the latest period ends that has ended or is already met."""
        run: list[Period] = []
        for period in reversed(self.assessed):
            if period.state == "met":
                break
            if period.is_short:
                run.append(period)
        return run[::-1]

    def state_once_over(self) -> DatedState | None:
        """How it was met, once it is over; None where nothing of it was ever assessed."""
        if self.is_met_short:
            return DatedState(State.MET_SHORT)
        if not self.is_over:
            return None
        if self.assessed or self._over_by_completion is not None:
            return DatedState(State.MET)
        return None

    def state_from_periods(self) -> DatedState | None:
        """The state before anything that closes the action or that it waits for."""
        if self.over_on is not None and self.over_on <= self.on:
            return None
        run = self.run_of_short_periods
        if run:
            return DatedState(State.OVERDUE, anchor=run[0].window.last)
        if self.assessed and self._holds_day(self.assessed[-1]):
            current = self.assessed[-1]
            if current.state == "met":
                return DatedState(State.MET)
            return DatedState(State.DUE, anchor=current.window.last)
        window = self.next_window
        if window is None:
            return None
        return state_from_window(window, self.on, self.terms.lead_days)


def period_edges(
    versions: Sequence[TermsVersion[Terms]],
    spans: Sequence[TermsSpan[Terms]],
    events: Sequence[Event],
) -> Iterator[date]:
    """First days of all periods until nothing more can change by itself, the lead before them, and
    the end of the duty.
    """
    changes = [version.known for version in versions]
    for event in events:
        changes += [event.last, event.recorded]
    horizon = max(changes)
    for schedule in schedules(versions, spans):
        if schedule.last is not None:
            yield shift(schedule.last.last, 1)
        # One period past the horizon can be due, and missed when the next one begins.
        periods_past_horizon = 0
        for window in schedule.windows():
            if periods_past_horizon or window.first >= schedule.span.first:
                yield shift(window.first, -schedule.span.terms.lead_days)
            yield window.first
            periods_past_horizon += window.first > horizon
            if periods_past_horizon == 2:
                break
