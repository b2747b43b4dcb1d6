"""Past facts from a CSV or XLSX file: every error at once with its line, all or nothing.

A file can be loaded again: a row whose id is in the register already, with the same content, is
skipped.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from commitments.files.entry_rows import EntryRow, read_rows
from commitments.files.errors import FileRefused, FileReport
from commitments.files.values import parse_amount
from commitments.models import Entry, EntryText, Evidence, Plan
from commitments.register import entry_types, services, validation
from commitments.register.entries import Draft, civil_day
from commitments.register.hash_chain import TEXTS
from commitments.register.validation import Context

# kinds of entry that are about another entry: their column `to` holds its id
NAMING_KINDS = ("withdrawn", "confirmed", "disputed", entry_types.REDACTED)
# how the ids of the template's rows begin, see entries_template
EXAMPLE_PREFIX = "example-"
# what two entries of the same content have alike, beside their texts and the entry that they name
COMPARED_FIELDS = (
    "kind",
    "ref",
    "instalment",
    "effective",
    "recorded_day",
    "recorded_at",
    "side",
    "when",
    "words",
    "quantity",
    "amount",
    "currency",
)
BATCH = 500


@dataclass
class EntryFile(FileReport):
    """The rows of a file that can be read as such; no row has been looked at yet."""

    rows: list[EntryRow] = field(default_factory=list)


@dataclass(frozen=True)
class DraftRow:
    """A row and the entry that it would be."""

    line: int
    cells: dict[str, str]
    draft: Draft

    @property
    def target_code(self) -> str:
        """The id of the entry that this one is about; empty for a fact of its own."""
        return self.cells["to"] if self.draft.kind in NAMING_KINDS else ""


@dataclass
class EntriesReading(FileReport):
    """The entries to append, in order, and how many rows are in the register already."""

    drafts: list[Draft] = field(default_factory=list)
    skipped: int = 0


def read_entry_file(content: bytes) -> EntryFile:
    """Takes time with a large file, so it is done before any lock or transaction."""
    file = EntryFile()
    try:
        for row in read_rows(content, file):
            file.rows.append(row)
    except FileRefused as refused:
        file.errors += refused.errors
    return file


def load_entries(
    plan: Plan, content: bytes, *, now: datetime, by: int | None, check: bool = False
) -> EntriesReading:
    """Read a file and append its entries; nothing of it where there is any error."""
    return append_rows(plan, read_entry_file(content), now=now, by=by, check=check)


def append_rows(
    plan: Plan,
    file: EntryFile,
    *,
    now: datetime,
    by: int | None,
    check: bool = False,
    side: str | None = None,
    taken_over: bool = False,
    evidence: Mapping[str, tuple[Evidence, ...]] | None = None,
) -> EntriesReading:
    """Append what the register lacks; nothing where there is any error, or only to check.

    `side`: rows of another side are errors. `taken_over`: the entries come from another site.
    `evidence`: the files that entries carry, stored already, by the id of their entry.
    """
    with transaction.atomic():
        Plan.objects.lock(plan)
        context = Context(plan, civil_day(now, plan.timezone), taken_over=taken_over)
        reading = RowChecker(file, context, side).check()
        for draft in reading.drafts:
            draft.evidence = (evidence or {}).get(draft.code, ())
        if reading.drafts and not check and not reading.errors:
            services.append_and_project(plan, reading.drafts, context=context, by=by, now=now)
    return reading


class RowChecker:
    """Checks the rows of one file, each behind the one that it names.

    `entries` has what each checked row is or will be, by id: the entry in the register, a stand-in
    for one that is yet to be appended, or None where the row has errors.
    """

    def __init__(self, file: EntryFile, context: Context, side: str | None) -> None:
        self.context = context
        self.side = side
        self.reading = EntriesReading(list(file.errors), list(file.warnings))
        self.rows: dict[str, DraftRow] = {}
        self.without_own_id: list[DraftRow] = []
        self._read_rows(file.rows)
        self.lines_with_errors = {error.line for error in self.reading.errors}
        self.recorded = self._find_recorded()
        self.entries: dict[str, Entry | None] = {}

    def check(self) -> EntriesReading:
        """Rows without an id of their own come last: they are errors in any case."""
        for row in self._sort_rows():
            self.entries[row.draft.code] = self._check_row(row)
        for row in self.without_own_id:
            self._check_row(row)
        self.reading.errors.sort()
        return self.reading

    def _read_rows(self, rows: Iterable[EntryRow]) -> None:
        """Each id once, in `rows`. What has none, or repeats one with other content, is in
        `without_own_id`.
        """
        for row in rows:
            code = row.cells["id"]
            first = self.rows.get(code)
            if first and first.cells == row.cells:
                self.reading.skipped += 1
                continue
            draft = read_draft(row, self.context.plan, self.reading, self.context.today)
            draft_row = DraftRow(row.line, row.cells, draft)
            if code and first is None:
                self.rows[code] = draft_row
                continue
            self.without_own_id.append(draft_row)
            if code:
                text = _("The id “%(id)s” stands twice, with other content.")
                self.reading.add_error(row.line, text, id=code)

    def _find_recorded(self) -> dict[str, Entry]:
        """The entries of the register that the rows name or repeat, by id; in queries of a bounded
        size.
        """
        rows = [*self.rows.values(), *self.without_own_id]
        codes = sorted({row.draft.code for row in rows} | {row.target_code for row in rows})
        entries = Entry.objects.filter(plan=self.context.plan).select_related("text", "to")
        recorded: dict[str, Entry] = {}
        for start in range(0, len(codes), BATCH):
            for entry in entries.filter(code__in=codes[start : start + BATCH]):
                recorded[entry.code] = entry
        return recorded

    def _sort_rows(self) -> list[DraftRow]:
        """Each row behind the one that it names. Rows that name each other in a circle are left
        out, and so are those that lead there: all of them are errors.
        """
        ordered: dict[str, DraftRow] = {}
        circular: set[str] = set()
        for start in self.rows:
            chain: dict[str, DraftRow] = {}
            code = start
            while code in self.rows:
                if code in chain or code in ordered or code in circular:
                    break
                chain[code] = self.rows[code]
                code = chain[code].target_code
            if code in chain or code in circular:
                circular.update(chain)
                for row in chain.values():
                    text = _("These rows name each other in a circle.")
                    self.reading.add_error(row.line, text)
            else:
                ordered.update(reversed(chain.items()))
        return list(ordered.values())

    def _check_row(self, row: DraftRow) -> Entry | None:
        has_errors = row.line in self.lines_with_errors
        if row.target_code and not self._attach_target(row):
            has_errors = True
        recorded = self.recorded.get(row.draft.code)
        if recorded and not has_errors and has_same_content(row.draft, recorded):
            self.reading.skipped += 1
            return recorded
        errors = [*validation.errors(row.draft, self.context), *self._find_id_errors(row.draft)]
        for text in errors:
            self.reading.add_error(row.line, text)
        if errors or has_errors:
            return None
        return self._accept_row(row)

    def _attach_target(self, row: DraftRow) -> bool:
        """Give the draft the entry that it names; False where that is missing or has errors."""
        code = row.target_code
        target = self.recorded.get(code) or self.entries.get(code)
        if target is None:
            if code not in self.rows:
                text = _("There is no entry with the id “%(id)s”.")
                self.reading.add_error(row.line, text, id=code)
            # something sound stands in, so that the rest can be checked
            row.draft.to = Entry(kind="completed", recorded_day=row.draft.recorded_day)
            return False
        self._check_agrees(row, target)
        row.draft.to = target
        if row.draft.kind != entry_types.REDACTED:
            row.draft.ref = target.ref
            row.draft.instalment = target.instalment
        return True

    def _check_agrees(self, row: DraftRow, target: Entry) -> None:
        """What a row says of the entry that it names must be so."""
        draft = row.draft
        if draft.ref and draft.ref != target.ref:
            text = _("The entry “%(id)s” is about %(ref)s, not %(given)s.")
            self.reading.add_error(row.line, text, id=target.code, ref=target.ref, given=draft.ref)
        elif draft.instalment and draft.instalment != target.instalment:
            text = _("The entry “%(id)s” is not about instalment %(given)s.")
            self.reading.add_error(row.line, text, id=target.code, given=draft.instalment)

    def _find_id_errors(self, draft: Draft) -> Iterator[str]:
        if draft.code.startswith(EXAMPLE_PREFIX) and not self.context.taken_over:
            yield _(
                "This is a row of the template: delete it, or give it an id and facts of its own."
            )
        if draft.code in self.recorded:
            text = _("The id “%(id)s” is there already, with other content.")
            yield text % {"id": draft.code}

    def _accept_row(self, row: DraftRow) -> Entry:
        """Put the row behind those that were accepted before it; returns a stand-in for its entry,
        which the register will know by its code.
        """
        draft = row.draft
        for text in validation.warnings(draft, self.context):
            self.reading.add_warning(row.line, text)
        if self.side not in (None, draft.side):
            text = _("You load entries of your own side, %(side)s, only.")
            self.reading.add_error(row.line, text, side=self.side)
        self.context.remember(draft)
        self.reading.drafts.append(draft)
        return Entry(
            kind=draft.kind,
            ref=draft.ref,
            instalment=draft.instalment,
            recorded_day=draft.recorded_day,
            code=draft.code,
        )


def has_same_content(draft: Draft, entry: Entry) -> bool:
    if any(getattr(draft, name) != getattr(entry, name) for name in COMPARED_FIELDS):
        return False
    text = getattr(entry, "text", None) or EntryText()
    texts = {name: getattr(text, name) for name in TEXTS}
    draft_target = draft.to and draft.to.code
    entry_target = entry.to and entry.to.code
    return draft.texts == texts and draft_target == entry_target


# Cells


def read_draft(row: EntryRow, plan: Plan, report: FileReport, today: date = date.min) -> Draft:
    """The row as a draft. A cell that cannot be read is an error, and something sound stands in for
    it.
    """
    cells = row.cells
    if not cells["id"] or len(cells["id"]) > 64:
        report.add_error(row.line, _("Give each row an id of its own, of at most 64 characters."))
    recorded = _read_recorded(row, plan, report, today)
    draft = Draft(
        kind=cells["kind"],
        code=cells["id"],
        effective=cells["effective"],
        recorded_day=recorded.day,
        recorded_at=recorded.moment,
        ref=cells["ref"],
        instalment=_read_whole_number(row, "instalment", report),
        side=cells["side"],
        when=cells["to"],
        words=cells["words"],
        quantity=_read_whole_number(row, "quantity", report),
        amount=_read_amount(row, report),
        currency=cells["currency"],
        reason=cells["reason"],
        note=cells["note"],
        source=cells["source"],
    )
    if draft.kind in NAMING_KINDS:
        # `to` is the id of an entry, and a missing date that of recording
        draft.when = ""
        draft.effective = draft.effective or recorded.day.isoformat()
    if draft.kind == "moved":
        draft.decided_by = draft.words
        draft.words = ""
    return draft


@dataclass(frozen=True)
class Recorded:
    """When something was recorded: a day, and the moment where the file gives one."""

    day: date
    moment: datetime | None = None


def _read_recorded(row: EntryRow, plan: Plan, report: FileReport, today: date) -> Recorded:
    text = row.cells["recorded"]
    try:
        return _parse_recorded(text, plan)
    except (ValueError, OverflowError):
        message = _(
            "“%(text)s” is no day or time of recording: give 2014-11-05, or 2014-11-05T09:30+00:00 with its offset."
        )
        report.add_error(row.line, message, text=text)
        return Recorded(today)


def _parse_recorded(text: str, plan: Plan) -> Recorded:
    if len(text) == 10:
        day = date.fromisoformat(text)
        if day.isoformat() != text:
            raise ValueError("a date by week or without hyphens")
        return Recorded(day)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its offset")
    return Recorded(civil_day(moment, plan.timezone), moment.astimezone(UTC))


def _read_whole_number(row: EntryRow, column: str, report: FileReport) -> int | None:
    text = row.cells[column]
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= 12
    if is_number and 0 < int(text) <= 2_000_000_000:
        return int(text)
    message = _("%(name)s must be a whole number above zero, not “%(text)s”.")
    report.add_error(row.line, message, name=column, text=text)
    return 1


def _read_amount(row: EntryRow, report: FileReport) -> Decimal | None:
    text = row.cells["amount"]
    if not text:
        return None
    amount = parse_amount(text)
    if amount is None:
        message = _(
            "The amount “%(text)s” must be a plain number above zero with at most two decimals, such as 4000000.00."
        )
        report.add_error(row.line, message, text=text)
        return Decimal(1)
    return amount
