"""A plan and its register in memory: the product's own readers, rule and status, without a
database.
"""

from collections.abc import Sequence
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
from commitments.models import Obligation, Plan, Standing
from commitments.register import standings
from commitments.register.entries import Draft
from commitments.rules.dates import BEGINNING
from commitments.rules.events import Event, EventsOnDay, Perspective, TermsVersion, terms_on
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History
from commitments.rules.states import days_counted
from funding.plan_schema import FundSpec, read_funds
from funding.rules import InstalmentHistory
from funding.standings import money_terms

Judgeable = History | InstalmentHistory


def read(tree: dict[str, Any]) -> tuple[PlanSpec, list[FundSpec], TomlFile]:
    file = TomlFile(tree=tree)
    top = Table(file, (), tree, "the file")
    plan = read_plan(top)
    return plan, read_funds(top, plan), file


def events(plan: PlanSpec, rows: Sequence[dict[str, str]]) -> list[tuple[Draft, Event]]:
    """The rows as the entries file's reader and the register would have them, numbered in order."""
    report, model = FileReport(), Plan(timezone=plan.timezone)
    numbers = {row["id"]: number for number, row in enumerate(rows, 1)}
    about: dict[str, Draft] = {}
    found = []
    for number, row in enumerate(rows, 1):
        draft = read_draft(EntryRow(number, row), model, report)
        target = (
            about.get(row["to"]) if draft.kind in ("withdrawn", "confirmed", "disputed") else None
        )
        if target:
            draft.ref, draft.instalment = target.ref, target.instalment
        about[draft.code] = draft
        window = draft.window
        event = Event(
            number=number,
            kind=draft.kind,
            first=window.first,
            last=window.last,
            recorded=draft.recorded_day,
            recorded_at=draft.recorded_at,
            side=draft.side,
            words=draft.words,
            when=draft.when,
            quantity=draft.quantity or 0,
            to=numbers[row["to"]] if target else None,
            amount=draft.amount or Decimal(0),
            currency=draft.currency,
        )
        found.append((draft, event))
    return found


class Register:
    """The histories of a plan in memory, judged or stored as the product does it."""

    def __init__(self, tree: dict[str, Any], rows: Sequence[dict[str, str]]) -> None:
        self.plan, self.funds, self.source = read(tree)
        entries = events(self.plan, rows)
        self.actions = {action.ref: action for action in self.plan.actions}
        self.histories: dict[tuple[str, int], Judgeable] = {}
        for ref in self.actions:
            self._action(ref, entries)
        for fund in self.funds:
            for contribution in fund.contributions:
                for number, instalment in enumerate(contribution.instalments, 1):
                    terms = money_terms(
                        {
                            "due": instalment.due.isoformat() if instalment.due else None,
                            "stated": instalment.stated,
                            "firmness": contribution.firmness,
                            "lead_days": self.plan.lead_days,
                            "withdrawn": "",
                        }
                    )
                    mine = [
                        event
                        for draft, event in entries
                        if draft.ref == contribution.ref and draft.instalment in (None, number)
                    ]
                    history = InstalmentHistory([TermsVersion(BEGINNING, terms)], mine)
                    self.histories[contribution.ref, number] = history
        self.stored = {
            key: {lens: history.standings(lens) for lens in Perspective}
            for key, history in self.histories.items()
        }

    def _action(self, ref: str, entries: list[tuple[Draft, Event]]) -> History:
        if (ref, 0) not in self.histories:
            terms = standings.terms_from(self.actions[ref].terms)
            until = {other: self._action(other, entries) for other in terms.until}
            mine = [event for draft, event in entries if draft.ref == ref]
            self.histories[ref, 0] = History([TermsVersion(BEGINNING, terms)], mine, until)
        found = self.histories[ref, 0]
        assert isinstance(found, History)
        return found

    def row(self, key: tuple[str, int], on: date, lens: Perspective) -> Standing:
        """The stored stretch that holds the day: exactly one."""
        (stretch,) = [found for found in self.stored[key][lens] if found.start <= on < found.end]
        return standings._rows(Plan(), Obligation(), {lens: [stretch]})[0]

    def action(self, ref: str, on: date, lens: Perspective) -> dict[str, Any]:
        history = self.histories[ref, 0]
        assert isinstance(history, History)
        known = on if lens is Perspective.AS_KNOWN_THEN else date(9999, 12, 30)
        terms = terms_on(history.versions, on, known)
        recurring = terms.deadline.kind == "recurring"
        recurrence = (
            Recurrence(terms, EventsOnDay(history.events, on, known)) if recurring else None
        )
        return status._action(self.row((ref, 0), on, lens), on, recurrence)

    def instalment(self, ref: str, number: int, on: date, lens: Perspective) -> dict[str, Any]:
        row = self.row((ref, number), on, lens)
        return {
            "state": row.state,
            "days": days_counted(row.state, row.anchor, row.late, on),
            "last_day": row.last_day.isoformat() if row.last_day else None,
            "firmness": row.modality,
            **row.amounts,
        }

    def commitment(self, number: int, on: date, lens: Perspective) -> dict[str, Any]:
        refs = [
            action.ref
            for commitment in self.plan.commitments
            if commitment.number == number
            for action in commitment.actions
        ]
        return status.summary(self.row((ref, 0), on, lens) for ref in refs)
