"""The rule: what one action's terms and entries mean on one day, and over which stretches of days
that holds.

Plain Python without database, framework or clock.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from commitments.rules import dates
from commitments.rules.dates import BEGINNING, END, Window, shift
from commitments.rules.events import (
    REPORTS,
    Deadline,
    Event,
    EventsOnDay,
    Perspective,
    Terms,
    TermsVersion,
    iter_days,
    terms_on,
)
from commitments.rules.recurrence import Recurrence, period_edges
from commitments.rules.states import SATISFIED, SETTLED, State, StateInputs, determine_state


@dataclass(frozen=True)
class Verdict:
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
    figures: tuple[
        tuple[str, tuple[tuple[str, str], ...]], ...
    ] = ()  # amounts by currency, of instalments


@dataclass(frozen=True)
class Stretch:
    """The days from `start` (inclusive) to `end` (exclusive) on which one verdict holds.

    The others are first days: of the run with this state, of being stale, of the original date
    having passed.
    """

    start: date
    end: date
    verdict: Verdict
    since: date
    stale_since: date | None
    slipped_since: date | None


@dataclass(frozen=True)
class Kept:
    """A known stretch that holds the day before `until`, where nothing earlier can have changed; it
    may end later.
    """

    start: date
    until: date
    since: date
    stale_since: date | None
    slipped_since: date | None


def signed_window(terms: Terms, counting: EventsOnDay) -> Window | None:
    """The window of a deadline as signed; None where there is none, or none yet."""
    deadline = terms.deadline
    if deadline.kind in ("start", "finish"):
        return dates.parse_deadline(deadline.when)
    if deadline.kind == "immediate":
        return Window(terms.adopted_on, shift(terms.adopted_on, terms.grace_days))
    if deadline.kind == "within":
        event = counting.first_day("event", deadline.of)
        return Window(event, _after(event, deadline, terms.countries)) if event else None
    return None


def _after(event: date, deadline: Deadline, countries: tuple[str, ...]) -> date:
    if deadline.months is not None:
        return dates.add_months(event, deadline.months)
    if deadline.working_days is not None:
        return dates.add_working_days(event, deadline.working_days, countries)
    return shift(event, deadline.days or 0)


def satisfying(kind: str, counting: EventsOnDay) -> list[Event]:
    kinds = ("started", "completed") if kind in ("start", "immediate") else ("completed",)
    return [event for event in counting.of_kinds(*kinds) if event.first > counting.reopened]


# all that can satisfy an action, or undo it
ENDS = ("started", "completed", "delivered", "reopened")


def satisfied(deadline: Deadline, counting: EventsOnDay) -> Window | None:
    """Between which days the action was satisfied; None while it is not."""
    return counting.once(
        ENDS, ("satisfied", deadline.kind, deadline.target), lambda: _satisfied(deadline, counting)
    )


def _satisfied(deadline: Deadline, counting: EventsOnDay) -> Window | None:
    if deadline.target is not None:
        return _reached(deadline.target, counting.of_kinds("delivered"))
    events = satisfying(deadline.kind, counting)
    if not events:
        return None
    return Window(min(event.first for event in events), min(event.last for event in events))


def _reached(target: int, deliveries: list[Event]) -> Window | None:
    def day(day_of: Callable[[Event], date]) -> date | None:
        total = 0
        for event in sorted(deliveries, key=day_of):
            total += event.quantity
            if total >= target:
                return day_of(event)
        return None

    first, last = day(lambda event: event.first), day(lambda event: event.last)
    return Window(first, last) if first and last else None


def closed(counting: EventsOnDay, *, withdrawn: str = "", superseded: bool = False) -> State | None:
    if withdrawn or counting.of_kinds("not-pursued"):
        return State.NOT_PURSUED
    return State.SUPERSEDED if superseded or counting.of_kinds("superseded") else None


def is_stale(terms: Terms, state: State, counting: EventsOnDay) -> bool:
    latest = counting.newest or terms.adopted_on
    return terms.scored and state not in SETTLED and (counting.on - latest).days >= terms.stale_days


def sides_differ(deadline: Deadline, counting: EventsOnDay) -> bool:
    if deadline.quantity is not None:
        return False
    satisfied_by = {event.side for event in satisfying(deadline.kind, counting)} - {""}
    return bool(satisfied_by and counting.sides_of(REPORTS) - satisfied_by)


@dataclass(frozen=True)
class History:
    """One action's terms and events, and the histories of the actions that would supersede it.

    Whether an action is satisfied does not depend on what supersedes it, so the histories of the
    superseding actions need no superseding actions of their own.
    """

    versions: Sequence[TermsVersion[Terms]]
    events: Sequence[Event]
    superseders: Mapping[str, "History"]

    def judge(self, on: date, known: date) -> Verdict:
        return self._judge(EventsOnDay(self.events, on, known), known)

    def _judge(self, counting: EventsOnDay, known: date) -> Verdict:
        terms = terms_on(self.versions, counting.on, known)
        superseded = bool(terms.until) and all(
            self._is_satisfied(ref, counting.on, known) for ref in terms.until
        )
        recurring = terms.deadline.kind == "recurring"
        judge = _judge_recurring if recurring else _judge_single
        return judge(
            terms, counting, closed(counting, withdrawn=terms.withdrawn, superseded=superseded)
        )

    def _is_satisfied(self, ref: str, on: date, known: date) -> bool:
        superseder = self.superseders.get(ref)
        return superseder is not None and superseder.judge(on, known).state in SATISFIED

    def standings(self, lens: Perspective, kept: Kept | None = None) -> list[Stretch]:
        """The stretches on all days, or from the one on that is `kept`."""
        days = resumed(days_since_added(self.versions, self.days), kept)
        passing = iter_days(self.events, days, lens)
        return merge_equal_days(
            (
                (
                    counting.on,
                    self._judge(
                        counting, counting.on if lens is Perspective.AS_KNOWN_THEN else END
                    ),
                )
                for counting in passing
            ),
            kept,
        )

    @cached_property
    def days(self) -> set[date]:
        """The days on which a verdict can change: recorded and effective ones, edges, the lead
        before.
        """
        days = {BEGINNING}.union(*(history.days for history in self.superseders.values()))
        for event in self.events:
            days |= {event.first, event.recorded}
        for version in self.versions:
            terms = version.terms
            days |= {version.since, shift(terms.adopted_on, terms.stale_days)}
            days |= set(self._stale_edges(terms.stale_days))
            days |= set(window_edges(self._windows(terms), terms.lead_days))
        return days | set(period_edges(self.versions, self.events, days))

    def _stale_edges(self, stale_days: int) -> Iterator[date]:
        """The days on which news can have grown old: where none, that counts for good, came before
        they did.
        """
        withdrawn = {event.to for event in self.events if event.kind == "withdrawn"}
        news = sorted(
            f.recorded for f in self.events if f.number not in withdrawn and f.first <= f.recorded
        )
        for recorded in {event.recorded for event in self.events}:
            edge = shift(recorded, stale_days)
            if bisect_right(news, recorded) == bisect_right(news, edge):
                yield edge

    def _windows(self, terms: Terms) -> Iterator[Window]:
        """Every window that the terms can come to have."""
        events = [event for event in self.events if event.kind == "event"]
        for known in [[event] for event in events] or [[]]:
            window = signed_window(terms, EventsOnDay(known, END, END))
            if window:
                yield window
        yield from (
            dates.parse_deadline(event.when) for event in self.events if event.kind == "moved"
        )


def days_since_added(versions: Sequence[TermsVersion[Any]], days: set[date]) -> set[date]:
    """The days without those before a later file added the obligation to the plan."""
    first = versions[0].since
    return {first} | {day for day in days if day > first}


def window_edges(windows: Iterable[Window], lead_days: int) -> Iterator[date]:
    for window in windows:
        yield from (shift(window.first, -lead_days), window.first, shift(window.last, 1))


def _judge_single(terms: Terms, counting: EventsOnDay, closed: State | None) -> Verdict:
    deadline, on = terms.deadline, counting.on
    signed, moved = signed_window(terms, counting), counting.latest("moved")
    window = dates.parse_deadline(moved.when) if moved else signed
    done = satisfied(deadline, counting)
    waiting = counting.consented(terms.consents) is None or (
        deadline.kind == "within" and signed is None
    )
    state, anchor, late = determine_state(
        StateInputs(on, window, done, closed, waiting, terms.scored, terms.lead_days)
    )
    deliveries = counting.of_kinds("delivered") if deadline.target else []
    return Verdict(
        state,
        anchor,
        late,
        first_day=window.first if window else None,
        last_day=window.last if window else None,
        original_last=signed.last if signed else None,
        original_stop=done.first if done else None,
        slipped=signed is not None and state not in SETTLED and on > signed.last,
        moved=moved is not None,
        delivered=sum(event.quantity for event in deliveries) if deadline.target else None,
        target=deadline.target,
        **_apart_from_state(terms, counting, state),
    )


def _judge_recurring(terms: Terms, counting: EventsOnDay, closed: State | None) -> Verdict:
    recurrence = Recurrence(terms, counting)
    state, anchor = recurrence.judge()
    waiting = recurrence.consented is None and recurrence.ended is None
    if closed == State.NOT_PURSUED:
        state, anchor = closed, None
    elif waiting or state != State.MET:
        if closed:
            state, anchor = closed, None
        elif waiting:
            state, anchor = State.AWAITING, None
        elif not terms.scored:
            state, anchor = State.NO_DATE, None
    return Verdict(state, anchor, **_apart_from_state(terms, counting, state))


def _apart_from_state(terms: Terms, counting: EventsOnDay, state: State) -> dict[str, Any]:
    confidence = counting.latest("confidence")
    return {
        "modality": terms.modality,
        "words": terms.deadline.words,
        "every": terms.deadline.every,
        "scored": terms.scored,
        "stale": is_stale(terms, state, counting),
        "never_reported": not counting.numbers,
        "confirmed": counting.names("confirmed"),
        "disputed": counting.names("disputed"),
        "sides_differ": sides_differ(terms.deadline, counting),
        "confidence": confidence.words if confidence else "",
    }


def resumed(days: set[date], kept: Kept | None) -> list[date]:
    """The days to judge, in order: all of them, or those from which on something can have changed."""
    return (
        sorted(days)
        if kept is None
        else [kept.start, *sorted(day for day in days if day >= kept.until)]
    )


def merge_equal_days(
    judged: Iterable[tuple[date, Verdict]], kept: Kept | None = None
) -> list[Stretch]:
    """Equal neighbours joined: every day from the first to END is covered once."""
    found: list[tuple[date, Verdict]] = []
    for day, verdict in judged:
        if not found or found[-1][1] != verdict:
            found.append((day, verdict))
    joined: list[Stretch] = []
    for (day, verdict), end in zip(found, [day for day, _ in found[1:]] + [END], strict=True):
        if day < end:
            joined.append(_continue(joined[-1] if joined else None, day, end, verdict, kept))
    return joined


def _continue(
    before: Stretch | None, day: date, end: date, verdict: Verdict, kept: Kept | None
) -> Stretch:
    if before is None and kept:
        return Stretch(day, end, verdict, kept.since, kept.stale_since, kept.slipped_since)
    since = before.since if before and before.verdict.state == verdict.state else day
    stale = (before and before.stale_since) or day if verdict.stale else None
    slipped = (before and before.slipped_since) or day if verdict.slipped else None
    return Stretch(day, end, verdict, since, stale, slipped)
