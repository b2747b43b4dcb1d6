"""The rule for recurring actions: counted per calendar period, without back-fill."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from commitments.rules import dates
from commitments.rules.dates import Window, shift
from commitments.rules.events import Deadline, Event, EventsOnDay, Terms, TermsVersion
from commitments.rules.states import DatedState, State, state_from_window


@dataclass(frozen=True)
class Period:
    window: Window
    every: str
    state: str  # open, met, partly, missed, not-assessed
    delivered: int
    target: int

    @property
    def name(self) -> str:
        """In EDTF."""
        return dates.period_name(self.window, self.every)

    @property
    def is_short(self) -> bool:
        """Whether it has ended, was assessed and fell short."""
        return self.state in ("partly", "missed")


def first_period(deadline: Deadline, adopted_on: date) -> Window:
    if deadline.first:
        return dates.period_containing(dates.parse(deadline.first).first, deadline.every)
    return dates.first_whole_period(adopted_on, deadline.every)


class Recurrence:
    """The periods of a recurring action, from its first to the one that holds the day."""

    def __init__(self, terms: Terms, events: EventsOnDay) -> None:
        self.terms = terms
        self.events = events
        self.on = events.on
        self.every = terms.deadline.every
        self.target = terms.deadline.quantity or 1
        self.first = first_period(terms.deadline, terms.adopted_on)
        self.last_consent_day = events.last_consent_day(terms.consents)
        completions = [event.first for event in events.of_kind("completed")]
        self.ended_on = min(completions, default=None)

    @cached_property
    def periods(self) -> list[Period]:
        return list(self.iter_periods())

    def iter_periods(self) -> Iterator[Period]:
        delivered = self._delivered_by_period()
        window = self.first
        while window.first <= self.on:
            quantity = delivered[window.first]
            state = self._period_state(window, quantity)
            yield Period(window, self.every, state, quantity, self.target)
            window = dates.next_period(window, self.every)

    def _delivered_by_period(self) -> Counter[date]:
        """Quantities by the first day of the period that they lie wholly inside."""
        quantities: Counter[date] = Counter()
        for event in self.events.of_kind("delivered"):
            period = dates.period_containing(event.first, self.every)
            if event.last <= period.last:
                quantities[period.first] += event.quantity
        return quantities

    def _period_state(self, window: Window, quantity: int) -> str:
        if not self._is_assessed(window):
            return "not-assessed"
        if quantity >= self.target:
            return "met"
        if window.last >= self.on:
            return "open"
        if quantity:
            return "partly"
        return "missed"

    def _is_assessed(self, window: Window) -> bool:
        """Not after the duty has ended, nor where a consent was missing throughout the period."""
        if self.ended_on is not None and window.first > self.ended_on:
            return False
        return self.last_consent_day is not None and window.last >= self.last_consent_day

    @property
    def missed(self) -> list[Period]:
        """The closed, assessed periods that fell short."""
        return [period for period in self.periods if period.is_short]

    @property
    def window(self) -> Window | None:
        """The current period: before the first the first, after the end the last that was asked
        for.
        """
        if self.ended_on is None:
            asked_for = self.periods
        elif self.ended_on < self.first.first:
            return None
        else:
            asked_for = [period for period in self.periods if period.window.first <= self.ended_on]
        if not asked_for:
            return self.first
        return asked_for[-1].window

    @property
    def is_awaiting_consent(self) -> bool:
        return self.last_consent_day is None and self.ended_on is None

    def state_from_periods(self) -> DatedState:
        """The state before anything that closes the action or that it waits for."""
        current = None
        for current in self.iter_periods():
            if current.is_short:
                return DatedState(State.OVERDUE, anchor=current.window.last)
        if current is not None and current.state == "open":
            return DatedState(State.DUE, anchor=current.window.last)
        if current is not None or self.ended_on is not None:
            return DatedState(State.MET)
        return state_from_window(self.first, self.on, self.terms.lead_days)


def period_edges(
    versions: Sequence[TermsVersion[Terms]], events: Sequence[Event], days: set[date]
) -> Iterator[date]:
    """First days of all periods until nothing more can change by itself, and the lead before the
    first.
    """
    horizon = max(days | {event.last for event in events})
    for version in versions:
        deadline = version.terms.deadline
        if deadline.kind != "recurring":
            continue
        window = first_period(deadline, version.terms.adopted_on)
        yield shift(window.first, -version.terms.lead_days)
        yield window.first
        # One period past the horizon can be due, and missed when it closes.
        periods_past_horizon = 0
        while periods_past_horizon < 2:
            if window.first > horizon:
                periods_past_horizon += 1
            window = dates.next_period(window, deadline.every)
            yield window.first
