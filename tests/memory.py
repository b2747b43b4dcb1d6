"""A plan and its register in memory: the product's own readers, rule and status, without a
database.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from actionplan.overview import status
from commitments.files.entries import read_draft
from commitments.files.entry_rows import EntryRow
from commitments.files.errors import FileReport
from commitments.files.plan_schema import PlanSpec, read_plan
from commitments.files.toml import TomlFile
from commitments.files.toml_table import Table
from commitments.models import Obligation, Standing
from commitments.register.entries import Draft
from commitments.register.histories import terms_from
from commitments.register.standings import make_row
from commitments.rules.actions import ActionHistory
from commitments.rules.dates import BEGINNING
from commitments.rules.events import Event, EventsOnDay, Perspective, TermsVersion, terms_on
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History, Stretch, standings
from commitments.rules.states import days_counted
from funding.histories import instalment_history
from funding.plan_schema import FundSpec, read_funds

NAMES_AN_ENTRY = ("withdrawn", "confirmed", "disputed")


def read(tree: dict[str, Any]) -> tuple[PlanSpec, list[FundSpec], TomlFile]:
    file = TomlFile(tree=tree)
    top = Table(file, (), tree, "the file")
    plan = read_plan(top)
    return plan, read_funds(top, plan), file


@dataclass(frozen=True)
class RecordedEvent:
    """An event with what it is about; `instalment` None is the whole action or contribution."""

    ref: str
    instalment: int | None
    event: Event


def read_events(plan: PlanSpec, rows: Sequence[dict[str, str]]) -> list[RecordedEvent]:
    """The rows as the entries file's reader and the register would have them, numbered in order."""
    report, model = FileReport(), plan.row
    numbers = {row["id"]: number for number, row in enumerate(rows, 1)}
    drafts: dict[str, Draft] = {}
    events = []
    for number, row in enumerate(rows, 1):
        draft = read_draft(EntryRow(number, row), model, report)
        named = None
        if draft.kind in NAMES_AN_ENTRY and row["to"] in drafts:
            named = numbers[row["to"]]
            draft.ref = drafts[row["to"]].ref
            draft.instalment = drafts[row["to"]].instalment
        drafts[draft.code] = draft
        event = Event(
            number=number,
            kind=draft.kind,
            first=draft.window.first,
            last=draft.window.last,
            recorded=draft.recorded_day,
            recorded_at=draft.recorded_at,
            side=draft.side,
            words=draft.words,
            when=draft.when,
            quantity=draft.quantity or 0,
            to=named,
            amount=draft.amount or Decimal(0),
            currency=draft.currency,
        )
        events.append(RecordedEvent(draft.ref, draft.instalment, event))
    return events


class Register:
    """The histories of a plan in memory, judged or stored as the product does it."""

    def __init__(self, tree: dict[str, Any], rows: Sequence[dict[str, str]]) -> None:
        self.plan, self.funds, self.source = read(tree)
        self.events = read_events(self.plan, rows)
        self.actions = {action.row.ref: action for action in self.plan.actions}
        self.histories: dict[tuple[str, int], History] = {}
        for ref in self.actions:
            self.histories[ref, 0] = self.action_history(ref)
        for fund in self.funds:
            for contribution in fund.contributions:
                for number, instalment in enumerate(contribution.instalments, 1):
                    terms = {
                        "due": instalment.due.isoformat() if instalment.due else None,
                        "stated": instalment.stated,
                        "firmness": contribution.firmness,
                        "lead_days": self.plan.row.lead_days,
                        "withdrawn": "",
                    }
                    events = self.events_about(contribution.row.ref, number)
                    history = instalment_history([TermsVersion(BEGINNING, terms)], events)
                    self.histories[contribution.row.ref, number] = history
        self.stored = {
            key: {perspective: standings(history, perspective) for perspective in Perspective}
            for key, history in self.histories.items()
        }

    def all_standings(self) -> Iterator[list[Stretch]]:
        """The stretches of each obligation in each perspective."""
        for by_perspective in self.stored.values():
            yield from by_perspective.values()

    def events_about(self, ref: str, instalment: int | None = None) -> list[Event]:
        return [
            recorded.event
            for recorded in self.events
            if recorded.ref == ref and recorded.instalment in (None, instalment)
        ]

    def action_history(self, ref: str) -> ActionHistory:
        terms = terms_from(self.actions[ref].terms)
        superseders = {other: self.action_history(other) for other in terms.until}
        return ActionHistory([TermsVersion(BEGINNING, terms)], self.events_about(ref), superseders)

    def row(self, key: tuple[str, int], on: date, perspective: Perspective) -> Standing:
        """The stored stretch that holds the day: exactly one."""
        (stretch,) = [
            stretch
            for stretch in self.stored[key][perspective]
            if stretch.start <= on < stretch.end
        ]
        return make_row(Obligation(), perspective, stretch)

    def action(self, ref: str, on: date, perspective: Perspective) -> dict[str, Any]:
        history = self.action_history(ref)
        known = perspective.known_on(on)
        terms = terms_on(history.versions, on, known)
        recurrence = None
        if terms.deadline.kind == "recurring":
            recurrence = Recurrence(terms, EventsOnDay(history.events, on, known))
        return status.action_status(self.row((ref, 0), on, perspective), on, recurrence)

    def instalment(
        self, ref: str, number: int, on: date, perspective: Perspective
    ) -> dict[str, Any]:
        row = self.row((ref, number), on, perspective)
        return {
            "state": row.state,
            "days": days_counted(row.state, row.anchor, row.late, on),
            "last_day": row.last_day.isoformat() if row.last_day else None,
            "firmness": row.modality,
            **row.amounts,
        }

    def commitment(self, number: int, on: date, perspective: Perspective) -> dict[str, Any]:
        refs = [
            action.row.ref
            for commitment in self.plan.commitments
            if commitment.row.number == number
            for action in commitment.actions
        ]
        return status.commitment_status(self.row((ref, 0), on, perspective) for ref in refs)
