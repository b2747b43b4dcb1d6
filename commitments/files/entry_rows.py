"""The rows of an entries file, CSV or XLSX, as texts by column."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from commitments.files.errors import FileReport
from commitments.files.spreadsheet import TextRow, is_spreadsheet, read_sheet

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
    "words",
    "reason",
    "note",
    "source",
)
REQUIRED_COLUMNS = ("id", "ref", "kind", "effective", "recorded", "side")
LARGEST = 4 * 1024 * 1024
# the file bounds each cell, so that quotation marks are all that csv can complain about
csv.field_size_limit(LARGEST)


@dataclass(frozen=True)
class EntryRow:
    """`cells` has a text for each column, empty where the file has none."""

    line: int
    cells: dict[str, str]


def read_rows(content: bytes, report: FileReport) -> Iterator[EntryRow]:
    """The rows that hold anything, up to the first error that makes reading on pointless."""
    if len(content) > LARGEST:
        _refuse_size(1, report)
        return
    rows = _read_table(content, report)
    header = next(rows, TextRow(1, []))
    columns = [name.strip() for name in header.cells]
    if report.errors or not _is_header_sound(columns, report):
        return
    size = 0
    for row in rows:
        # XLSX is packed, so that its texts may be more than the file
        size += sum(map(len, row.cells))
        if size > LARGEST:
            _refuse_size(row.line, report)
            return
        if len(row.cells) > len(columns) or "\x00" in "".join(row.cells):
            text = _("There are more cells than columns, or a character that no text holds.")
            report.add_error(row.line, text)
        elif any(cell.strip() for cell in row.cells):
            yield _name_cells(row, columns)


def _refuse_size(line: int, report: FileReport) -> None:
    report.add_error(line, _("The file is larger than 4 MiB: load it in parts."))


def _read_table(content: bytes, report: FileReport) -> Iterator[TextRow]:
    if is_spreadsheet(content):
        return read_sheet(content, report)
    return _read_csv(content, report)


def _read_csv(content: bytes, report: FileReport) -> Iterator[TextRow]:
    """The records of a CSV file, each with the line on which it begins."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        report.add_error(line, _("This is not UTF-8: save the file as CSV in UTF-8."))
        return
    file = io.StringIO(text, newline="")
    records = csv.reader(file, delimiter=_find_delimiter(text), strict=True)
    line = 1
    try:
        for cells in records:
            yield TextRow(line, cells)
            line = records.line_num + 1
    except csv.Error:
        report.add_error(line, _("This is not CSV: a quotation mark is missing or misplaced."))


def _find_delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return ";" if header.count(";") > header.count(",") else ","


def _is_header_sound(columns: list[str], report: FileReport) -> bool:
    is_sound = set(REQUIRED_COLUMNS) <= set(columns) <= set(COLUMNS) and len(set(columns)) == len(
        columns
    )
    if not is_sound:
        text = _("The first line must name the columns, each once: %(columns)s.")
        report.add_error(1, text, columns=",".join(COLUMNS))
    return is_sound


def _name_cells(row: TextRow, columns: list[str]) -> EntryRow:
    cells = dict.fromkeys(COLUMNS, "")
    for column, cell in zip(columns, row.cells, strict=False):
        cells[column] = cell.strip()
    return EntryRow(row.line, cells)
