"""The rows of an entries file, CSV or XLSX, as texts by column; and CSV as files are written here."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from commitments.files.errors import FileReport
from commitments.files.spreadsheet import TextRow, read_sheet

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
    too_large = _("The file is larger than 4 MiB: load it in parts.")
    if len(content) > LARGEST:
        report.add_error(1, too_large)
        return
    # XLSX is a ZIP archive
    read_table = read_sheet if content.startswith(b"PK") else _read_csv
    rows = read_table(content, report)
    header = next(rows, TextRow(1, []))
    columns = [name.strip() for name in header.cells]
    if report.errors or not _is_header_sound(columns, report):
        return
    size = 0
    for row in rows:
        # XLSX is packed, so that its texts may be more than the file
        size += sum(map(len, row.cells))
        if size > LARGEST:
            report.add_error(row.line, too_large)
            return
        if len(row.cells) > len(columns) or "\x00" in "".join(row.cells):
            text = _("There are more cells than columns, or a character that no text holds.")
            report.add_error(row.line, text)
        elif any(cell.strip() for cell in row.cells):
            texts = [cell.strip() for cell in row.cells]
            cells = dict(zip(columns, texts, strict=False))
            yield EntryRow(row.line, dict.fromkeys(COLUMNS, "") | cells)


def _read_csv(content: bytes, report: FileReport) -> Iterator[TextRow]:
    """The records of a CSV file, each with the line on which it begins."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        report.add_error(line, _("This is not UTF-8: save the file as CSV in UTF-8."))
        return
    file = io.StringIO(text, newline="")
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    records = csv.reader(file, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in records:
            yield TextRow(line, cells)
            line = records.line_num + 1
    except csv.Error:
        report.add_error(line, _("This is not CSV: a quotation mark is missing or misplaced."))


def _is_header_sound(columns: list[str], report: FileReport) -> bool:
    names = set(columns)
    is_sound = set(REQUIRED_COLUMNS) <= names <= set(COLUMNS) and len(names) == len(columns)
    if not is_sound:
        text = _("The first line must name the columns, each once: %(columns)s.")
        report.add_error(1, text, columns=",".join(COLUMNS))
    return is_sound


def make_csv(header: Sequence[str], rows: Iterable[Row], *, line_end: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
