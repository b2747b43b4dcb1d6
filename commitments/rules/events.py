"""Terms and entries as the rule sees them, and which entries count on a day. No database, framework
or clock.

Days are civil days in the plan's zone. A lens says what is known on a day: THEN, what was recorded
by that day; NOW, all that is recorded.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from commitments.rules.dates import BEGINNING, END

T = TypeVar("T")
EARLIEST = datetime.min.replace(tzinfo=UTC)
MOVABLE = frozenset({"start", "finish", "immediate", "none"})
# What a side says about the action itself; the other kinds are about its terms, its conditions or
# another entry.
REPORTS = frozenset({"started", "progress", "completed", "delivered", "note"})


class Perspective(StrEnum):
    AS_KNOWN_THEN = "then"
    AS_KNOWN_NOW = "now"


@dataclass(frozen=True)
class Deadline:
    """As signed; the fields beside kind belong to the kinds that need them (see
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
        return None if self.kind == "recurring" else self.quantity


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


class Event(NamedTuple):
    """One entry of the register, as far as the rule needs it; `to` is the number of the entry that
    it names.
    """

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
    def recency(self) -> tuple[date, tuple[date, bool, datetime], int]:
        """Latest effective, then latest recorded (a day without a time stands after its times),
        then in order.
        """
        at = self.recorded_at or EARLIEST
        return self.first, (self.recorded, self.recorded_at is None, at), self.number


number_of = attrgetter("number")


def withdrawn_numbers(told: Iterable[Event]) -> set[int | None]:
    """The numbers of the entries that others among these withdraw; a later one can void an earlier
    one.
    """
    void: set[int | None] = set()
    for event in sorted(
        (event for event in told if event.kind == "withdrawn"), key=lambda event: -event.number
    ):
        if event.number not in void:
            void.add(event.to)
    return void


class EventsOnDay:
    """The entries that count on a day as known on another."""

    def __init__(self, events: Iterable[Event], on: date, known: date) -> None:
        self.on = on
        self.kinds: dict[str, list[Event]] = {}
        self.sides: dict[str, set[str]] = {}
        self.numbers: set[int | None] = set()
        self.newest: date | None = None
        self._asked: dict[tuple[Any, ...], Any] = {}
        told = [event for event in events if event.recorded <= known]
        void = withdrawn_numbers(told)
        # a withdrawal works, and shows that somebody looked, by its recorded time alone
        self.join(
            event
            for event in told
            if event.number not in void and (event.first <= on or event.kind == "withdrawn")
        )

    def join(self, events: Iterable[Event]) -> None:
        """More that count; each kind stays in the order of the register."""
        for event in events:
            number, kind, recorded = event.number, event.kind, event.recorded
            if kind not in self.kinds:
                self.kinds[kind], self.sides[kind] = [], set()
            same = self.kinds[kind]
            if same and number < same[-1].number:
                insort(same, event, key=number_of)
            else:
                same.append(event)
            self.sides[kind].add(event.side)
            self.numbers.add(number)
            if self.newest is None or self.newest < recorded:
                self.newest = recorded

    def of_kinds(self, *kinds: str) -> list[Event]:
        if len(kinds) == 1:
            return self.kinds.get(kinds[0], [])
        return [event for kind in kinds for event in self.kinds.get(kind, ())]

    def once(self, kinds: tuple[str, ...], question: tuple[Any, ...], answer: Callable[[], T]) -> T:
        """What follows from the entries of these kinds, kept until one more of them joins."""
        key = (*question, *[len(self.kinds.get(kind, ())) for kind in kinds])
        if key not in self._asked:
            self._asked[key] = answer()
        found: T = self._asked[key]
        return found

    def latest(self, kind: str) -> Event | None:
        events = self.of_kinds(kind)
        return self.once(
            (kind,),
            ("latest", kind),
            lambda: max(events, key=lambda event: event.recency, default=None),
        )

    def first_day(self, kind: str, words: str) -> date | None:
        return min(
            (event.first for event in self.of_kinds(kind) if event.words == words), default=None
        )

    @property
    def reopened(self) -> date:
        """What could have happened by this day satisfies no longer."""
        return max((event.first for event in self.of_kinds("reopened")), default=BEGINNING)

    def names(self, kind: str) -> bool:
        """Whether an entry of this kind names an entry that counts."""
        return any(event.to in self.numbers for event in self.of_kinds(kind))

    def sides_of(self, kinds: Iterable[str]) -> set[str]:
        return {side for kind in kinds for side in self.sides.get(kind, ())} - {""}

    def consented(self, consents: Sequence[str]) -> date | None:
        """The day on which the last of the consents was there; None while one is missing."""
        if not consents:
            return BEGINNING
        days = [self.first_day("consent", body) for body in consents]
        return None if None in days else max(day for day in days if day)


def iter_days(
    events: Sequence[Event], days: Iterable[date], lens: Perspective
) -> Iterator[EventsOnDay]:
    """What counts on each of some days in order: one pass, in which entries join, until a
    withdrawal becomes known.
    """
    then = lens is Perspective.AS_KNOWN_THEN
    void: set[int | None] = set() if then else withdrawn_numbers(events)
    joins = _known_from if then else _counts_from
    # of the same day in the order of the register
    waiting = sorted(events, key=joins)
    since, joined = [joins(event) for event in waiting], 0
    counting = EventsOnDay([], BEGINNING, END)
    for day in days:
        until = bisect_right(since, day)
        joining, joined = waiting[joined:until], until
        if then and any(event.kind == "withdrawn" for event in joining):
            void = withdrawn_numbers(event for event in events if event.recorded <= day)
            counting = EventsOnDay(events, day, day)
        else:
            counting.join(
                sorted((event for event in joining if event.number not in void), key=number_of)
            )
        counting.on = day
        yield counting


def _counts_from(event: Event) -> date:
    """From which day on it counts unless it is withdrawn."""
    return BEGINNING if event.kind == "withdrawn" else event.first


def _known_from(event: Event) -> date:
    first, recorded = event.first, event.recorded
    return recorded if recorded > first or event.kind == "withdrawn" else first


def terms_on(versions: Sequence[TermsVersion[T]], on: date, known: date) -> T:
    """The latest loaded terms among those that count on the day; the first are known and effective
    always.
    """
    terms = versions[0].terms
    for version in versions[1:]:
        if version.since <= on and version.since <= known:
            terms = version.terms
    return terms
