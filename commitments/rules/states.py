"""The states of an action or instalment, their order, and where a day puts it. No database or
clock.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from commitments.rules.dates import Window


class State(StrEnum):
    """In the order of precedence for one action."""

    NOT_PURSUED = "not-pursued"
    MET = "met"
    MET_LATE = "met-late"
    MET_UNDATED = "met-undated"
    SUPERSEDED = "superseded"
    AWAITING = "awaiting"
    NO_DATE = "no-date"
    OVERDUE = "overdue"
    DUE = "due"
    DUE_SOON = "due-soon"
    UPCOMING = "upcoming"


SATISFIED = frozenset({State.MET, State.MET_LATE, State.MET_UNDATED})
SETTLED = SATISFIED | {State.SUPERSEDED, State.NOT_PURSUED}
# A commitment takes the first of these that one of its scored actions has.
WORST_FIRST = (
    *(State.OVERDUE, State.DUE, State.DUE_SOON, State.AWAITING, State.UPCOMING, State.NO_DATE),
    *(State.MET_UNDATED, State.MET_LATE, State.MET),
)


def days_counted(state: str, anchor: date | None, late: int | None, on: date) -> int | None:
    """Days to, left, past or late by, as the state has it; never negative."""
    if state == State.MET_LATE:
        return late
    return None if anchor is None else abs((on - anchor).days)


def days_passed(original_last: date | None, stop: date | None, on: date) -> int | None:
    """Days by which the original last day has passed, frozen at the satisfying day."""
    return None if original_last is None else max(0, (min(on, stop or on) - original_last).days)


@dataclass(frozen=True)
class StateInputs:
    """What bears on the state of one action or instalment on one day."""

    on: date
    window: Window | None
    done: Window | None
    closed: State | None
    awaiting: bool
    scored: bool
    lead_days: int


def determine_state(case: StateInputs) -> tuple[State, date | None, int | None]:
    """State, the day its count starts from, and days late."""
    if case.closed == State.NOT_PURSUED:
        return State.NOT_PURSUED, None, None
    if case.done:
        return _met(case.done, case.window)
    if case.closed:
        return case.closed, None, None
    if case.awaiting:
        return State.AWAITING, None, None
    if case.window is None or not case.scored:
        return State.NO_DATE, None, None
    return (*state_from_window(case.window, case.on, case.lead_days), None)


def _met(done: Window, window: Window | None) -> tuple[State, date | None, int | None]:
    if window is None or done.last <= window.last:
        return State.MET, None, None
    if done.first > window.last:
        return State.MET_LATE, None, (done.first - window.last).days
    return State.MET_UNDATED, None, None


def state_from_window(window: Window, on: date, lead_days: int) -> tuple[State, date]:
    if on > window.last:
        return State.OVERDUE, window.last
    if on >= window.first:
        return State.DUE, window.last
    soon = (window.first - on).days <= lead_days
    return State.DUE_SOON if soon else State.UPCOMING, window.first
