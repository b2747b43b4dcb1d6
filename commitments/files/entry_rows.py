"""The rows of an entries file, CSV or XLSX, as texts by column; and CSV as files are written here."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from commitments.files.errors import FileReport, refuse
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
    """The rows that hold anything. Raises FileRefused at an error that makes reading on pointless."""
    too_large = _("The file is larger than 4 MiB: load it in parts.")
    if len(content) > LARGEST:
        raise refuse(too_large, 1)
    # XLSX is a ZIP archive
    rows = read_sheet(content, report) if content.startswith(b"PK") else _read_csv(content)
    header = next(rows, TextRow(1, []))
    columns = [name.strip() for name in header.cells]
    if report.errors:
        return
    _check_header(columns)
    size = 0
    for row in rows:
        # XLSX is packed, so that its texts may be more than the file
        size += sum(map(len, row.cells))
        if size > LARGEST:
            raise refuse(too_large, row.line)
        texts = [cell.strip() for cell in row.cells]
        if len(texts) > len(columns) or "\x00" in "".join(row.cells):
            text = _("There are more cells than columns, or a character that no text holds.")
            report.add_error(row.line, text)
        elif any(texts):
            cells = dict(zip(columns, texts, strict=False))
            yield EntryRow(row.line, dict.fromkeys(COLUMNS, "") | cells)


def _read_csv(content: bytes) -> Iterator[TextRow]:
    """The records of a CSV file, each with the line on which it begins."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refuse(_("This is not UTF-8: save the file as CSV in UTF-8."), line) from None
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
        text = _("This is not CSV: a quotation mark is missing or misplaced.")
        raise refuse(text, line) from None


def _check_header(columns: list[str]) -> None:
    names = set(columns)
    has_all = set(REQUIRED_COLUMNS) <= names <= set(COLUMNS)
    if not has_all or len(names) < len(columns):
        text = _("The first line must name the columns, each once: %(columns)s.")
        raise refuse(text % {"columns": ",".join(COLUMNS)}, 1)


def make_csv(header: Sequence[str], rows: Iterable[Row], *, line_end: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
