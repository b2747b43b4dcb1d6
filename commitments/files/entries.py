"""Past facts from a CSV or XLSX file: every error at once with its line, all or nothing.

A file can be loaded again: a row whose id is in the register already, with the same content, is
skipped.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from commitments.files.entry_rows import EntryRow, read_rows
from commitments.files.errors import FileRefused, FileReport, say_full
from commitments.files.values import parse_amount
from commitments.models import Entry, EntryText, Evidence, Plan
from commitments.register import entry_types, services, validation
from commitments.register.entries import Draft, civil_day
from commitments.register.hash_chain import TEXTS
from commitments.register.histories import in_parts
from commitments.register.validation import Context
from commitments.text import (
    fold,
    look_of,
    name_control_signs,
    name_odd_signs,
    name_sign,
    unify_line_ends,
)

# how the ids of the template's rows begin, see entries_template
EXAMPLE_PREFIX = "example-"
# the side of an entry and its id, which is unique to the side
EntryId = tuple[str, str]
# by side and id; where no side is known, by the id alone
FilesByEntry = dict[tuple[str | None, str], tuple[Evidence, ...]]
# what two entries of the same content have alike, beside their texts and the entry that they name
COMPARED_FIELDS = (
    "kind",
    "ref",
    "instalment",
    "effective",
    "side",
    "when",
    "quantity",
    "amount",
    "currency",
)


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
    def id(self) -> EntryId:
        return self.draft.side, self.draft.code

    @property
    def target_code(self) -> str:
        """The id of the entry that this one names; empty where it names none."""
        column = "to" if self.draft.kind in entry_types.kinds_with(names_entry=True) else "meeting"
        return self.cells[column]


@dataclass
class EntriesReading(FileReport):
    """The entries to append, in order, and how many rows are in the register already."""

    drafts: list[Draft] = field(default_factory=list)
    skipped: int = 0


def read_entry_file(content: bytes, *, as_typed: bool = True) -> EntryFile:
    """Takes time with a large file, so it is done before any lock or transaction.

    Texts of a file that is part of a whole plan are not `as_typed`, but exact.
    """
    file = EntryFile()
    try:
        for row in read_rows(content, file, as_typed=as_typed):
            file.rows.append(row)
            if file.is_full:
                break
    except FileRefused as refused:
        file.errors += refused.errors
    return file


def load_entries(
    plan: Plan,
    content: bytes,
    *,
    now: datetime,
    by: int | None,
    check: bool = False,
    side: str | None = None,
) -> EntriesReading:
    """Read a file and append its entries; nothing of it where there is any error. `side` as in
    `append_rows`.
    """
    return append_rows(plan, read_entry_file(content), now=now, by=by, check=check, side=side)


def append_rows(
    plan: Plan,
    file: EntryFile,
    *,
    now: datetime,
    by: int | None,
    check: bool = False,
    side: str | None = None,
    taken_over: bool = False,
    evidence: FilesByEntry | None = None,
) -> EntriesReading:
    """Append what the register lacks; nothing where there is any error, or only to check.

    `side`: rows of another side are errors; an open plan takes the rows of one side alone, and what
    they say of the time of recording decides nothing. `taken_over`: the entries come from another
    site.
    `evidence`: the files that entries carry, stored already.
    """
    files = evidence or {}
    with transaction.atomic():
        Plan.objects.lock(plan)
        context = Context(plan, civil_day(now, plan.timezone), taken_over=taken_over)
        reading = RowChecker(file, context, side).check()
        if context.is_open and not taken_over:
            if side is None:
                reading.add_error(
                    1, _("The plan is open: say of which side the rows of a file are.")
                )
            reading.drafts = [record_at_loading(draft, plan, now) for draft in reading.drafts]
        for draft in reading.drafts:
            for side_of_entry in (draft.side, None):
                draft.evidence = draft.evidence or files.get((side_of_entry, draft.code), ())
        if reading.drafts and not check and not reading.errors:
            services.append_and_project(plan, reading.drafts, context=context, by=by, now=now)
    return reading


def record_at_loading(draft: Draft, plan: Plan, now: datetime) -> Draft:
    """A draft that is recorded now; what its row says of that is only kept."""
    return replace(
        draft,
        recorded_day=civil_day(now, plan.timezone),
        recorded_at=now,
        stated_recorded=format_recorded(draft),
    )


def format_recorded(fact: Draft | Entry) -> str:
    """The time of recording in UTC; the day where no time is known."""
    if fact.recorded_at is None:
        return fact.recorded_day.isoformat()
    return fact.recorded_at.astimezone(UTC).isoformat()


def _make_stand_in(draft: Draft) -> Entry:
    """Something sound for an entry that is missing or has errors, so that the rest is checked."""
    kind = "completed"
    if entry_types.names_meeting(draft.kind):
        kind = entry_types.MEETING
    elif draft.kind == entry_types.ANSWER:
        kind = entry_types.QUESTION
    return Entry(kind=kind, words=draft.side, recorded_day=draft.recorded_day)


class RowChecker:
    """Checks the rows of one file, each behind the one that it names.

    `entries` has what each checked row is or will be, by side and id: the entry in the register, a stand-in
    for one that is yet to be appended, or None where the row has errors.
    """

    def __init__(self, file: EntryFile, context: Context, side: str | None) -> None:
        self.context = context
        self.side = side
        self.reading = EntriesReading(list(file.errors), list(file.warnings))
        self.rows: dict[EntryId, DraftRow] = {}
        self.without_own_id: list[DraftRow] = []
        self._read_rows(file.rows)
        self.lines_with_errors = {error.line for error in self.reading.errors}
        self.recorded = self._find_recorded()
        self.sides: defaultdict[str, set[str]] = defaultdict(set)
        for side_of_code, code in (*self.rows, *self.recorded):
            self.sides[code].add(side_of_code)
        self.codes_by_look: defaultdict[str, set[str]] = defaultdict(set)
        for code in self.sides:
            self.codes_by_look[look_of(code)].add(code)
        self.entries: dict[EntryId, Entry | None] = {}

    def check(self) -> EntriesReading:
        """The errors in the order of the lines; the first ones of a file that has too many."""
        if not self.reading.is_full:
            self._check_rows()
        self.reading.errors.sort()
        if self.reading.is_full:
            self.reading.add_error(self.reading.errors[-1].line, say_full())
        return self.reading

    def _check_rows(self) -> None:
        """Rows without an id of their own come last: they are errors in any case."""
        for row in self._sort_rows():
            self.entries[row.id] = self._check_row(row)
            if self.reading.is_full:
                return
        for row in self.without_own_id:
            self._check_row(row)
            if self.reading.is_full:
                return

    def _read_rows(self, rows: Iterable[EntryRow]) -> None:
        """Each id once, in `rows`. What has none, or repeats one with other content, is in
        `without_own_id`.
        """
        for row in rows:
            if self.reading.is_full:
                return
            code = row.cells["id"]
            first = self.rows.get((row.cells["side"], code))
            if first and first.cells == row.cells:
                self.reading.skipped += 1
                continue
            draft = read_draft(row, self.context.plan, self.reading, self.context.today)
            draft.ref = self.context.refs_by_casefold.get(draft.ref.casefold(), draft.ref)
            draft_row = DraftRow(row.line, row.cells, draft)
            if code and first is None:
                self.rows[draft_row.id] = draft_row
                continue
            self.without_own_id.append(draft_row)
            if code:
                text = _("The id “%(id)s” stands twice, with other content.")
                self.reading.add_error(row.line, text, id=code)

    def _find_recorded(self) -> dict[EntryId, Entry]:
        """The entries of the register that the rows name or repeat, by side and id; in queries of a
        bounded size.
        """
        rows = [*self.rows.values(), *self.without_own_id]
        codes = {row.draft.code for row in rows} | {row.target_code for row in rows}
        codes |= {look_of(code) for code in codes}
        entries = Entry.objects.filter(plan=self.context.plan).select_related("text", "to")
        recorded: dict[EntryId, Entry] = {}
        for part in in_parts(codes):
            for entry in entries.filter(code__in=part):
                recorded[entry.side, entry.code] = entry
        return recorded

    def _id_of_target(self, row: DraftRow) -> EntryId | None:
        """The side and id of the entry that the row names; None where several sides have that id,
        and the row does not say of which it is. A side withdraws its own.
        """
        code = row.target_code
        sides = self.sides[code]
        stated = row.cells["to_side"]
        if stated in sides and stated:
            return stated, code
        if row.draft.kind == "withdrawn" and row.draft.side in sides:
            return row.draft.side, code
        if len(sides) > 1:
            return None
        return next(iter(sides), ""), code

    def _sort_rows(self) -> list[DraftRow]:
        """Each row behind the one that it names. Rows that name each other in a circle are left
        out, and so are those that lead there: all of them are errors.
        """
        ordered: dict[EntryId, DraftRow] = {}
        circular: set[EntryId | None] = set()
        for start in self.rows:
            chain: dict[EntryId, DraftRow] = {}
            target: EntryId | None = start
            while target in self.rows:
                if target in chain or target in ordered or target in circular:
                    break
                row = self.rows[target]
                chain[target] = row
                target = self._id_of_target(row) if row.target_code else None
            if target in chain or target in circular:
                circular.update(chain)
                for row in chain.values():
                    text = _("These rows name each other in a circle.")
                    self.reading.add_error(row.line, text)
            else:
                ordered.update(reversed(chain.items()))
        return list(ordered.values())

    def _check_row(self, row: DraftRow) -> Entry | None:
        has_errors = row.line in self.lines_with_errors
        if not self.context.taken_over:
            self.context.adopt_spelling(row.draft)
        if row.target_code and not self._attach_target(row):
            has_errors = True
        recorded = self.recorded.get(row.id)
        if recorded and not has_errors and has_same_content(row.draft, recorded):
            self.reading.skipped += 1
            return recorded
        errors = [
            *validation.errors(row.draft, self.context),
            *self._find_side_errors(row.draft),
            *self._find_id_errors(row.draft),
        ]
        if row.cells["meeting"] and not entry_types.takes_meeting(row.draft.kind):
            text = _("“%(kind)s” does not take %(field)s.")
            errors.append(text % {"kind": row.draft.kind, "field": _("a meeting")})
        for text in errors:
            self.reading.add_error(row.line, text)
        if errors or has_errors:
            return None
        return self._accept_row(row)

    def _attach_target(self, row: DraftRow) -> bool:
        """Give the draft the entry that it names; False where that is missing or has errors."""
        code = row.target_code
        names_meeting = entry_types.names_meeting(row.draft.kind)
        named = self._id_of_target(row)
        target = (self.recorded.get(named) or self.entries.get(named)) if named else None
        if target is None:
            if named is None:
                text = _(
                    "Several sides have an entry with the id “%(id)s”: say in to_side of which."
                )
                self.reading.add_error(row.line, text, id=code)
            elif named not in self.rows:
                text = _("There is no entry with the id “%(id)s”.")
                self.reading.add_error(row.line, text, id=code)
                for text in self._find_look_alikes(code):
                    self.reading.add_error(row.line, text)
            row.draft.to = _make_stand_in(row.draft)
            return False
        row.draft.to = target
        if names_meeting:
            return True
        self._check_agrees(row, target)
        if row.draft.kind not in entry_types.kinds_with(origin=entry_types.Origin.PROCEDURE):
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

    def _find_side_errors(self, draft: Draft) -> Iterator[str]:
        """A file of one side withdraws its own word, or what is the word of no side."""
        target = draft.to
        if self.side is None or draft.kind != "withdrawn" or target is None:
            return
        if target.side not in ("", self.side):
            yield _(
                "The entry “%(id)s” is the word of %(side)s: only that side can withdraw it."
            ) % {"id": target.code, "side": target.side}

    def _find_id_errors(self, draft: Draft) -> Iterator[str]:
        if draft.code.startswith(EXAMPLE_PREFIX) and not self.context.taken_over:
            yield _(
                "This is a row of the template: delete it, or give it an id and facts of its own."
            )
        if draft.stated_recorded and not self.context.taken_over:
            yield _("“%(name)s” is a column of the export of a whole plan alone.") % {
                "name": "stated"
            }
        if (draft.side, draft.code) in self.recorded:
            text = _("The id “%(id)s” is there already, with other content.")
            yield text % {"id": draft.code}
        elif not self.context.taken_over:
            yield from self._find_look_alikes(draft.code)
            signs = name_control_signs(draft.code)
            if signs:
                text = _("“%(text)s” holds %(signs)s.")
                shown = "".join(sign if sign.isprintable() else " " for sign in draft.code)
                yield text % {"text": shown, "signs": signs}

    def _find_look_alikes(self, code: str) -> Iterator[str]:
        """Ids of the register and of the file that nobody can tell from this one."""
        for other in sorted(self.codes_by_look[look_of(code)] - {code}):
            text = _(
                "The id “%(id)s” looks like “%(other)s”, but is written with other signs: %(signs)s."
            )
            signs = ", ".join(map(name_sign, sorted({*code} ^ {*other})))
            yield text % {"id": code, "other": other, "signs": signs}

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
            side=draft.side,
            recorded_day=draft.recorded_day,
            code=draft.code,
            words=draft.words,
        )


def has_same_content(draft: Draft, entry: Entry) -> bool:
    if any(getattr(draft, name) != getattr(entry, name) for name in COMPARED_FIELDS):
        return False
    # what was recorded before may have a look-alike of the plan's spelling
    if fold(draft.words) != fold(entry.words):
        return False
    # a file may give what an earlier one stated, or what an export says of the same entry
    if format_recorded(draft) not in (entry.stated_recorded, format_recorded(entry)):
        return False
    text = getattr(entry, "text", None) or EntryText()
    texts = {name: unify_line_ends(getattr(text, name)) for name in TEXTS}
    draft_target = draft.to and (draft.to.side, draft.to.code)
    entry_target = entry.to and (entry.to.side, entry.to.code)
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
        stated_recorded=cells["stated"] or None,
        ref=cells["ref"],
        instalment=_read_whole_number(row, "instalment", report),
        side=cells["side"],
        when=cells["to"],
        words=cells["words"],
        quantity=_read_whole_number(row, "quantity", report, least=int(cells["kind"] != "reading")),
        amount=_read_amount(row, report),
        currency=cells["currency"],
        reason=cells["reason"],
        note=cells["note"],
        source=cells["source"],
    )
    if draft.kind in entry_types.kinds_with(names_entry=True):
        # `to` is the id of an entry, and a missing date that of recording
        draft.when = cells["due"]
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
    if not text:
        report.add_error(row.line, _("The column %(column)s is empty."), column="recorded")
        return Recorded(today)
    try:
        return _parse_recorded(text, plan)
    except (ValueError, OverflowError):
        message = _(
            "“%(text)s” is no day or time of recording: give 2014-11-05, or 2014-11-05T09:30+00:00 with its offset."
        )
        report.add_error(row.line, message, text=text)
        signs = name_odd_signs(text)
        if signs:
            report.add_error(row.line, _("“%(text)s” holds %(signs)s."), text=text, signs=signs)
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


def _read_whole_number(
    row: EntryRow, column: str, report: FileReport, *, least: int = 1
) -> int | None:
    text = row.cells[column]
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= 12
    if is_number and least <= int(text) <= 2_000_000_000:
        return int(text)
    message = _("%(name)s must be a whole number above zero, not “%(text)s”.")
    if least == 0:
        message = _("%(name)s must be a whole number, 0 or more, not “%(text)s”.")
    report.add_error(row.line, message, name=column, text=text)
    return 1


def _read_amount(row: EntryRow, report: FileReport) -> Decimal | None:
    text = row.cells["amount"]
    if not text:
        return None
    amount = parse_amount(text)
    if amount is None:
        message = _("The amount “%(text)s” must be a plain number above zero, such as 4000000.00.")
        report.add_error(row.line, message, text=text)
        return Decimal(1)
    return amount
