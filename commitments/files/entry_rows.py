"""The rows of an entries file, CSV or XLSX, as texts by column; and CSV as files are written here."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from commitments.files.errors import FileError, FileRefused, FileReport, refuse
from commitments.files.formula_marks import unmark_formulas
from commitments.files.spreadsheet import TextRow, read_sheet
from commitments.files.values import show_short
from commitments.text import name_odd_signs, plain_dashes, unify_line_ends, without_invisible

# a row to be written, in the order of the columns
Row = Sequence[object]
COLUMNS = (
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
    "to",
    "meeting",
    "due",
    "words",
    "reason",
    "note",
    "source",
)
# what only an export of a whole plan has besides; of which side the entry that is named is may be said in
# any file
TRAVELLING_COLUMNS = (*COLUMNS, "stated", "to_side")
REQUIRED_COLUMNS = ("id", "ref", "kind", "effective", "recorded", "side")
# whose values name something: a spreadsheet that keeps a number there shows 1.1 and 1.10 alike
NAMING_COLUMNS = ("id", "ref", "kind", "side", "currency", "to", "meeting", "words")
# in which a person writes sentences or names in any language
FREE_TEXT_COLUMNS = ("words", "reason", "note", "source")
# those in which an en dash can only mean a hyphen
COLUMNS_WITH_HYPHENS = ("ref", "kind", "effective", "recorded", "due")
# what the export of the register has besides
EXPORT_COLUMNS = ("plan", "on", "known", "number", "loaded", "hash")
DELIMITERS = ",;\t|"
# how a CSV file keeps a spreadsheet from reading a text such as 007 as a number
QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
LARGEST = 4 * 1024 * 1024
# more than that many sound rows are no file of 4 MiB
MOST_ROWS = 100_000
# Ctrl-Z and U+0000, with which programs of DOS fill a file up
FILLING = "\x1a\x00"
# of the columns of a first line that a message names
MOST_SHOWN = 20
# the file bounds each cell, so that quotation marks are all that csv can complain about
csv.field_size_limit(LARGEST)


@dataclass(frozen=True)
class EntryRow:
    """`cells` has a text for each column, empty where the file has none."""

    line: int
    cells: dict[str, str]


def read_rows(content: bytes, report: FileReport, *, as_typed: bool = True) -> Iterator[EntryRow]:
    """The rows that hold anything. Raises FileRefused at an error that makes reading on pointless.

    `as_typed`: the file was written by people or by a list of this site. Otherwise it is part of a
    whole plan, and its texts are taken as they are.
    """
    too_large = _("The file is larger than 4 MiB: load it in parts.")
    if len(content) > LARGEST:
        raise refuse(too_large, 1)
    rows = _read_table(content, report)
    header = next((row for row in rows if not row.is_empty), TextRow(1, []))
    if report.errors:
        return
    columns = _read_header(header)
    clean = _clean_cell if as_typed else _keep_cell
    size = count = 0
    for row in rows:
        # XLSX is packed, so that its texts may be more than the file
        size += sum(map(len, row.cells))
        if size > LARGEST:
            raise refuse(too_large, row.line)
        if row.is_empty:
            continue
        count += 1
        if count > MOST_ROWS:
            raise refuse(_("The file has more than 100,000 rows: load it in parts."), row.line)
        for text in _find_cell_errors(row, columns):
            report.add_error(row.line, text)
        texts = {
            column: clean(column, cell)
            for column, cell in zip(columns, row.cells, strict=False)
            if column
        }
        yield EntryRow(row.line, dict.fromkeys(TRAVELLING_COLUMNS, "") | texts)


def _read_table(content: bytes, report: FileReport) -> Iterator[TextRow]:
    # XLSX is a ZIP archive
    if content.startswith(b"PK"):
        return iter(read_sheet(content, report, is_header))
    # what Excel wrote until 2003, and what it writes under a password
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        text = _(
            "This is a spreadsheet of the old form XLS, or one under a password: save it as XLSX, without a password."
        )
        raise refuse(text, 1)
    return _read_csv(content)


def _read_csv(content: bytes) -> Iterator[TextRow]:
    """The records of a CSV file, each with the line on which it begins."""
    # what spreadsheets call Unicode text says by its first two bytes that it is UTF-16
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refuse(_say_not_utf_8(content, error.start), line) from None
    text = unify_line_ends(text.lstrip("\ufeff")).rstrip(FILLING)
    # UTF-16 and UTF-32 that do not say so
    if "\x00" in text.lstrip().split("\n", 1)[0]:
        raise refuse(_("This is not UTF-8: save the file as CSV in UTF-8."), 1)
    # by this line a spreadsheet is told what separates the cells, which the header shows anyway
    text = re.sub(r"\A\s*\"?sep=.\"?[ ;,\t|]*\n", "\n", text, flags=re.IGNORECASE)
    file = io.StringIO(text, newline="")
    records = csv.reader(file, delimiter=_find_delimiter(text), strict=True)
    line = 1
    try:
        for cells in records:
            if any(cell.strip(FILLING) for cell in cells):
                yield TextRow(line, cells)
            line = records.line_num + 1
    except csv.Error:
        text = _("This is not CSV: a quotation mark is missing or misplaced.")
        raise refuse(text, line) from None


def _say_not_utf_8(content: bytes, place: int) -> str:
    before = content[max(0, place - 80) : place].decode("utf-8", "ignore").split("\n")[-1]
    text = _(
        "This is not UTF-8: save the file as CSV in UTF-8. The byte %(byte)s stands behind “%(text)s”."
    )
    return text % {"byte": f"{content[place]:02X}", "text": before.strip()[-30:]}


def _find_delimiter(text: str) -> str:
    """The one with which the first line of any text names most columns."""
    header = text.lstrip().split("\n", 1)[0]

    def count_known(delimiter: str) -> int:
        return len(_find_known(header, delimiter))

    return max(DELIMITERS, key=count_known)


def _find_known(header: str, delimiter: str) -> set[str]:
    """The columns that a line names, if this separates them."""
    names = {name.strip().strip('"') for name in header.split(delimiter)}
    return {_clean_name(name) for name in names}.intersection(COLUMNS)


# Header


def is_header(cells: Sequence[str]) -> bool:
    return set(REQUIRED_COLUMNS) <= {_clean_name(cell) for cell in cells}


def _clean_name(cell: str) -> str:
    return without_invisible(cell).strip().lower()


def _read_header(row: TextRow) -> list[str]:
    """The names of the columns; empty ones for columns without a name. Raises FileRefused."""
    columns = [_clean_name(cell) for cell in row.cells]
    while columns and not columns[-1]:
        columns.pop()
    names = [name for name in columns if name]
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name for name in names if name not in TRAVELLING_COLUMNS]
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    errors = []
    if not set(names).intersection(COLUMNS):
        first = next((cell.strip() for cell in row.cells if cell.strip()), "")
        if any(len(_find_known(first, delimiter)) > 1 for delimiter in DELIMITERS):
            text = _(
                "All columns stand in one cell, “%(text)s”: give each its own, without quotation marks around the line."
            )
            raise refuse(text % {"text": first[:80]}, row.line)
        text = _(
            "The first line must name the columns, each once: %(columns)s. It begins with “%(text)s”."
        )
        raise refuse(text % {"columns": ",".join(COLUMNS), "text": first[:80]}, row.line)
    if missing:
        text = _("The first line lacks columns: %(names)s.")
        errors.append(text % {"names": ", ".join(missing)})
    if unknown:
        text = _("The first line has columns that are unknown: %(names)s. It can name %(columns)s.")
        if set(EXPORT_COLUMNS) <= set(unknown):
            text = _(
                "This is an export of the register: sort it by number, and delete the columns %(names)s and the rows "
                "of the kinds plan, terms and redacted."
            )
        names_shown = ", ".join(_show_name(name) for name in unknown[:MOST_SHOWN])
        errors.append(text % {"names": names_shown, "columns": ",".join(COLUMNS)})
    if repeated:
        text = _("The first line names a column twice: %(names)s.")
        names_shown = ", ".join(_show_name(name) for name in repeated[:MOST_SHOWN])
        errors.append(text % {"names": names_shown})
    if errors:
        raise FileRefused(FileError(row.line, text) for text in errors)
    return columns


def _show_name(name: str) -> str:
    """The name of a column, with the names of characters in it that look like others."""
    shown = show_short(name)[1:-1]
    signs = name_odd_signs(name[:80])
    return f"{shown} ({signs})" if signs else shown


# Cells


def _find_cell_errors(row: TextRow, columns: Sequence[str]) -> Iterator[str]:
    for place, cell in enumerate(row.cells):
        column = columns[place] if place < len(columns) else ""
        if not cell.strip():
            continue
        if not column:
            text = _("“%(text)s” stands in a column that has no name.")
            yield text % {"text": cell.strip()[:80]}
        if "\x00" in cell:
            text = _("“%(text)s” holds the character U+0000, which no text may hold.")
            yield text % {"text": _keep_cell(column, cell)[:80]}
        is_day = place in row.days and column != "to"
        if column in NAMING_COLUMNS and (place in row.numbers or is_day):
            text = _(
                "“%(text)s” in the column %(column)s is a number or a day for the spreadsheet, which may show it "
                "otherwise: format the column as text, and type it again."
            )
            yield text % {"text": cell[:80], "column": column}


def _clean_cell(column: str, cell: str) -> str:
    """A cell as it is meant: without the mark of a formula, without what nobody sees in a code."""
    text = unify_line_ends(_keep_cell(column, cell))
    formula = QUOTED_FORMULA.fullmatch(text)
    if formula:
        text = formula[1].replace('""', '"')
    if column in FREE_TEXT_COLUMNS:
        return unmark_formulas(text)
    text = without_invisible(unmark_formulas(text)).strip()
    if column in COLUMNS_WITH_HYPHENS:
        text = plain_dashes(text)
    if column == "kind":
        text = text.lower()
    if column in ("side", "currency"):
        text = text.upper()
    return unicodedata.normalize("NFC", text)


def _keep_cell(_column: str, cell: str) -> str:
    # a text with U+0000 is an error, and no database can look for one
    return cell.replace("\x00", "").strip()


def make_csv(header: Sequence[str], rows: Iterable[Row], *, line_end: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
