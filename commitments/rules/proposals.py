"""Decisions that one side alone can propose, and that count once the other sides have confirmed them.
No database, framework or clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from commitments.rules.events import Event, EventsOnDay

# What one side alone cannot do to what several have promised.
JOINT_KINDS = ("moved", "superseded", "not-pursued")


@dataclass(frozen=True)
class Proposal:
    """A decision, and the day from which it counts; None while a side has yet to confirm it."""

    event: Event
    in_force_from: date | None


def proposals(kind: str, events: EventsOnDay, parties: Sequence[str]) -> list[Proposal]:
    """The decisions of a kind in the order of moves. Each of the parties must agree; where there
    are none, a decision counts at once.
    """
    decisions = sorted(events.of_kind(kind), key=lambda event: event.recency)
    return [Proposal(event, day_in_force(event, events, parties)) for event in decisions]


def day_in_force(decision: Event, events: EventsOnDay, parties: Sequence[str]) -> date | None:
    """The day from which a decision counts: its own first day, or the day on which the last of the
    other parties confirmed it.
    """
    days = [decision.first]
    for side in parties:
        if side == decision.side:
            continue
        confirmed_on = day_confirmed(decision, side, events)
        if confirmed_on is None:
            return None
        days.append(confirmed_on)
    return max(days)


def day_confirmed(decision: Event, side: str, events: EventsOnDay) -> date | None:
    """The first day of the side's earliest confirmation; one after its own dispute does not count."""
    disputes = [
        one.number for one in events.naming("disputed", decision.number) if one.side == side
    ]
    days = [
        confirmation.first
        for confirmation in events.naming("confirmed", decision.number)
        if confirmation.side == side
        and not any(number < confirmation.number for number in disputes)
    ]
    return min(days, default=None)


def latest_in_force(kind: str, events: EventsOnDay, parties: Sequence[str]) -> Event | None:
    """The decision that holds: the latest in the order of moves, by its own dates."""
    in_force = [one.event for one in proposals(kind, events, parties) if one.in_force_from]
    return in_force[-1] if in_force else None


def first_day_in_force(kind: str, events: EventsOnDay, parties: Sequence[str]) -> date | None:
    """The day since which a decision of this kind has held."""
    days = [one.in_force_from for one in proposals(kind, events, parties)]
    return min((day for day in days if day is not None), default=None)


def proposed(kinds: Iterable[str], events: EventsOnDay, parties: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the proposals that are open, in the order of the register."""
    numbers: list[int] = []
    for kind in kinds:
        numbers += _open_proposals(proposals(kind, events, parties))
    return tuple(sorted(numbers))


def _open_proposals(in_order: Sequence[Proposal]) -> Iterator[int]:
    """The proposals that are not in force, and after which no decision is."""
    for proposal in reversed(in_order):
        if proposal.in_force_from is not None:
            return
        yield proposal.event.number
