"""Two days of a plan compared: what was then, what is now, and what was recorded between them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, TypedDict, cast

from django.utils.translation import gettext_lazy

from actionplan.overview.status import Json, status
from actionplan.overview.status_types import ActionStatus, InstalmentStatus
from actionplan.schemas.json_types import Day
from commitments.exports.columns import entry_row
from commitments.models import Action, Commitment
from commitments.models.register import EntryQuerySet
from commitments.pages import labels
from commitments.pages.dialogue import dialogues
from commitments.pages.entries import EntryRow, describe_entries, entries_on
from commitments.pages.page import Page
from commitments.register.entry_types import ANSWER, QUESTION, kinds_with
from commitments.rules.states import SATISFIED
from funding.sums_in_words import sums_on_both

# these count on from day to day, so that a difference in them alone says nothing
COUNTS_OF_DAYS = ("days", "original_days")
# what is said of a mark that is there now and was not before, and of one that is gone
MARKS = {
    "stale": (gettext_lazy("no recent report"), gettext_lazy("reported again")),
    "never_reported": (gettext_lazy("not reported yet"), gettext_lazy("first report")),
    "confirmed": (gettext_lazy("now confirmed"), gettext_lazy("no longer confirmed")),
    "disputed": (gettext_lazy("newly disputed"), gettext_lazy("dispute settled")),
    "sides_differ": (gettext_lazy("the sides now differ"), gettext_lazy("the sides agree again")),
}
# of which both values are told where they differ, by their names in the status
FIELDS = {
    "reading": gettext_lazy("Figure read"),
    "delivered": gettext_lazy("Delivered"),
    "confidence": gettext_lazy("Delivery confidence"),
}
# what is said of an action about which such entries were recorded
TALK = {
    QUESTION: gettext_lazy("question asked"),
    ANSWER: gettext_lazy("question answered"),
}


@dataclass(frozen=True)
class TwoDays:
    """The pages of the two days: the later as known on it, the earlier as known then or now."""

    earlier: Page
    later: Page

    @property
    def is_corrected(self) -> bool:
        """Whether the earlier day is shown as it is known now."""
        return self.earlier.known is None

    def entries(self) -> EntryQuerySet:
        """What was recorded after the earlier day, and by the later one, in the register's order."""
        recorded = entries_on(self.later).filter(recorded_day__gt=self.earlier.on)
        return recorded.order_by("number")

    def statuses(self) -> tuple[Json, Json]:
        return _status_of(self.earlier), _status_of(self.later)


def two_days(page: Page, earlier: date, later: date, *, corrected: bool) -> TwoDays:
    known = None if corrected else earlier
    return TwoDays(
        earlier=replace(page, on=earlier, known=known), later=replace(page, on=later, known=later)
    )


def _status_of(page: Page) -> Json:
    return status(page.plan, page.on, page.known, today=page.today, inside=page.inside)


@dataclass(frozen=True)
class Difference:
    """A figure of an action in words on both days; empty on a day that has none."""

    label: str
    then: str
    now: str


