"""What an action waits for before its deadline applies, and what gives it a new one: it is owed again
from a later day. No database, framework or clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from commitments.rules.dates import BEGINNING, Window
from commitments.rules.events import Event, EventsOnDay, Terms


@dataclass(frozen=True)
class Need:
    """A consent or event without which the deadline does not apply, and the first day of the
    earliest one that is recorded.
    """

    name: str
    on: date | None


def needed_events(terms: Terms, events: EventsOnDay) -> tuple[Need, ...]:
    return tuple(Need(words, events.first_day("event", words)) for words in terms.needs)


def needed_consents(terms: Terms, events: EventsOnDay) -> Iterator[Need]:
    for body in terms.consents:
        if not is_of_the_only_leading_side(body, terms):
            yield Need(body, events.first_day("consent", body))


def is_of_the_only_leading_side(body: str, terms: Terms) -> bool:
    """Whether the body is on the side on which all leads stand: a side cannot stop its own clock."""
    side = terms.body_sides.get(body, "")
    return bool(side) and {terms.body_sides.get(lead, "") for lead in terms.lead} == {side}


def last_needed_day(terms: Terms, events: EventsOnDay) -> date | None:
    """The day on which the last of what is needed was there; None while something is missing."""
    last = BEGINNING
    for need in [*needed_consents(terms, events), *needed_events(terms, events)]:
        if need.on is None:
            return None
        last = max(last, need.on)
    return last


def owed_again(
    window: Window | None, move: Event | None, days: Iterable[date | None]
) -> Window | None:
    """The window by which an obligation is judged that fell, or whose conditions came, on these days.

    The latest of them that lies after the last day takes its place, unless the deadline was moved on
    that day or after it.
    """
    if window is None:
        return None
    later = [day for day in days if day is not None and day > window.last]
    if not later:
        return window
    day = max(later)
    if move is not None and move.first >= day:
        return window
    return Window(day, day)
