"""Past facts from a CSV or XLSX file: every fault at once with its line, all or nothing, idempotent
by id.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from commitments.files import spreadsheet
from commitments.files.errors import FileError
from commitments.files.toml import decimal
from commitments.models import Entry, EntryText, Evidence, Plan
from commitments.register import entry_types, services, validation
from commitments.register.entries import Draft, civil_day
from commitments.register.hash_chain import TEXTS
from commitments.register.validation import Context

P = ParamSpec("P")
T = TypeVar("T")

COLUMNS = (
    *(
        "id",
        "ref",
        "kind",
        "effective",
        "recorded",
        "side",
        "quantity",
        "amount",
        "currency",
        "instalment",
    ),
    *("to", "words", "reason", "note", "source"),
)
NAMING = ("withdrawn", "confirmed", "disputed", entry_types.REDACTED)
# the rows of the template, see entries_template
EXAMPLE = "example-"
LARGEST = 4 * 1024 * 1024
# the file bounds each cell, so that all that csv can find fault with is its quotation marks
csv.field_size_limit(LARGEST)


@dataclass
class Row:
    line: int
    cells: dict[str, str]
    draft: Draft


@dataclass
class Reading:
    """What a file holds: rows to append in order, errors, and warnings about what is merely
    unusual.
    """

    rows: list[Row] = field(default_factory=list)
    skipped: int = 0
    errors: list[FileError] = field(default_factory=list)
    warnings: list[FileError] = field(default_factory=list)

    def error(self, line: int, text: str) -> None:
        self.errors.append(FileError(line, text))

    def warn(self, line: int, text: str) -> None:
        self.warnings.append(FileError(line, text))


def load_entries(
    plan: Plan,
    content: bytes,
    *,
    now: datetime,
    by: int | None,
    check: bool = False,
    side: str | None = None,
    taken_over: bool = False,
    files: Mapping[str, tuple[Evidence, ...]] | None = None,
) -> Reading:
    """Read and append; nothing is written where there is a fault, or to check only. `side`: only
    rows of that side.

    `files`: those that entries carry, stored already, by the id of their entry.
    """
    with transaction.atomic():
        Plan.objects.lock(plan)
        context = Context(plan, civil_day(now, plan.timezone), taken_over=taken_over)
        reading = read(plan, content, context)
        for row in reading.rows if side is not None else []:
            if row.draft.side != side:
                reading.error(
                    row.line,
                    _("You load entries of your own side, %(side)s, only.") % {"side": side},
                )
        for row in reading.rows:
            row.draft.evidence = (files or {}).get(row.draft.code, ())
        if not (reading.errors or check) and reading.rows:
            services.append_and_project(
                plan, [row.draft for row in reading.rows], context=context, by=by, now=now
            )
    return reading


def read(plan: Plan, content: bytes, context: Context) -> Reading:
    reading = Reading()
    rows = list(_rows(content, reading))
    codes: dict[str, Row] = {}
    for row in list(rows):
        first = codes.setdefault(row.draft.code, row)
        if row.draft.code and first is not row and first.cells == row.cells:
            rows.remove(row)
            reading.skipped += 1
        elif row.draft.code and first is not row:
            reading.error(
                row.line,
                _("The id “%(id)s” stands twice, with other content.") % {"id": row.draft.code},
            )
    known = {
        entry.code: entry for entry in Entry.objects.filter(plan=plan).select_related("text", "to")
    }
    _parse_all(rows, context, codes, known, reading)
    _order(rows, codes, known, context, reading)
    reading.errors.sort()
    return reading


def _rows(content: bytes, reading: Reading) -> Iterator[Row]:
    if len(content) > LARGEST:
        reading.error(1, _("The file is larger than 4 MiB: load it in parts."))
        return
    sheet = spreadsheet.is_one(content)
    table = (
        spreadsheet.rows(content, reading.error, reading.warn)
        if sheet
        else _lines(content, reading)
    )
    names = [name.strip() for name in next(table, (1, []))[1]]
    if reading.errors or not _header_is_sound(names, reading):
        return
    size = 0
    for line, cells in table:
        size += sum(map(len, cells))
        if size > LARGEST:
            reading.error(line, _("The file is larger than 4 MiB: load it in parts."))
            return
        if len(cells) > len(names) or "\x00" in "".join(cells):
            reading.error(
                line, _("There are more cells than columns, or a character that no text holds.")
            )
        elif any(cell.strip() for cell in cells):
            named = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            row = {column: named.get(column, "") for column in COLUMNS}
            yield Row(
                line,
                row,
                Draft(kind=row["kind"], code=row["id"], effective="", recorded_day=date.min),
            )


def _lines(content: bytes, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV file, each with the line on which it begins."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        reading.error(line, _("This is not UTF-8: save the file as CSV in UTF-8."))
        return
    head = text.split("\n", 1)[0]
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=";" if head.count(";") > head.count(",") else ",",
        strict=True,
    )
    start = 1
    try:
        for cells in lines:
            line, start = start, lines.line_num + 1
            yield line, cells
    except csv.Error:
        reading.error(start, _("This is not CSV: a quotation mark is missing or misplaced."))


def _header_is_sound(names: list[str], reading: Reading) -> bool:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [
        name for name in ("id", "ref", "kind", "effective", "recorded", "side") if name not in names
    ]
    if unknown or missing or len(set(names)) < len(names):
        wanted = ",".join(COLUMNS)
        reading.error(
            1,
            _("The first line must name the columns, each once: %(columns)s.")
            % {"columns": wanted},
        )
    return not reading.errors


def _parse_all(
    rows: list[Row],
    context: Context,
    codes: dict[str, Row],
    known: dict[str, Entry],
    reading: Reading,
) -> None:
    for row in rows:
        row.draft = _draft(row, context.plan, reading, context.today)
        to = row.cells["to"]
        if row.draft.kind in NAMING and to and to not in codes and to not in known:
            reading.error(row.line, _("There is no entry with the id “%(id)s”.") % {"id": to})


def _draft(row: Row, plan: Plan, reading: Reading, today: date = date.min) -> Draft:
    """The row as a draft; a cell that cannot be read is a fault, and something sound stands in for
    it.
    """
    cells = row.cells
    kind = cells["kind"]

    def cell(reader: Callable[P, T], instead: T, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return reader(*args, **kwargs)
        except ValueError as error:
            reading.error(row.line, str(error))
            return instead

    if not cells["id"] or len(cells["id"]) > 64:
        reading.error(row.line, _("Give each row an id of its own, of at most 64 characters."))
    day, moment = cell(_recorded, (today, None), cells["recorded"], plan)
    return Draft(
        kind=kind,
        code=cells["id"],
        effective=cells["effective"] or (day.isoformat() if kind in NAMING else ""),
        recorded_day=day,
        recorded_at=moment,
        ref=cells["ref"],
        instalment=cell(_whole, 1, cells, "instalment"),
        side=cells["side"],
        when=cells["to"] if kind not in NAMING else "",
        words="" if kind == "moved" else cells["words"],
        decided_by=cells["words"] if kind == "moved" else "",
        quantity=cell(_whole, 1, cells, "quantity"),
        amount=cell(_amount, Decimal(1), cells["amount"]),
        currency=cells["currency"],
        reason=cells["reason"],
        note=cells["note"],
        source=cells["source"],
    )


def _recorded(text: str, plan: Plan) -> tuple[date, datetime | None]:
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            if day.isoformat() != text:  # a week date
                raise ValueError
            return day, None
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return civil_day(moment, plan.timezone), moment.astimezone(UTC)
    except (ValueError, OverflowError):
        right = _(
            "“%(text)s” is no day or time of recording: give 2014-11-05, or 2014-11-05T09:30+00:00 with its offset."
        )
        raise ValueError(right % {"text": text}) from None


def _whole(cells: dict[str, str], name: str) -> int | None:
    text = cells[name]
    if not text:
        return None
    if not (
        text.isascii()
        and text.isdigit()
        and 0 < int(text[:12]) <= 2_000_000_000
        and len(text) <= 12
    ):
        raise ValueError(
            _("%(name)s must be a whole number above zero, not “%(text)s”.")
            % {"name": name, "text": text}
        )
    return int(text)


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    amount = decimal(text)
    if amount is None:
        right = _(
            "The amount “%(text)s” must be a plain number above zero with at most two decimals, such as 4000000.00."
        )
        raise ValueError(right % {"text": text})
    return amount


def _order(
    rows: list[Row],
    codes: dict[str, Row],
    known: dict[str, Entry],
    context: Context,
    reading: Reading,
) -> None:
    """Check the rows and put each behind the one that it names; what is there already is skipped."""
    faulty = {error.line for error in reading.errors}
    placed: dict[str, Entry | None] = {}
    for start in rows:
        if codes[start.draft.code] is not start:
            _place(start, placed, known, context, reading, faulty=True)
            continue
        way = [start]
        while way and (named := codes.get(way[-1].cells["to"])) and way[-1].draft.kind in NAMING:
            if named in way:
                reading.error(start.line, _("These rows name each other in a circle."))
                way = []
            elif named.draft.code in placed:
                break
            else:
                way.append(named)
        for row in reversed(way):
            if row.draft.code not in placed:
                placed[row.draft.code] = _place(
                    row, placed, known, context, reading, faulty=row.line in faulty
                )


def _place(
    row: Row,
    placed: dict[str, Entry | None],
    known: dict[str, Entry],
    context: Context,
    reading: Reading,
    *,
    faulty: bool,
) -> Entry | None:
    """The entry that the row will be or is already; None where something is wrong with it."""
    draft = row.draft
    if draft.kind in NAMING and row.cells["to"]:
        draft.to = known.get(row.cells["to"]) or placed.get(row.cells["to"])
        if draft.to:
            _check_target(row, draft.to, reading)
            if draft.kind != entry_types.REDACTED:
                draft.ref, draft.instalment = draft.to.ref, draft.to.instalment
        else:
            # what it names is not there or has errors of its own, and that is said already
            draft.to, faulty = Entry(kind="completed", recorded_day=draft.recorded_day), True
    if not faulty and draft.code in known and not _differs(draft, known[draft.code]):
        reading.skipped += 1
        return known[draft.code]
    errors = validation.errors(draft, context)
    if draft.code.startswith(EXAMPLE) and not context.taken_over:
        errors.append(
            _("This is a row of the template: delete it, or give it an id and facts of its own.")
        )
    if draft.code in known:
        errors.append(
            _("The id “%(id)s” is there already, with other content.") % {"id": draft.code}
        )
    for error in errors:
        reading.error(row.line, error)
    if errors or faulty:
        return None
    reading.warnings += [
        FileError(row.line, warning) for warning in validation.warnings(draft, context)
    ]
    context.remember(draft)
    reading.rows.append(row)
    # stands for the entry until it is appended; the register knows it by its code
    return Entry(
        kind=draft.kind,
        ref=draft.ref,
        instalment=draft.instalment,
        recorded_day=draft.recorded_day,
        code=draft.code,
    )


def _check_target(row: Row, target: Entry, reading: Reading) -> None:
    """A row that says what the entry that it names is about says it rightly."""
    draft = row.draft
    if draft.ref and draft.ref != target.ref:
        text = _("The entry “%(id)s” is about %(ref)s, not %(given)s.")
        reading.error(row.line, text % {"id": target.code, "ref": target.ref, "given": draft.ref})
    elif draft.instalment and draft.instalment != target.instalment:
        text = _("The entry “%(id)s” is not about instalment %(given)s.")
        reading.error(row.line, text % {"id": target.code, "given": draft.instalment})


def _differs(draft: Draft, entry: Entry) -> bool:
    names = (
        *("kind", "ref", "instalment", "effective", "recorded_day", "recorded_at", "side", "when"),
        *("words", "quantity", "amount", "currency"),
    )
    if any(getattr(draft, name) != getattr(entry, name) for name in names):
        return True
    text = getattr(entry, "text", None) or EntryText()
    target = draft.to.code if draft.to else None
    return target != (entry.to.code if entry.to else None) or draft.texts != {
        name: getattr(text, name) for name in TEXTS
    }