@dataclass(frozen=True)
class Change:
    """An action or an instalment on both days, as in the status; None where it is not in the plan."""

    ref: str
    instalment: int | None
    title: dict[str, str]
    then: Json | None
    now: Json | None
    entries: list[EntryRow]

    @property
    def state_then(self) -> str:
        return self._text_of(self.then, "state")

    @property
    def state_now(self) -> str:
        return self._text_of(self.now, "state")

    @property
    def words_then(self) -> str:
        """The state as other pages word it: whether it is disputed, or under way, is part of it."""
        return labels.words_of_record(self.then) if self.then else ""

    @property
    def words_now(self) -> str:
        return labels.words_of_record(self.now) if self.now else ""

    @property
    def words_changed(self) -> bool:
        return self.words_then != self.words_now

    @property
    def state_changed(self) -> bool:
        return self.state_then != self.state_now

    @property
    def last_day_then(self) -> date | None:
        return self._day_of(self.then)

    @property
    def last_day_now(self) -> date | None:
        return self._day_of(self.now)

    @property
    def deadline_changed(self) -> bool:
        """Whether the last day is another one. What recurs is left out: its next period has another
        last day although nothing was moved.
        """
        if (self.now or {}).get("periods"):
            return False
        return self.last_day_then != self.last_day_now

    @property
    def days_moved(self) -> int | None:
        """How many days later the deadline is; None where there is none on one of the days."""
        if self.last_day_then is None or self.last_day_now is None:
            return None
        return (self.last_day_now - self.last_day_then).days

    @property
    def marks(self) -> list[str]:
        """What is to be said of the marks that came or went, in the reader's language."""
        then, now = self.then or {}, self.now or {}
        sentences = []
        lost_marks = []
        for name, (gained, _lost) in MARKS.items():
            if now.get(name) and not then.get(name):
                sentences.append(str(gained))
            elif then.get(name) and not now.get(name):
                lost_marks.append(name)
        if "never_reported" in lost_marks and "stale" in lost_marks:
            # its first report is no report again
            lost_marks.remove("stale")
        sentences += [str(MARKS[name][1]) for name in lost_marks]
        kinds = {row.entry.kind for row in self.entries if not row.is_withdrawn}
        sentences += [str(label) for kind, label in TALK.items() if kind in kinds]
        return sentences

    @property
    def differences(self) -> list[Difference]:
        if self.then is None or self.now is None:
            return []
        then, now = self.then, self.now
        return [
            Difference(str(label), _in_words(name, then.get(name)), _in_words(name, now.get(name)))
            for name, label in FIELDS.items()
            if then.get(name) != now.get(name)
        ]

    @property
    def newly_disputed(self) -> bool:
        return self._is_disputed(self.now) and not self._is_disputed(self.then)

    @property
    def dispute_settled(self) -> bool:
        return self._is_disputed(self.then) and not self._is_disputed(self.now)

    @property
    def newly_met(self) -> bool:
        return self.state_now in SATISFIED and self.state_then not in SATISFIED

    @property
    def no_longer_met(self) -> bool:
        return self.state_then in SATISFIED and self.state_now not in SATISFIED

    @property
    def new_periods(self) -> list[Json]:
        """The periods that read otherwise than on the earlier day."""
        before = (self.then or {}).get("periods", [])
        return [period for period in (self.now or {}).get("periods", []) if period not in before]

    @property
    def decisions(self) -> list[EntryRow]:
        decisions = kinds_with(is_decision=True)
        return [row for row in self.entries if row.entry.kind in decisions]

    @staticmethod
    def _text_of(record: Json | None, name: str) -> str:
        return str((record or {}).get(name) or "")

    @staticmethod
    def _day_of(record: Json | None) -> date | None:
        text = (record or {}).get("last_day")
        return date.fromisoformat(text) if text else None

    @staticmethod
    def _is_disputed(record: Json | None) -> bool:
        return bool((record or {}).get("disputed"))


