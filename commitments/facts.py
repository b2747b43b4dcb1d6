"""Terms and entries as the rule sees them, and which entries count on a day. No database, framework or clock.

Days are civil days in the plan's zone. A lens says what is known on a day: THEN, what was recorded by that day; NOW,
all that is recorded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

from commitments.dates import BEGINNING

T = TypeVar("T")
MOVABLE = frozenset({"start", "finish", "immediate", "none"})
# What a side says about the action itself; the other kinds are about its terms, its conditions or another entry.
REPORTS = frozenset({"started", "progress", "completed", "delivered", "note"})


class Lens(StrEnum):
    THEN = "then"
    NOW = "now"


@dataclass(frozen=True)
class Deadline:
    """As signed; the fields beside kind belong to the kinds that need them (see docs/reference/plan-file.md)."""

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
class Version(Generic[T]):
    """Terms and the day from which they count."""

    since: date
    terms: T


@dataclass(frozen=True)
class Fact:
    """One entry of the register, as far as the rule needs it; `to` is the number of the entry that it names."""

    number: int
    kind: str
    first: date
    last: date
    recorded: date
    recorded_at: datetime | None = None
    side: str = ""
    words: str = ""
    when: str = ""
    quantity: int = 0
    to: int | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""

    @property
    def recency(self) -> tuple[date, tuple[date, bool, datetime], int]:
        """Latest effective, then latest recorded (a day without a time stands after its times), then in order."""
        at = self.recorded_at or datetime.min.replace(tzinfo=UTC)
        return self.first, (self.recorded, self.recorded_at is None, at), self.number


class Counting:
    """The entries that count on a day as known on another."""

    def __init__(self, facts: Iterable[Fact], on: date, known: date) -> None:
        told = [fact for fact in facts if fact.recorded <= known]
        void: set[int | None] = set()
        withdrawals = [fact for fact in told if fact.kind == "withdrawn"]
        for fact in sorted(withdrawals, key=lambda fact: -fact.number):  # a later one can void an earlier one
            if fact.number not in void:
                void.add(fact.to)
        self.on = on
        # a withdrawal works, and shows that somebody looked, by its recorded time alone
        self.facts = [
            fact for fact in told if fact.number not in void and (fact.first <= on or fact.kind == "withdrawn")
        ]

    def of(self, *kinds: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind in kinds]

    def latest(self, kind: str) -> Fact | None:
        return max(self.of(kind), key=lambda fact: fact.recency, default=None)

    def first_day(self, kind: str, words: str) -> date | None:
        return min((fact.first for fact in self.of(kind) if fact.words == words), default=None)

    @cached_property
    def reopened(self) -> date:
        """What could have happened by this day satisfies no longer."""
        return max((fact.first for fact in self.of("reopened")), default=BEGINNING)

    def names(self, kind: str) -> bool:
        """Whether an entry of this kind names an entry that counts."""
        numbers = {fact.number for fact in self.facts}
        return any(fact.to in numbers for fact in self.of(kind))

    def consented(self, consents: Sequence[str]) -> date | None:
        """The day on which the last of the consents was there; None while one is missing."""
        days = [self.first_day("consent", body) for body in consents]
        return None if None in days else max((day for day in days if day), default=BEGINNING)


def terms_on(versions: Sequence[Version[T]], on: date, known: date) -> T:
    """The latest loaded terms among those that count on the day; the first are known and effective always."""
    terms = versions[0].terms
    for version in versions[1:]:
        if version.since <= on and version.since <= known:
            terms = version.terms
    return terms
