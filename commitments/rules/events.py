"""Terms and events as the rule sees them, and which events count on a day. No database, framework
or clock.

An event is one entry of the register, as far as the rule needs it. Days are civil days in the
plan's zone.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from commitments.rules.dates import BEGINNING, END
from commitments.rules.working_days import CountedDays

EARLIEST = datetime.min.replace(tzinfo=UTC)
MOVABLE = frozenset({"start", "finish", "immediate", "within", "none"})
# What a side says about the action itself. The other kinds are about its terms, its conditions or
# another entry.
REPORTS = frozenset({"started", "progress", "completed", "delivered", "reading", "note"})
# Reports that end a silence.
NEWS = (
    "started",
    "completed",
    "progress",
    "delivered",
    "reading",
    "reopened",
    "consent",
    "event",
)
# Those of them by which an action is under way.
WORK = ("started", "progress", "completed", "delivered", "reading")
# Of an action that each of several sides must do, these count for the side that reports them.
DONE_BY_A_SIDE = frozenset({"started", "completed", "delivered", "reading", "reopened"})


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
class Step:
    """A running total that must be reached by the last day of an EDTF date."""

    when: str
    quantity: int


@dataclass(frozen=True)
class Baseline:
    """What a level was when it was promised; it decides nothing."""

    value: int
    on: str  # EDTF


@dataclass(frozen=True)
class Deadline:
    """A deadline as signed. The fields beside `kind` belong to the kinds that need them (see
    docs/reference/plan-file.md).
    """

    kind: str = "none"  # start, finish, immediate, recurring, within, none
    when: str = ""  # EDTF
    words: str = ""
    every: str = ""  # month, quarter, year, week, half-year, plan-year, days
    every_days: int = 0  # with every = days
    first: str = ""  # EDTF, or a week such as 2014-W42
    last: str = ""  # the same
    quantity: int | None = None
    level: int | None = None
    at: str = "least"  # or most
    baseline: Baseline | None = None
    steps: tuple[Step, ...] = ()
    days: int | None = None
    months: int | None = None
    working_days: int | None = None
    of: str = ""  # words of an event
    of_ref: str = ""  # ref of an action, in the place of an event

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
    lead: tuple[str, ...] = ()  # codes of bodies
    body_sides: Mapping[str, str] = field(default_factory=dict)  # of those that lead or consent
    consents: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # words of events
    each: tuple[str, ...] = ()  # sides that must each do it
    until: tuple[str, ...] = ()  # refs of actions
    own_stale_days: int | None = None  # in the place of the plan's; 0 is never
    lead_days: int = 14
    grace_days: int = 0
    stale_days: int = 30
    year_basis: str = "calendar"
    plan_until: str = ""  # EDTF: its last day is the plan's last day; empty is without end
    countries: tuple[str, ...] = ()  # the plan's parties
    calendar: Mapping[str, str] = field(default_factory=dict)  # of their working days, by party
    counted_days: CountedDays = field(default_factory=CountedDays, compare=False, repr=False)
    withdrawn: str = ""

    @property
    def scored(self) -> bool:
        return self.modality in ("firm", "soft") and not self.third_party

    @property
    def leading_sides(self) -> tuple[str, ...]:
        """The plan's parties that lead, in their order."""
        leading = {self.body_sides.get(body, "") for body in self.lead}
        return tuple(side for side in self.countries if side in leading)

    @property
    def is_joint(self) -> bool:
        """Whether one side cannot alone move, drop or replace what was promised."""
        return len(self.leading_sides) > 1


class Event(NamedTuple):
    """One entry of the register. `to` is the number of the entry that it names; `quantity` is also
    the figure of a reading, and `when` the date of a move or of a new term.
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
    def recency(self) -> tuple[date, date, bool, datetime, int]:
        """Sorts by effective day, then by recording (a day without a time stands after its times),
        then by number.
        """
        time = self.recorded_at or EARLIEST
        return self.first, self.recorded, self.recorded_at is None, time, self.number

    @property
    def counts_from(self) -> date:
        """The day from which the event counts; a withdrawal works from its recorded day."""
        if self.kind == "withdrawn":
            return BEGINNING
        return self.first


def withdrawn_numbers(withdrawals: Sequence[Event]) -> set[int | None]:
    """The numbers of the entries that these withdraw; takes them in the register's order."""
    withdrawn: set[int | None] = set()
    # A withdrawal can be withdrawn by a later one, so the latest is looked at first.
    for withdrawal in reversed(withdrawals):
        if withdrawal.number not in withdrawn:
            withdrawn.add(withdrawal.to)
    return withdrawn