def _in_words(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "confidence":
        return labels.colour(value)
    return str(value)


def differs(then: Json | None, now: Json | None) -> bool:
    """Whether anything but a count of days reads otherwise."""
    return bool(_without_days(then) != _without_days(now))


def _without_days(value: Any) -> Any:
    """The value without its counts of days, also inside its sides and steps."""
    if isinstance(value, dict):
        return {k: _without_days(v) for k, v in value.items() if k not in COUNTS_OF_DAYS}
    if isinstance(value, list):
        return [_without_days(item) for item in value]
    return value


def find_changes(
    then: Iterable[Json],
    now: Iterable[Json],
    entries: Iterable[EntryRow],
    titles: Mapping[str, dict[str, str]],
) -> list[Change]:
    """What differs or has entries, in the order of the later day; what is gone stands last.

    `titles` are those of actions, by ref.
    """
    before = {_key_of(record): record for record in then}
    after = {_key_of(record): record for record in now}
    rows_of: dict[str, list[EntryRow]] = defaultdict(list)
    for row in entries:
        rows_of[row.entry.ref].append(row)
    changes = []
    for ref, instalment in after | before:
        key = ref, instalment
        rows = [row for row in rows_of[ref] if row.entry.instalment in (None, instalment)]
        if rows or differs(before.get(key), after.get(key)):
            changes.append(
                Change(
                    ref=ref,
                    instalment=instalment,
                    title=titles.get(ref, {}),
                    then=before.get(key),
                    now=after.get(key),
                    entries=rows,
                )
            )
    return changes


def _key_of(record: Json) -> tuple[str, int | None]:
    return record["ref"], record.get("instalment")


class ActionChange(TypedDict):
    ref: str
    then: ActionStatus | None
    now: ActionStatus | None
    entries: list[dict[str, object]]


class InstalmentChange(TypedDict):
    instalment: int
    ref: str
    then: InstalmentStatus | None
    now: InstalmentStatus | None
    entries: list[dict[str, object]]


# functional, since `from` is a word of Python
ComparisonJson = TypedDict(
    "ComparisonJson",
    {
        "plan": str,
        "from": Day,
        "to": Day,
        "known": Annotated[str, ("now", "then")],
        "actions": list[ActionChange],
        "contributions": list[InstalmentChange],
    },
)


def comparison_as_json(comparison: "Comparison") -> ComparisonJson:
    """The comparison as docs/reference/between.md describes it."""
    days = comparison.days
    return {
        "plan": days.later.plan.slug,
        "from": days.earlier.on.isoformat(),
        "to": days.later.on.isoformat(),
        "known": "now" if days.is_corrected else "then",
        "actions": [cast("ActionChange", _change_as_json(change)) for change in comparison.actions],
        "contributions": [
            cast("InstalmentChange", {"instalment": change.instalment, **_change_as_json(change)})
            for change in comparison.contributions
        ],
    }


def _change_as_json(change: Change) -> Json:
    return {
        "ref": change.ref,
        "then": change.then,
        "now": change.now,
        "entries": [entry_row(row.entry) for row in change.entries],
    }


@dataclass(frozen=True)
class ChangesOfCommitment:
    commitment: Commitment
    changes: list[Change]


@dataclass(frozen=True)
class SumLine:
    """A sum in words on both days: what was promised, fell due, was paid or was spent."""

    label: str
    then: str
    now: str


@dataclass(frozen=True)
class Comparison:
    """Everything that the page, the table and the papers tell of two days."""

    days: TwoDays
    commitments: list[ChangesOfCommitment]
    contributions: list[Change]
    money: list[SumLine]
    plan_entries: list[EntryRow]
    # without an answer on the later day
    open_questions: list[EntryRow]

    @property
    def actions(self) -> list[Change]:
        return [change for group in self.commitments for change in group.changes]

    @property
    def newly_met(self) -> list[Change]:
        return [change for change in self.actions if change.newly_met]

    @property
    def no_longer_met(self) -> list[Change]:
        return [change for change in self.actions if change.no_longer_met]

    @property
    def newly_overdue(self) -> list[Change]:
        return [
            change
            for change in self.actions
            if change.state_changed and change.state_now == "overdue"
        ]

    @property
    def disputes(self) -> list[Change]:
        """The changes by which a dispute began or was settled."""
        return [
            change for change in self.actions if change.newly_disputed or change.dispute_settled
        ]

    @property
    def decided(self) -> list[Change]:
        """Actions whose deadline was moved, or that were closed otherwise."""
        return [change for change in self.actions if change.decisions]


def compare(days: TwoDays) -> Comparison:
    page = days.later
    then, now = days.statuses()
    entries = describe_entries(days.entries(), page)
    actions = Action.objects.filter(plan=page.plan)
    titles = {action.ref: action.title for action in actions}
    commitment_of = {action.ref: action.commitment_id for action in actions}
    changes_of: dict[int, list[Change]] = defaultdict(list)
    for change in find_changes(then["actions"], now["actions"], entries, titles):
        changes_of[commitment_of[change.ref]].append(change)
    return Comparison(
        days=days,
        commitments=[
            ChangesOfCommitment(commitment, changes_of[commitment.pk])
            for commitment in page.plan.commitments.all()
            if changes_of[commitment.pk]
        ],
        contributions=find_changes(then["contributions"], now["contributions"], entries, {}),
        money=_sums_on_both_days(days),
        plan_entries=[row for row in entries if not row.entry.ref],
        open_questions=_open_questions(page),
    )


def _open_questions(page: Page) -> list[EntryRow]:
    entries = entries_on(page).filter(kind__in=(QUESTION, ANSWER))
    questions = dialogues(describe_entries(entries, page))
    return [question.row for question in questions if question.is_open]


def _sums_on_both_days(days: TwoDays) -> list[SumLine]:
    """The sums of money on both days; empty where there is no money on either."""
    return [
        SumLine(then.label, then.text, now.text)
        for then, now in sums_on_both(days.earlier, days.later)
    ]
