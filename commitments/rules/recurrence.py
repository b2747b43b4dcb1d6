"""The rule for recurring actions: counted per calendar period, without back-fill."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from commitments.rules import dates
from commitments.rules.dates import Window, shift
from commitments.rules.events import Deadline, Event, EventsOnDay, Terms, TermsVersion
from commitments.rules.states import State, state_from_window

SHORT = ("partly", "missed")


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


def first_period(deadline: Deadline, adopted_on: date) -> Window:
    if deadline.first:
        return dates.period_containing(dates.parse(deadline.first).first, deadline.every)
    return dates.first_whole_period(adopted_on, deadline.every)


class Recurrence:
    """The periods of a recurring action, from its first to the one that holds the day."""

    def __init__(self, terms: Terms, counting: EventsOnDay) -> None:
        self.terms, self.counting, self.on = terms, counting, counting.on
        self.deadline = terms.deadline
        self.first = first_period(self.deadline, terms.adopted_on)
        self.consented = counting.consented(terms.consents)
        self.ended = min((event.first for event in counting.of_kinds("completed")), default=None)

    @cached_property
    def periods(self) -> list[Period]:
        return list(self._through())

    def _through(self) -> Iterator[Period]:
        every, target = self.deadline.every, self.deadline.quantity or 1
        delivered = self.counting.once(("delivered",), ("by period", every), self._delivered)
        window = self.first
        while window.first <= self.on:
            count = delivered[window.first]
            yield Period(window, every, self._state(window, count), count, target)
            window = dates.next_period(window, every)

    def _delivered(self) -> Counter[date]:
        """Quantities by the first day of the period that they lie wholly inside."""
        counts: Counter[date] = Counter()
        for event in self.counting.of_kinds("delivered"):
            period = dates.period_containing(event.first, self.deadline.every)
            if event.last <= period.last:
                counts[period.first] += event.quantity
        return counts

    def _state(self, window: Window, count: int) -> str:
        after_the_end = self.ended is not None and window.first > self.ended
        if after_the_end or self.consented is None or window.last < self.consented:
            return "not-assessed"
        if count >= (self.deadline.quantity or 1):
            return "met"
        if window.last >= self.on:
            return "open"
        return "partly" if count else "missed"

    @property
    def missed(self) -> list[Period]:
        """The closed, assessed periods that fell short."""
        return [period for period in self.periods if period.state in SHORT]

    @property
    def window(self) -> Window | None:
        """The current period; before the first the first, after the end the last that was asked
        for.
        """
        if self.ended is not None and self.ended < self.first.first:
            return None
        asked = [
            period.window
            for period in self.periods
            if self.ended is None or period.window.first <= self.ended
        ]
        return asked[-1] if asked else self.first

    def judge(self) -> tuple[State, date | None]:
        """State and the day its count starts from, before anything that closes the action or that
        it waits for.
        """
        current = None
        for current in self._through():
            if current.state in SHORT:
                return State.OVERDUE, current.window.last
        if current and current.state == "open":
            return State.DUE, current.window.last
        if current or self.ended is not None:
            return State.MET, None
        return state_from_window(self.first, self.on, self.terms.lead_days)


def period_edges(
    versions: Sequence[TermsVersion[Terms]], events: Sequence[Event], days: set[date]
) -> Iterator[date]:
    """First days of all periods until nothing more can change by itself, and the lead before the
    first.
    """
    horizon = max(days | {event.last for event in events})
    for version in versions:
        terms = version.terms
        if terms.deadline.kind != "recurring":
            continue
        window = first_period(terms.deadline, terms.adopted_on)
        yield from (shift(window.first, -terms.lead_days), window.first)
        # one period past the horizon can be due, and missed when it closes
        after = 2
        while after:
            after -= window.first > horizon
            window = dates.next_period(window, terms.deadline.every)
            yield window.first
