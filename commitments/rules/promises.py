"""The kinds of promise: what satisfies each of them, and when it fell again. No database, framework or
clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commitments.rules.dates import Window
from commitments.rules.events import Deadline, Event, EventsOnDay


@dataclass(frozen=True)
class Fulfilment:
    """Between which days a promise was satisfied, None while it is not; the entries that satisfy
    it; and the day on which it was last undone.
    """

    satisfied: Window | None
    satisfying: Sequence[Event]
    fell_on: date | None = None
    delivered: int | None = None
    reading: int | None = None


def fulfilment(deadline: Deadline, events: EventsOnDay) -> Fulfilment:
    """How a deadline without parts is fulfilled."""
    if deadline.level is not None:
        return fulfil_level(deadline, events)
    if deadline.target is not None:
        return fulfil_quantity(deadline.target, events)
    return fulfil_deed(deadline.kind, events)


def fulfil_deed(kind: str, events: EventsOnDay) -> Fulfilment:
    """How a promise is fulfilled that something is begun or completed."""
    reports = events.of_kind("completed")
    if kind in ("start", "immediate"):
        reports = reports + events.of_kind("started")
    reopenings = events.of_kind("reopened")
    standing = [report for report in reports if not is_undone(report, reopenings)]
    return Fulfilment(earliest(standing), standing, fell_on=day_of_fall(reports, reopenings))


def earliest(events: Sequence[Event]) -> Window | None:
    """The window from the earliest first day to the earliest last day."""
    if not events:
        return None
    return Window(min(event.first for event in events), min(event.last for event in events))


def undoes(reopening: Event, report: Event) -> bool:
    """Whether a reopening undoes what satisfied the action; an imprecise one also undoes what the
    register had before it.
    """
    if report.first <= reopening.first:
        return True
    return report.number < reopening.number and report.first <= reopening.last


def is_undone(report: Event, reopenings: Iterable[Event]) -> bool:
    return any(undoes(reopening, report) for reopening in reopenings)


def day_of_fall(reports: Sequence[Event], reopenings: Sequence[Event]) -> date | None:
    """The day on which the latest reopening undid something that none before it had undone."""
    for reopening in sorted(reopenings, key=lambda event: event.recency, reverse=True):
        before = [one for one in reopenings if one.first < reopening.first]
        undone = [
            report.first
            for report in reports
            if undoes(reopening, report) and not is_undone(report, before)
        ]
        if undone:
            return max(reopening.first, min(undone))
    return None


def fulfil_quantity(target: int, events: EventsOnDay) -> Fulfilment:
    """How a number is reached to which the deliveries of all sides add up."""
    deliveries = events.of_kind("delivered")
    satisfied = None
    first = day_reached(target, [(event.first, event.quantity) for event in deliveries])
    last = day_reached(target, [(event.last, event.quantity) for event in deliveries])
    if first is not None and last is not None:
        satisfied = Window(first, last)
    delivered = sum(event.quantity for event in deliveries)
    return Fulfilment(satisfied, deliveries, delivered=delivered)


def day_reached(
    target: Decimal | int, changes: Iterable[tuple[date, Decimal | int]]
) -> date | None:
    """The day from which the running total is at least the target and stays so."""
    by_day: defaultdict[date, Decimal | int] = defaultdict(int)
    for day, amount in changes:
        by_day[day] += amount
    total: Decimal | int = 0
    since = None
    for day in sorted(by_day):
        total += by_day[day]
        if total < target:
            since = None
        elif since is None:
            since = day
    return since


def fulfil_level(deadline: Deadline, events: EventsOnDay) -> Fulfilment:
    """How a level is reached by readings: by the first of the unbroken run that reaches it until
    now.
    """
    readings = sorted(
        events.of_kind("reading"), key=lambda reading: (reading.first, reading.number)
    )
    run: list[Event] = []
    fell_on = None
    for reading in readings:
        if reaches(reading.quantity, deadline):
            run.append(reading)
        elif run:
            fell_on = reading.first
            run = []
    return Fulfilment(
        satisfied=earliest(run[:1]),
        satisfying=run,
        fell_on=fell_on,
        reading=readings[-1].quantity if readings else None,
    )


def reaches(figure: int, deadline: Deadline) -> bool:
    """Whether a reading is at least, or at most, the level that was promised."""
    assert deadline.level is not None
    if deadline.at == "most":
        return figure <= deadline.level
    return figure >= deadline.level
