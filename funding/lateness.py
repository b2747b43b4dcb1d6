"""Whether money is late: one answer for all instalments of a fund or a plan, from their states."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from commitments.rules.states import State
from funding.instalments import InstalmentOnDay


class Answer(StrEnum):
    """The first that applies, from the top."""

    OVERDUE = "overdue"
    PAID_LATE = "paid-late"
    PAID_IN_TIME = "paid-in-time"
    # a date has passed, and nothing is overdue for another reason than a payment in time
    NONE_OVERDUE = "none-overdue"
    NOT_DUE_YET = "not-due-yet"
    NOT_OWED_YET = "not-owed-yet"
    NO_DATE = "no-date"


@dataclass(frozen=True)
class Lateness:
    """The answer, and the number of instalments that it speaks of where these are counted."""

    answer: Answer
    count: int = 0

    @property
    def is_late(self) -> bool:
        return self.answer == Answer.OVERDUE


def lateness(instalments: Iterable[InstalmentOnDay], on: date) -> Lateness:
    instalments = list(instalments)
    states = [instalment.standing.state for instalment in instalments]
    if State.OVERDUE in states:
        return Lateness(Answer.OVERDUE, states.count(State.OVERDUE))
    if State.MET_LATE in states:
        return Lateness(Answer.PAID_LATE, states.count(State.MET_LATE))
    owed = [item for item in instalments if item.due and not item.is_waiting]
    passed = [item.standing.state for item in owed if item.due and item.due < on]
    if passed and set(passed) == {State.MET}:
        return Lateness(Answer.PAID_IN_TIME)
    if passed:
        return Lateness(Answer.NONE_OVERDUE)
    if owed:
        return Lateness(Answer.NOT_DUE_YET)
    if State.AWAITING in states:
        return Lateness(Answer.NOT_OWED_YET)
    return Lateness(Answer.NO_DATE)
