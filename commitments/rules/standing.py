"""What holds of an action or instalment on a day, and over which stretches of days: the part of the
rule that both share. No database, framework or clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from commitments.rules.dates import END, Window, shift
from commitments.rules.events import Perspective, TermsVersion
from commitments.rules.states import State

# What an instalment has of money: name of a sum, then its amounts by currency.
Figures = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


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
    scored: bool = True
    stale: bool = False
    never_reported: bool = False
    confirmed: bool = False
    disputed: bool = False
    sides_differ: bool = False
    confidence: str = ""
    delivered: int | None = None
    target: int | None = None
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


def standings(history: History, perspective: Perspective) -> list[Stretch]:
    """The stretches that cover all days on which the obligation is in the plan."""
    # a later file may have added the obligation to the plan
    added = history.versions[0].since
    days = {added} | {day for day in history.days_of_change() if added < day < END}
    return merge_equal_days(
        {day: history.judge(day, perspective.known_on(day)) for day in sorted(days)}
    )


def merge_equal_days(verdicts: Mapping[date, Verdict]) -> list[Stretch]:
    """Every day from the first to END in one stretch, given the verdicts of days in order."""
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
