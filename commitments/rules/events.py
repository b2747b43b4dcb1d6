"""Terms and events as the rule sees them, and which events count on a day. No database, framework
or clock.

An event is one entry of the register, as far as the rule needs it. Days are civil days in the
plan's zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from commitments.rules.dates import BEGINNING, END

T = TypeVar("T")
EARLIEST = datetime.min.replace(tzinfo=UTC)
MOVABLE = frozenset({"start", "finish", "immediate", "none"})
# What a side says about the action itself. The other kinds are about its terms, its conditions or
# another entry.
REPORTS = frozenset({"started", "progress", "completed", "delivered", "note"})


class Perspective(StrEnum):
    """What is known on a day: what was recorded by that day, or all that is recorded now."""

    AS_KNOWN_THEN = "then"
    AS_KNOWN_NOW = "now"

    def known_on(self, day: date) -> date:
        """The last day whose entries are known."""
        if self is Perspective.AS_KNOWN_THEN:
            return day
        return END


@dataclass(frozen=True)
class Deadline:
    """As signed. The fields beside kind belong to the kinds that need them (see
    docs/reference/plan-file.md).
    """

    kind: str = "none"  # start, finish, immediate, recurring, within, none
    when: str = ""  # EDTF
    words: str = ""
    every: str = ""  # month, quarter, year
    first: str = ""  # EDTF
    quantity: int | None = None
    days: int | None = None
    months: int | None = None
    working_days: int | None = None
    of: str = ""

    @property
    def target(self) -> int | None:
        """The quantity that satisfies the action as a whole."""
        if self.kind == "recurring":
            return None
        return self.quantity


@dataclass(frozen=True)
class Terms:
    """What was promised, with the plan's settings that bear on it."""

    adopted_on: date
    deadline: Deadline = Deadline()
    modality: str = "firm"
    third_party: bool = False
    consents: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    lead_days: int = 14
    grace_days: int = 0
    stale_days: int = 30
    countries: tuple[str, ...] = ()
    withdrawn: str = ""

    @property
    def scored(self) -> bool:
        return self.modality in ("firm", "soft") and not self.third_party


@dataclass(frozen=True)
class TermsVersion(Generic[T]):
    """Terms and the day from which they count."""

    since: date
    terms: T


def terms_on(versions: Sequence[TermsVersion[T]], on: date, known: date) -> T:
    """The latest loaded terms among those that count on the day. The first version is known and
    effective always.
    """
    terms = versions[0].terms
    for version in versions[1:]:
        if version.since <= on and version.since <= known:
            terms = version.terms
    return terms


class Event(NamedTuple):
    """One entry of the register. `to` is the number of the entry that it names."""

    kind: str
    number: int
    first: date
    last: date
    recorded: date
    recorded_at: datetime | None = None
    side: str = ""
    words: str = ""
    when: str = ""
    currency: str = ""
    quantity: int = 0
    amount: Decimal = Decimal(0)
    to: int | None = None

    @property
    def recency(self) -> tuple[date, date, bool, datetime, int]:
        """Sorts by effective day, then by recording (a day without a time stands after its times),
        then by number.
        """
        time = self.recorded_at or EARLIEST
        return self.first, self.recorded, self.recorded_at is None, time, self.number


def withdrawn_numbers(events: Iterable[Event]) -> set[int | None]:
    """The numbers of the entries that others among these withdraw."""
    withdrawals = [event for event in events if event.kind == "withdrawn"]
    withdrawn: set[int | None] = set()
    # A withdrawal can be withdrawn by a later one, so the latest is looked at first.
    for withdrawal in reversed(withdrawals):
        if withdrawal.number not in withdrawn:
            withdrawn.add(withdrawal.to)
    return withdrawn


class EventsOnDay:
    """The events that count on one day as known on another; takes and keeps the register's order."""

    def __init__(self, events: Iterable[Event], on: date, known: date) -> None:
        self.on = on
        recorded = [event for event in events if event.recorded <= known]
        withdrawn = withdrawn_numbers(recorded)
        # A withdrawal works by its recorded day alone.
        self.events = [
            event
            for event in recorded
            if (event.first <= on or event.kind == "withdrawn") and event.number not in withdrawn
        ]
        self._by_kind: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            self._by_kind[event.kind].append(event)

    def of_kind(self, kind: str) -> list[Event]:
        return self._by_kind.get(kind, [])

    def of_kinds(self, *kinds: str) -> list[Event]:
        return [event for kind in kinds for event in self.of_kind(kind)]

    def latest(self, kind: str) -> Event | None:
        """The one with the highest `recency`; only those of the latest day are compared."""
        events = self.of_kind(kind)
        latest_day = max((event.first for event in events), default=BEGINNING)
        of_latest_day = [event for event in events if event.first == latest_day]
        return max(of_latest_day, key=lambda event: event.recency, default=None)

    def first_day(self, kind: str, words: str) -> date | None:
        """The earliest first day of the events of this kind with these words."""
        days = [event.first for event in self.of_kind(kind) if event.words == words]
        return min(days, default=None)

    def name_counting_event(self, kind: str) -> bool:
        """Whether an event of this kind names an entry that counts."""
        events = self.of_kind(kind)
        if not events:
            return False
        counting = {event.number for event in self.events}
        return any(event.to in counting for event in events)

    def last_consent_day(self, consents: Sequence[str]) -> date | None:
        """The day on which the last of the consents was given; None while one is missing."""
        last = BEGINNING
        for body in consents:
            given = self.first_day("consent", body)
            if given is None:
                return None
            last = max(last, given)
        return last


def is_never_reported(events: EventsOnDay) -> bool:
    return not events.events


def is_confirmed(events: EventsOnDay) -> bool:
    return events.name_counting_event("confirmed")


def is_disputed(events: EventsOnDay) -> bool:
    return events.name_counting_event("disputed")


def is_not_pursued(withdrawn: str, events: EventsOnDay) -> bool:
    """By an entry, or because the plan file has withdrawn the obligation."""
    return bool(withdrawn) or bool(events.of_kind("not-pursued"))
