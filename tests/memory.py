"""A plan and its register in memory: the product's own readers, rule and status, without a
database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from actionplan.overview import status
from commitments.files.entries import read_draft, record_at_loading
from commitments.files.entry_rows import TRAVELLING_COLUMNS, EntryRow
from commitments.files.errors import FileReport
from commitments.files.plan_loader import (
    DaysOfChange,
    PlanLoad,
    StatedTerms,
    draft_terms,
    is_altered,
    withdrawn_terms,
)
from commitments.files.plan_schema import PlanSpec, read_plan
from commitments.files.toml import TomlFile
from commitments.files.toml_table import Table
from commitments.models import Obligation, Standing
from commitments.register.entries import Draft
from commitments.register.histories import terms_from
from commitments.register.recorded_terms import RecordedTerms, TermsEntry, refs_waited_for
from commitments.register.standings import make_row
from commitments.rules.actions import ActionHistory
from commitments.rules.events import Event, EventIndex, Perspective
from commitments.rules.plan_term import PlanTerm
from commitments.rules.standing import History, Stretch, standings
from commitments.rules.states import days_counted
from commitments.rules.terms import versions_of
from funding.histories import instalment_history
from funding.plan_loader import instalment_terms
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
        cells = {name: row.get(name, "") for name in TRAVELLING_COLUMNS}
        draft = read_draft(EntryRow(number, cells), model, report)
        if "loaded" in row:
            draft = record_at_loading(draft, model, datetime.fromisoformat(row["loaded"]))
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
            # a move and a new term have their date in the place of an entry's id
            when=row["to"] if draft.kind in ("moved", "term") else "",
            quantity=draft.quantity or 0,
            to=named,
            amount=draft.amount or Decimal(0),
            currency=draft.currency,
        )
        events.append(RecordedEvent(draft.ref, draft.instalment, event))
    return events


TermsEntries = dict[tuple[str, int], list[TermsEntry]]


def terms_stated(plan: PlanSpec, funds: list[FundSpec]) -> dict[tuple[str, int], Any]:
    """The terms that one file gives each obligation."""
    stated: dict[tuple[str, int], Any] = {
        (action.row.ref, 0): action.terms for action in plan.actions
    }
    for contribution in (one for fund in funds for one in fund.contributions):
        for number, instalment in enumerate(contribution.instalments, 1):
            terms = instalment_terms(plan.row, contribution, instalment)
            stated[contribution.row.ref, number] = terms
    return stated


def is_open_when_loaded(tree: dict[str, Any], rows: Sequence[dict[str, str]]) -> bool:
    return any(row["kind"] == "opened" for row in rows[: tree.get("rows_before", 0)])


class Register:
    """The histories of a plan in memory, judged or stored as the product does it.

    `tree` is one plan file or a list of them. Later ones have the day on which they were `loaded`,
    and `rows_before` says how many rows of the register that was after.
    """

    def __init__(
        self, tree: dict[str, Any] | list[dict[str, Any]], rows: Sequence[dict[str, str]]
    ) -> None:
        trees = tree if isinstance(tree, list) else [tree]
        self.terms: TermsEntries = defaultdict(list)
        for file in trees:
            self.plan, self.funds, self.source = read(file)
            assert self.source.errors == []
            self._load_terms(file, rows)
        self.events = read_events(self.plan, rows)
        self.commitments: dict[str, str] = {}
        for file in trees:
            for commitment in file["commitments"]:
                for action in commitment["actions"]:
                    self.commitments[action["ref"]] = str(commitment["number"])
        self.codes = {number: row["id"] for number, row in enumerate(rows, 1)}
        about_the_plan = EventIndex(self.events_about(""))
        self.plan_term = PlanTerm(about_the_plan)
        self.histories: dict[tuple[str, int], History] = {}
        for (ref, number), entries in self.terms.items():
            if number:
                altered = RecordedTerms(entries).altered
                others = self._others(entries)
                self.histories[ref, number] = instalment_history(
                    altered, self.events_about(ref, number), others, self.plan_term
                )
            else:
                self.histories[ref, 0] = self.action_history(ref)
        self.stored = {key: standings(history) for key, history in self.histories.items()}

    def _load_terms(self, tree: dict[str, Any], rows: Sequence[dict[str, str]]) -> None:
        """The terms entries that loading one more file leaves."""
        latest = {
            (ref, number or None): RecordedTerms(entries).latest
            for (ref, number), entries in self.terms.items()
        }
        first = next(((ref, number) for ref, number in self.terms if not number), None)
        load = PlanLoad(
            spec=self.plan,
            plan=self.plan.row,
            is_new=not latest,
            latest_terms=latest,
            terms_of_first_action=list(self.terms[first]) if first else [],
        )
        stated = terms_stated(self.plan, self.funds)
        for key in self.terms.keys() - stated.keys():
            ref, number = key
            gone = withdrawn_terms(load, Obligation(ref=ref, instalment=number))
            stated[key] = gone.payload
        loaded = date.fromisoformat(tree.get("loaded", "1000-01-01"))
        effective = self.plan.change_from or loaded
        recorded = self.plan.change_recorded or loaded
        if is_open_when_loaded(tree, rows):
            recorded = loaded
        days = DaysOfChange(effective, recorded)
        for (ref, number), terms in stated.items():
            obligation = Obligation(ref=ref, instalment=number)
            one = StatedTerms(obligation, terms, 1)
            if is_altered(load, one):
                draft = draft_terms(load, one, days)
                assert draft.terms is not None
                entry = TermsEntry(draft.terms, draft.window.first, draft.recorded_day)
                self.terms[ref, number].append(entry)

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
        entries = self.terms[ref, 0]
        versions = versions_of(RecordedTerms(entries).altered, terms_from)
        return ActionHistory(
            versions, self.events_about(ref), self._others(entries), self.plan_term
        )

    def _others(self, entries: Iterable[TermsEntry]) -> dict[str, ActionHistory]:
        refs = {ref for entry in entries for ref in refs_waited_for(entry.terms)}
        return {ref: self.action_history(ref) for ref in sorted(refs)}

    def keys_on(self, on: date, perspective: Perspective) -> set[tuple[str, int]]:
        """The obligations that are in the plan on the day."""
        return {
            key
            for key, by_perspective in self.stored.items()
            if any(stretch.start <= on < stretch.end for stretch in by_perspective[perspective])
        }

    def stretch(self, key: tuple[str, int], on: date, perspective: Perspective) -> Stretch:
        """The stored stretch that holds the day: exactly one."""
        (stretch,) = [
            stretch
            for stretch in self.stored[key][perspective]
            if stretch.start <= on < stretch.end
        ]
        return stretch

    def row(self, key: tuple[str, int], on: date, perspective: Perspective) -> Standing:
        return make_row(Obligation(), perspective, self.stretch(key, on, perspective))

    def action(self, ref: str, on: date, perspective: Perspective) -> Mapping[str, Any]:
        recurrence = self.action_history(ref).recurrence(on, perspective.known_on(on))
        return status.action_status(self.row((ref, 0), on, perspective), on, recurrence, self.codes)

    def instalment(
        self, ref: str, number: int, on: date, perspective: Perspective
    ) -> dict[str, Any]:
        row = self.row((ref, number), on, perspective)
        return {
            "state": row.state,
            "days": days_counted(row.state, row.anchor, row.late, on),
            "last_day": row.last_day.isoformat() if row.last_day else None,
            "original_last_day": row.original_last.isoformat() if row.original_last else None,
            "firmness": row.modality,
            **row.amounts,
        }

    def commitment(self, number: int, on: date, perspective: Perspective) -> Mapping[str, Any]:
        keys = [
            key
            for key in self.keys_on(on, perspective)
            if self.commitments.get(key[0]) == str(number)
        ]
        return status.commitment_status(self.row(key, on, perspective) for key in keys)