class EventIndex:
    """The events of one obligation, sorted once so that each of many days is quickly looked up.

    Takes the register's order; `in_order` and `by_kind` keep it.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.in_order = list(events)
        self.by_number: dict[int | None, Event] = {event.number: event for event in self.in_order}
        self.by_kind: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.in_order:
            self.by_kind[event.kind].append(event)
        self.by_recency = {
            kind: sorted(events, key=lambda event: event.recency)
            for kind, events in self.by_kind.items()
        }
        self._by_effect = sorted(self.in_order, key=lambda event: event.counts_from)
        self._days_of_effect = [event.counts_from for event in self._by_effect]

    def effective_on(self, on: date) -> list[Event]:
        """The events that have taken effect by this day, the latest last."""
        return self._by_effect[: bisect_right(self._days_of_effect, on)]

    def learns_later_of(self, day: date) -> bool:
        """Whether an event that was recorded after the day had taken effect by then."""
        return any(event.recorded > day for event in self.effective_on(day))


class EventsOnDay:
    """The events that count on one day as known on another.

    With a `side`, what is done by a side counts only where it is done by that one.
    """

    def __init__(self, index: EventIndex, on: date, known: date, side: str | None = None) -> None:
        self.index = index
        self.side = side
        self.effective = index.effective_on(on)
        self.on = on
        self.known = known
        withdrawals = index.by_kind.get("withdrawn", [])
        self.withdrawn = withdrawn_numbers(
            [withdrawal for withdrawal in withdrawals if withdrawal.recorded <= known]
        )

    def counts(self, event: Event) -> bool:
        """Whether it is known, has taken effect, is not withdrawn, and is of the side asked about."""
        return (
            event.recorded <= self.known
            and event.counts_from <= self.on
            and event.number not in self.withdrawn
            and (self.side is None or event.kind not in DONE_BY_A_SIDE or event.side == self.side)
        )

    def of_side(self, side: str) -> "EventsOnDay":
        return EventsOnDay(self.index, self.on, self.known, side)

    @property
    def events(self) -> list[Event]:
        """The events that count, in the order of the register."""
        return [event for event in self.index.in_order if self.counts(event)]

    def newest_first(self) -> Iterator[Event]:
        """The events by the day on which they took effect, one by one, so that whoever asks for few
        need not read all.
        """
        return filter(self.counts, reversed(self.effective))

    def of_kind(self, kind: str) -> list[Event]:
        return list(filter(self.counts, self.index.by_kind.get(kind, [])))

    def of_kinds(self, *kinds: str) -> list[Event]:
        # most actions have entries of few kinds
        recorded_kinds = [kind for kind in kinds if kind in self.index.by_kind]
        return [event for kind in recorded_kinds for event in self.of_kind(kind)]

    def latest(self, kind: str) -> Event | None:
        """The event with the highest `recency`."""
        newest_first = reversed(self.index.by_recency.get(kind, []))
        return next(filter(self.counts, newest_first), None)

    def first_day(self, kind: str, words: str) -> date | None:
        """The earliest first day of the events of this kind with these words."""
        days = [event.first for event in self.of_kind(kind) if event.words == words]
        return min(days, default=None)

    def naming(self, kind: str, number: int) -> list[Event]:
        """The events of this kind that name the entry of this number."""
        return [event for event in self.of_kind(kind) if event.to == number]

    def name_any(self, kind: str, events: Iterable[Event]) -> bool:
        """Whether an event of this kind names one of these."""
        numbers = {event.number for event in events}
        return any(event.to in numbers for event in self.of_kind(kind))


def is_never_reported(events: EventsOnDay) -> bool:
    return not events.of_kinds(*NEWS)


def is_confirmed(events: EventsOnDay, satisfying: Iterable[Event]) -> bool:
    """Whether one of the entries that satisfy now was confirmed."""
    return events.name_any("confirmed", satisfying)


def is_disputed(events: EventsOnDay, satisfying: Iterable[Event]) -> bool:
    return events.name_any("disputed", satisfying)
