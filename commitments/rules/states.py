"""The states of an action or instalment, their order, and what decides each. No database or clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from commitments.rules.dates import Window


class State(StrEnum):
    """The states of an action or instalment, in the order of precedence."""

    NOT_PURSUED = "not-pursued"
    MET = "met"
    MET_LATE = "met-late"
    MET_UNDATED = "met-undated"
    MET_SHORT = "met-short"
    SUPERSEDED = "superseded"
    LAPSED = "lapsed"
    AWAITING = "awaiting"
    NO_DATE = "no-date"
    OVERDUE = "overdue"
    DUE = "due"
    DUE_SOON = "due-soon"
    UPCOMING = "upcoming"


# What another action can wait for.
DONE = frozenset({State.MET, State.MET_LATE, State.MET_UNDATED})
SATISFIED = DONE | {State.MET_SHORT}
CLOSED = frozenset({State.SUPERSEDED, State.NOT_PURSUED, State.LAPSED})
SETTLED = SATISFIED | CLOSED
# A commitment takes the first of these that one of its scored actions has.
WORST_FIRST = (
    State.OVERDUE,
    State.DUE,
    State.DUE_SOON,
    State.AWAITING,
    State.UPCOMING,
    State.NO_DATE,
    State.MET_UNDATED,
    State.MET_SHORT,
    State.MET_LATE,
    State.MET,
)
# the order of lists: what is closed otherwise comes last
STATES_BY_URGENCY = (*WORST_FIRST, State.LAPSED, State.SUPERSEDED, State.NOT_PURSUED)


class Progress(StrEnum):
    """How far an action has come, whatever its date."""

    NONE = "none"
    UNDER_WAY = "under-way"
    DONE = "done"


def days_counted(state: str, anchor: date | None, late: int | None, on: date) -> int | None:
    """The days to, left, past or late by, as the state has it; never negative."""
    if state == State.MET_LATE:
        return late
    if anchor is None:
        return None
    return abs((on - anchor).days)


def days_passed(original_last: date | None, stop: date | None, on: date) -> int | None:
    """Days by which the original last day has passed, frozen at the satisfying day."""
    if original_last is None:
        return None
    until = on if stop is None else stop
    return max(0, (until - original_last).days)


@dataclass(frozen=True)
class DatedState:
    """A state, the day from which its days are counted, and the days that it was met late."""

    state: State
    anchor: date | None = None
    late: int | None = None


@dataclass(frozen=True, kw_only=True)
class StateInputs:
    """What decides the state of one obligation on a day.

    `met` says how it was satisfied, None while it is not; `by_calendar` what its window or its
    periods alone say, None without a date. `last_day` is the one that it is judged by, None where
    there is none, and `plan_last` the plan's.
    """

    on: date
    not_pursued: bool
    met: DatedState | None
    superseded: bool
    awaiting: bool
    by_calendar: DatedState | None
    scored: bool
    last_day: date | None = None
    plan_last: date | None = None
    counts_days_awaiting: bool = True


def determine_state(inputs: StateInputs) -> DatedState:
    """The first state that applies, in the order of precedence."""
    if inputs.not_pursued:
        return DatedState(State.NOT_PURSUED)
    if inputs.met is not None:
        return inputs.met
    if inputs.superseded:
        return DatedState(State.SUPERSEDED)
    if is_lapsed(inputs):
        return DatedState(State.LAPSED)
    if inputs.awaiting:
        return waiting_state(inputs)
    if has_no_date(inputs):
        return DatedState(State.NO_DATE)
    assert inputs.by_calendar is not None
    return inputs.by_calendar


def is_lapsed(inputs: StateInputs) -> bool:
    """Whether the plan is over. What fell due before that, and waits for nothing, survives it."""
    if inputs.plan_last is None or inputs.on <= inputs.plan_last:
        return False
    fell_due = inputs.last_day is not None and inputs.last_day <= inputs.plan_last
    return inputs.awaiting or not fell_due or not inputs.scored


def waiting_state(inputs: StateInputs) -> DatedState:
    """The state of what waits for a consent or an event; its days are those since its last day has
    passed.
    """
    last_day = inputs.last_day
    if inputs.counts_days_awaiting and last_day is not None and inputs.on > last_day:
        return DatedState(State.AWAITING, anchor=last_day)
    return DatedState(State.AWAITING)


def has_no_date(inputs: StateInputs) -> bool:
    """Whether no date is held against it: it has no deadline, or it is not scored. A period that is
    met stays met.
    """
    if inputs.by_calendar is None:
        return True
    return not inputs.scored and inputs.by_calendar.state is not State.MET


def worst_of_parts(parts: Sequence[DatedState]) -> DatedState:
    """How something was met whose parts were all met.

    It is met if each part was in time. If a part was certainly late, it is late by the longest
    lateness. Otherwise nobody can tell.
    """
    late = [part.late for part in parts if part.late is not None]
    if late:
        return DatedState(State.MET_LATE, late=max(late))
    if all(part.state is State.MET for part in parts):
        return DatedState(State.MET)
    return DatedState(State.MET_UNDATED)


def state_from_satisfaction(satisfied: Window, window: Window | None) -> DatedState:
    """How an obligation that was satisfied between two days has met its window."""
    if window is None or is_met(satisfied, window):
        return DatedState(State.MET)
    if is_met_late(satisfied, window):
        return DatedState(State.MET_LATE, late=(satisfied.first - window.last).days)
    assert is_met_undated(satisfied, window)
    return DatedState(State.MET_UNDATED)


def is_met(satisfied: Window, window: Window) -> bool:
    return satisfied.last <= window.last


def is_met_late(satisfied: Window, window: Window) -> bool:
    return satisfied.first > window.last


def is_met_undated(satisfied: Window, window: Window) -> bool:
    return satisfied.first <= window.last < satisfied.last


def state_from_window(window: Window, on: date, lead_days: int) -> DatedState:
    """What the calendar alone says of an obligation that is not satisfied."""
    if is_overdue(window, on):
        return DatedState(State.OVERDUE, anchor=window.last)
    if is_due(window, on):
        return DatedState(State.DUE, anchor=window.last)
    if is_due_soon(window, on, lead_days):
        return DatedState(State.DUE_SOON, anchor=window.first)
    assert is_upcoming(window, on, lead_days)
    return DatedState(State.UPCOMING, anchor=window.first)


def is_overdue(window: Window, on: date) -> bool:
    return on > window.last


def is_due(window: Window, on: date) -> bool:
    return window.first <= on <= window.last


def is_due_soon(window: Window, on: date, lead_days: int) -> bool:
    return 0 < (window.first - on).days <= lead_days


def is_upcoming(window: Window, on: date, lead_days: int) -> bool:
    return (window.first - on).days > lead_days
