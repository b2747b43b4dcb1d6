"""The tables of a plan derived from its plan files once more, and compared with those stored.

The files are read in the order of the register, each with the signed text that its entry names, and
nothing is written: a verification holds up nobody.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import models

from actionplan.integrity.plan_terms import StatedTerms, TermsCheck, stated_terms
from actionplan.plan_transfer import load
from actionplan.plan_transfer.load import PlanFileSpec
from commitments.files.errors import FileRefused
from commitments.files.plan_loader import PLAN_FIELDS, complete_actions
from commitments.files.plan_schema import ActionSpec, waits_for
from commitments.findings import Finding
from commitments.models import (
    Action,
    Aim,
    Body,
    Commitment,
    Entry,
    Obligation,
    Plan,
    SignedText,
)
from commitments.register import search_index
from commitments.register.hash_chain import signed_text_digest
from commitments.register.recorded_terms import refs_waited_for
from commitments.register.signed_texts import recorded_text
from funding.models import Contribution, Fund, Instalment, Purpose, Reported
from funding.plan_schema import FundSpec

# what no file decides: the plan's name, marks of jobs and pages, what waits for release, that it is a
# sample, and the days of named calendars as they were counted
PLAN_BOOKKEEPING = (
    "id",
    "slug",
    "is_sample",
    "flagged",
    "version",
    "held_versions",
    "counted_days",
)
# Columns of words to search in are verified for themselves, since they follow from several tables;
# `search` is read by version 1.0.0 alone, which folded words otherwise.
NOT_COMPARED = (*search_index.COLUMNS, "search")
Model = type[models.Model]
Columns = dict[str, object]


@dataclass(frozen=True, order=True)
class RowKey:
    """A row by what people call it: its table, and for example the ref of an action."""

    table: str
    name: str


Rows = dict[RowKey, Columns]


def key_of(model: Model, *names: object) -> RowKey:
    return RowKey(model._meta.db_table, "/".join(str(name) for name in names))


@dataclass
class DerivedTables:
    """What the plan files read so far make of the tables."""

    rows: Rows = field(default_factory=dict)

    def apply(self, file: PlanFileSpec, signed_text: str) -> None:
        """One more file: what it names is updated, what it may drop goes, all else stays."""
        spec = file.plan
        complete_actions(spec, signed_text)
        plan = {name: to_json(getattr(spec.row, name)) for name in PLAN_FIELDS}
        self.rows[key_of(Plan, spec.row.slug)] = {**plan, "signed_text": signed_text}
        self._replace(Body, [(body.code, columns_of(body)) for body in spec.bodies])
        self._replace(Aim, [(aim.code, columns_of(aim)) for aim in spec.aims])
        for commitment in spec.commitments:
            number = commitment.row.number
            columns = {**columns_of(commitment.row), "aims": sorted(set(commitment.aims))}
            self.rows[key_of(Commitment, number)] = columns
            for action in commitment.actions:
                self._put_action(action, number)
        for fund in file.funds:
            self._put_fund(fund)
        self._forget_dropped_aims()

    def _replace(self, model: Model, rows: Iterable[tuple[str, Columns]], within: str = "") -> None:
        """All rows of a table, or those within one fund: what the file does not name is dropped."""
        table = model._meta.db_table
        for key in list(self.rows):
            if key.table == table and key.name.startswith(within):
                del self.rows[key]
        self.rows |= {RowKey(table, within + name): columns for name, columns in rows}

    def _put_action(self, spec: ActionSpec, commitment: object) -> None:
        ref = spec.row.ref
        before = self.rows.get(key_of(Action, ref), {})
        # earlier terms still hold for earlier days
        superseders = {*_names(before.get("superseders")), *waits_for(spec)}
        self.rows[key_of(Action, ref)] = {
            **columns_of(spec.row),
            "leads": sorted(set(spec.leads)),
            "partners": sorted(set(spec.partners)),
            "superseders": sorted(superseders),
        }
        self.rows[key_of(Obligation, ref)] = {"commitment": commitment}

    def _put_fund(self, spec: FundSpec) -> None:
        code = spec.row.code
        self.rows[key_of(Fund, code)] = {**columns_of(spec.row), "commitment": spec.commitment}
        for contribution in spec.contributions:
            ref = contribution.row.ref
            self.rows[key_of(Contribution, ref)] = {**columns_of(contribution.row), "fund": code}
            for number in range(1, len(contribution.instalments) + 1):
                self.rows[key_of(Instalment, ref, number)] = {"contribution": ref}
                self.rows[key_of(Obligation, ref, number)] = {"commitment": spec.commitment}
        purposes = [(purpose.code, columns_of(purpose)) for purpose in spec.purposes]
        self._replace(Purpose, purposes, within=f"{code}/")
        reported = [(str(n), columns_of(row)) for n, row in enumerate(spec.reported, start=1)]
        self._replace(Reported, reported, within=f"{code}/")

    def _forget_dropped_aims(self) -> None:
        """An aim that goes leaves the commitments that it was in."""
        aims = {key.name for key in self.rows if key.table == Aim._meta.db_table}
        for key, columns in self.rows.items():
            if key.table == Commitment._meta.db_table:
                columns["aims"] = [code for code in _names(columns["aims"]) if code in aims]


def columns_of(row: models.Model) -> Columns:
    """The columns of a row but for its keys and the rows that it belongs to."""
    return {
        field.name: to_json(getattr(row, field.attname))
        for field in row._meta.local_concrete_fields
        if not field.primary_key and not field.is_relation and field.name not in NOT_COMPARED
    }


def to_json(value: object) -> object:
    """As JSON gives it back: a file has tuples where the database has lists."""
    if isinstance(value, dict | list | tuple):
        return json.loads(json.dumps(value))
    return value


def _names(value: object) -> list[str]:
    return list(value) if isinstance(value, list) else []


def stored_rows(plan: Plan) -> Rows:
    """The same of what the tables hold."""
    plan_columns = columns_of(plan)
    for name in PLAN_BOOKKEEPING:
        plan_columns.pop(name, None)
    rows = {key_of(Plan, plan.slug): plan_columns}
    rows |= {key_of(Body, body.code): columns_of(body) for body in plan.bodies.all()}
    rows |= {key_of(Aim, aim.code): columns_of(aim) for aim in plan.aims.all()}
    for commitment in plan.commitments.prefetch_related("aims"):
        aims = sorted(aim.code for aim in commitment.aims.all())
        rows[key_of(Commitment, commitment.number)] = {**columns_of(commitment), "aims": aims}
    obligations = Obligation.objects.filter(plan=plan).select_related("commitment")
    for obligation in obligations.prefetch_related("waits_for"):
        rows[_obligation_key(Obligation, obligation)] = {
            "commitment": obligation.commitment.number,
            "waits_for": sorted(action.ref for action in obligation.waits_for.all()),
        }
    rows |= _stored_actions(plan)
    rows |= _stored_funds(plan)
    return rows


def _obligation_key(model: Model, obligation: Obligation) -> RowKey:
    if obligation.instalment:
        return key_of(model, obligation.ref, obligation.instalment)
    return key_of(model, obligation.ref)


def _stored_actions(plan: Plan) -> Rows:
    actions = Action.objects.filter(plan=plan)
    rows: Rows = {}
    for action in actions.prefetch_related("leads", "partners", "superseders"):
        rows[_obligation_key(Action, action)] = {
            **columns_of(action),
            "leads": sorted(body.code for body in action.leads.all()),
            "partners": sorted(body.code for body in action.partners.all()),
            "superseders": sorted(other.ref for other in action.superseders.all()),
        }
    return rows


def _stored_funds(plan: Plan) -> Rows:
    rows: Rows = {}
    for fund in Fund.objects.filter(plan=plan).select_related("commitment"):
        rows[key_of(Fund, fund.code)] = {**columns_of(fund), "commitment": fund.commitment.number}
    for contribution in Contribution.objects.filter(plan=plan).select_related("fund"):
        columns = {**columns_of(contribution), "fund": contribution.fund.code}
        rows[key_of(Contribution, contribution.ref)] = columns
    for instalment in Instalment.objects.filter(plan=plan).select_related("contribution"):
        columns = {"contribution": instalment.contribution.ref}
        rows[_obligation_key(Instalment, instalment)] = columns
    for purpose in Purpose.objects.filter(fund__plan=plan).select_related("fund"):
        rows[key_of(Purpose, purpose.fund.code, purpose.code)] = columns_of(purpose)
    numbers: Counter[str] = Counter()
    for reported in Reported.objects.filter(fund__plan=plan).select_related("fund"):
        code = reported.fund.code
        numbers[code] += 1
        rows[key_of(Reported, code, numbers[code])] = columns_of(reported)
    return rows


def verify_plan_tables(plan: Plan) -> Iterator[Finding]:
    """The rows and columns that are not what the plan files make of them.

    Where the text of a file was not kept, which only a version before 1.0.0 did, what it alone said
    is not compared.
    """
    derived = DerivedTables()
    is_complete = True
    texts = _signed_texts(plan)
    latest_is_read = False
    terms: dict[int, StatedTerms] = {}
    entries = Entry.objects.filter(plan=plan, kind="plan").order_by("number")
    for entry in entries.select_related("file"):
        content = getattr(getattr(entry, "file", None), "content", None)
        latest_is_read = False
        if content is None:
            yield Finding("not-kept", {"number": entry.number})
            is_complete = False
            continue
        try:
            file = load.parse_plan_file(bytes(content))
        except FileRefused:
            yield Finding("unreadable", {"number": entry.number})
            is_complete = False
            continue
        derived.apply(file, texts.of(entry))
        terms[entry.number] = stated_terms(file)
        latest_is_read = True
    yield from TermsCheck(terms).run(plan)
    _add_links(derived.rows, plan)
    if latest_is_read:
        yield from _compare(derived.rows, stored_rows(plan), is_complete=is_complete)


def _add_links(rows: Rows, plan: Plan) -> None:
    """For which actions each obligation waits by any of its terms, which the chain covers."""
    refs: dict[RowKey, set[str]] = {}
    entries = Entry.objects.filter(plan=plan, kind="terms").select_related("obligation")
    for entry in entries:
        if entry.obligation is not None:
            key = _obligation_key(Obligation, entry.obligation)
            refs.setdefault(key, set()).update(refs_waited_for(entry.terms or {}))
    for key, columns in rows.items():
        if key.table == Obligation._meta.db_table:
            known = [ref for ref in refs.get(key, ()) if key_of(Action, ref) in rows]
            columns["waits_for"] = sorted(known)


@dataclass(frozen=True)
class SignedTexts:
    """The signed texts of a plan by their SHA-256; `first` is that of entries of the first form,
    which name none.
    """

    texts: dict[str, str]
    first: str

    def of(self, entry: Entry) -> str:
        if entry.terms is None:
            return self.first
        return self.texts.get(entry.terms["signed_text"], "")


def _signed_texts(plan: Plan) -> SignedTexts:
    stored = SignedText.objects.filter(entry__plan=plan).order_by("entry__number")
    texts = list(stored.values_list("content", flat=True))
    recorded = recorded_text(plan)
    # until the register is sealed, there is only what the table says
    first = plan.signed_text if recorded is None else next(iter(texts), "")
    return SignedTexts({signed_text_digest(text): text for text in texts}, first)


def _compare(derived: Rows, stored: Rows, *, is_complete: bool) -> Iterator[Finding]:
    for key in sorted(derived.keys() | stored.keys()):
        values = {"table": key.table, "row": key.name}
        if key not in stored:
            yield Finding("row-missing", values)
        elif key not in derived:
            if is_complete:
                yield Finding("row-added", values)
        else:
            for column, value in stored[key].items():
                if derived[key].get(column) != value:
                    yield Finding("row-altered", {**values, "column": column})
