"""The term of a plan: the day after which what has not fallen due has lapsed. No database, framework
or clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from commitments.rules import dates
from commitments.rules.dates import shift
from commitments.rules.events import EventIndex, EventsOnDay
from commitments.rules.proposals import latest_in_force, proposed


@dataclass(frozen=True)
class TermOnDay:
    """The plan's last day as signed and as it holds, None without end, and the numbers of open
    proposals.
    """

    signed: date | None
    last_day: date | None
    proposed: tuple[int, ...]


def _no_events() -> EventIndex:
    return EventIndex([])


@dataclass(frozen=True)
class PlanTerm:
    """The entries of a plan that move its last day."""

    events: EventIndex = field(default_factory=_no_events)

    def until(self, signed: str, parties: Sequence[str], on: date, known: date) -> str:
        """The EDTF date that holds, given the signed one; empty is without end. All parties must
        agree to another one.
        """
        events = EventsOnDay(self.events, on, known)
        decision = latest_in_force("term", events, parties)
        if decision is None:
            return signed
        return decision.when

    def last_day(self, signed: str, parties: Sequence[str], on: date, known: date) -> date | None:
        """The plan's last day; None where it runs without end."""
        until = self.until(signed, parties, on, known)
        if not until:
            return None
        return dates.parse_deadline(until).last

    def on_day(self, signed: str, parties: Sequence[str], on: date, known: date) -> TermOnDay:
        """The term on a day, by what was known on another."""
        return TermOnDay(
            signed=dates.parse_deadline(signed).last if signed else None,
            last_day=self.last_day(signed, parties, on, known),
            proposed=self.proposed(parties, on, known),
        )

    def proposed(self, parties: Sequence[str], on: date, known: date) -> tuple[int, ...]:
        """The numbers of the proposals that are open."""
        return proposed(["term"], EventsOnDay(self.events, on, known), parties)

    def days_of_change(self) -> set[date]:
        """The days on which a decision counts or is known, and those after a last day."""
        days: set[date] = set()
        for event in self.events.in_order:
            days |= {event.first, event.recorded}
            if event.when:
                days.add(shift(dates.parse_deadline(event.when).last, 1))
        return days
