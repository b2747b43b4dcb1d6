"""What holds of an action or instalment on a day, and over which stretches of days: the part of the
rule that both share. No database, framework or clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from commitments.rules.dates import END, Window, shift
from commitments.rules.events import Baseline, Perspective
from commitments.rules.states import Progress, State
from commitments.rules.terms import TermsVersion
from commitments.rules.waiting import Need

# What an instalment has of money: name of a sum, then its amounts by currency.
Figures = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class SidePart:
    """What one side has done of what each of several must do."""

    side: str
    state: State
    anchor: date | None
    late: int | None
    progress: Progress | None
    delivered: int | None
    reading: int | None


@dataclass(frozen=True)
class StepPart:
    """One step of a promise, judged as if it stood alone."""

    when: str
    quantity: int
    state: State
    anchor: date | None
    late: int | None


class Verdict(NamedTuple):
    """What holds on a day, free of the day itself: `anchor` is the day that the count of days
    starts from.
    """

    state: State
    anchor: date | None = None
    late: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    original_last: date | None = None
    original_stop: date | None = None
    slipped: bool = False
    moved: bool = False
    modality: str = ""
    words: str = ""
    every: str = ""  # of a recurring action
    fell_short: bool = False  # a period of it
    scored: bool = True
    stale: bool = False
    never_reported: bool = False
    confirmed: bool = False
    disputed: bool = False
    sides_differ: bool = False
    confidence: str = ""
    delivered: int | None = None
    target: int | None = None
    reading: int | None = None
    level: int | None = None
    baseline: Baseline | None = None
    progress: Progress | None = None
    proposed: tuple[int, ...] = ()  # numbers of entries
    needs: tuple[Need, ...] = ()
    each: tuple[SidePart, ...] = ()
    steps: tuple[StepPart, ...] = ()
    figures: Figures = ()


@dataclass(frozen=True)
class Stretch:
    """The days from `start` (inclusive) to `end` (exclusive) on which one verdict holds.

    The other days are those since when it has this state, has been stale, and has slipped, that is,
    its original date has passed.
    """

    start: date
    end: date
    verdict: Verdict
    since: date
    stale_since: date | None
    slipped_since: date | None


class History(Protocol):
    """The terms and events of one action or instalment, ready to be judged."""

    @property
    def versions(self) -> Sequence[TermsVersion[Any]]: ...

    def judge(self, on: date, known: date) -> Verdict: ...

    def days_of_change(self) -> set[date]:
        """All days on which the verdict can differ from that of the day before."""
        ...

    def learns_later_of(self, day: date) -> bool:
        """Whether something that was recorded after the day bears on it."""
        ...


def standings(history: History) -> dict[Perspective, list[Stretch]]:
    """The stretches that cover all days on which the obligation is in the plan."""
    # a later file may have added the obligation to the plan, and that may have been known later
    first = history.versions[0]
    changes = {first.since, first.known, *history.days_of_change()}
    days = sorted(day for day in changes if first.since <= day < END)
    as_known_then = {day: history.judge(day, day) for day in days if day >= first.known}
    as_known_now = {
        day: history.judge(day, END) if history.learns_later_of(day) else as_known_then[day]
        for day in days
    }
    return {
        Perspective.AS_KNOWN_THEN: merge_equal_days(as_known_then),
        Perspective.AS_KNOWN_NOW: merge_equal_days(as_known_now),
    }


def merge_equal_days(verdicts: Mapping[date, Verdict]) -> list[Stretch]:
    """The stretches from the first day to END on which the verdict is the same, given the verdicts
    of days in order.
    """
    starts: list[date] = []
    for day, verdict in verdicts.items():
        if not starts or verdicts[starts[-1]] != verdict:
            starts.append(day)
    stretches: list[Stretch] = []
    previous = None
    for start, end in pairwise([*starts, END]):
        previous = _following_stretch(previous, start, end, verdicts[start])
        stretches.append(previous)
    return stretches


def _following_stretch(
    previous: Stretch | None, start: date, end: date, verdict: Verdict
) -> Stretch:
    since = stale_since = slipped_since = start
    if previous is not None:
        if previous.verdict.state == verdict.state:
            since = previous.since
        stale_since = previous.stale_since or start
        slipped_since = previous.slipped_since or start
    return Stretch(
        start,
        end,
        verdict,
        since,
        stale_since=stale_since if verdict.stale else None,
        slipped_since=slipped_since if verdict.slipped else None,
    )


def window_edges(windows: Iterable[Window], lead_days: int) -> Iterator[date]:
    """The days on which the state can change because of a window."""
    for window in windows:
        yield shift(window.first, -lead_days)
        yield window.first
        yield shift(window.last, 1)
