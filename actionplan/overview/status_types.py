"""What the status as JSON consists of; the schema is made from these types (actionplan/schemas)."""

from typing import Annotated, TypedDict

from actionplan.jobs.ledger import JobSuccess
from actionplan.schemas.json_types import Day
from commitments.files.plan_schema import MODALITIES
from commitments.pages.labels import PERIODS
from commitments.register.entry_types import CONFIDENCE_COLOURS
from commitments.rules.states import Progress, State
from funding.plan_schema import FIRMNESS

# what stands behind a type in brackets are the texts that it can be
StateCode = Annotated[str, State]
ProgressCode = Annotated[str, Progress]
Amounts = dict[str, str]


class CommitmentState(TypedDict):
    state: StateCode | None
    counts: dict[str, int]


class CommitmentStatus(CommitmentState):
    number: int | str


class BaselineFigure(TypedDict):
    value: int
    on: str


class NeedStatus(TypedDict):
    name: str
    on: Day | None


class SideStatus(TypedDict):
    side: str
    state: StateCode
    days: int | None
    progress: ProgressCode | None
    delivered: int | None
    reading: int | None


class StepStatus(TypedDict):
    when: str
    quantity: int
    state: StateCode
    days: int | None


class PeriodStatus(TypedDict):
    period: str
    state: Annotated[str, PERIODS]
    delivered: int
    target: int


class ActionState(TypedDict):
    scored: bool
    modality: Annotated[str, MODALITIES]
    state: StateCode
    days: int | None
    first_day: Day | None
    last_day: Day | None
    original_last_day: Day | None
    original_days: int | None
    words: str | None
    stale: bool
    confirmed: bool
    disputed: bool
    sides_differ: bool
    never_reported: bool
    confidence: Annotated[str, CONFIDENCE_COLOURS] | None
    delivered: int | None
    target: int | None
    reading: int | None
    level: int | None
    baseline: BaselineFigure | None
    progress: ProgressCode | None
    proposed: list[str]
    needs: list[NeedStatus]
    each: list[SideStatus] | None
    steps: list[StepStatus] | None
    periods: list[PeriodStatus]
    periods_closed: int | None
    periods_short: int | None


# functional, since `from` is a word of Python
QuestionStatus = TypedDict(
    "QuestionStatus",
    {"entry": int, "from": str, "to": str, "since": Day, "due": str | None},
)


class ActionStatus(ActionState):
    ref: str
    commitment: int | str
    questions: list[QuestionStatus]


InstalmentStatus = TypedDict(
    "InstalmentStatus",
    {
        "ref": str,
        "from": str,
        "instalment": int,
        "state": StateCode,
        "days": int | None,
        "last_day": Day | None,
        "original_last_day": Day | None,
        "firmness": Annotated[str, FIRMNESS],
        "stated": Amounts,
        "paid": Amounts,
        "outstanding": Amounts,
    },
)


class PlanStatus(TypedDict):
    plan: str
    on: Day
    known: str
    until: Day | None
    opened: Day | None
    proposed: list[str]
    commitments: list[CommitmentStatus]
    actions: list[ActionStatus]
    contributions: list[InstalmentStatus]
    jobs: list[JobSuccess]
