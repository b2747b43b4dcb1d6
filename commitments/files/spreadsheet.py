"""The first sheet of an XLSX file as rows of texts: bounded, without formulas, dates as precise as
they are shown.

openpyxl reads the file. python-calamine would be faster, but tells neither formulas nor the formats
in which dates are shown.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commitments.files.errors import FileRefused, FileReport, refuse

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# of all members together, unpacked; a real sheet of 4 MiB of texts stays far below
LARGEST = 12 * 1024 * 1024
MOST_MEMBERS = 200
MOST_COLUMNS = 40
MOST_ROWS = 20_000
# what is wrong with a cell of these types of openpyxl
UNREADABLE_CELLS = {
    "f": gettext_noop("The cell %(cell)s holds a formula: put its value there."),
    "e": gettext_noop("The cell %(cell)s holds an error of the spreadsheet."),
}


@dataclass(frozen=True)
class TextRow:
    """A row of a table, and the line or row of the file on which it begins."""

    line: int
    cells: list[str]


def read_sheet(content: bytes, report: FileReport) -> Iterator[TextRow]:
    """Each row that has any text, without empty cells at its end; raises FileRefused."""
    from openpyxl import load_workbook  # 15 MiB that a web process seldom needs

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_size(archive)
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheet = _choose_sheet(book, report)
            _refuse_merged_cells(archive, sheet)
            yield from _iter_rows(sheet, report)
    except FileRefused:
        raise
    except Exception:  # whatever a broken archive or its XML makes the libraries raise
        text = _(
            "This is no XLSX file that can be read: save it again as XLSX, or as CSV in UTF-8."
        )
        raise refuse(text, 1) from None


def _check_size(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or size > LARGEST:
        text = _("The spreadsheet unpacks to more than 12 MiB: load it in parts, or as CSV.")
        raise refuse(text, 1)


def _choose_sheet(book: "Workbook", report: FileReport) -> "Worksheet":
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        text = _("The spreadsheet has no visible sheet: show the one with the entries.")
        raise refuse(text, 1)
    chosen = visible[0]
    others = [str(sheet.title) for sheet in book.worksheets if sheet is not chosen]
    if others:
        text = _("only the sheet “%(read)s” is read, not %(others)s")
        names = {"read": chosen.title, "others": ", ".join(others)}
        report.add_warning(1, text % names)
    return chosen


def _refuse_merged_cells(archive: zipfile.ZipFile, sheet: "Worksheet") -> None:
    """Only the first of merged cells has a value, and nothing says whether the others were meant to
    have it.
    """
    # A sheet that is read row by row has no list of merged cells. Its path has no public name.
    path: str = sheet._worksheet_path  # type: ignore[attr-defined]
    if b"mergeCell" in archive.read(path.lstrip("/")):
        text = _("The sheet has merged cells: split them, and give each row its own values.")
        raise refuse(text, 1)


def _iter_rows(sheet: "Worksheet", report: FileReport) -> Iterator[TextRow]:
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        texts = [_read_cell(cell, number, report) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts and number > MOST_ROWS:
            raise refuse(_("The sheet has more than 20,000 rows: load it in parts."), number)
        if texts:
            yield TextRow(number, texts)


def _read_cell(cell: "Cell | MergedCell", line: int, report: FileReport) -> str:
    if cell.value is None:
        return ""
    if cell.data_type in UNREADABLE_CELLS:
        text = _(UNREADABLE_CELLS[cell.data_type])
        report.add_error(line, text, cell=cell.coordinate)
        return ""
    return _write_value(cell.value, cell.number_format)


def _write_value(value: object, number_format: str) -> str:
    """The value of a cell as somebody would write it in a CSV file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return _write_moment(value, number_format)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        # what a spreadsheet adds in the last places of a binary number is not meant
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return str(value)


def _write_moment(value: datetime, number_format: str) -> str:
    """A spreadsheet makes the first of October of what was typed as October, and shows it as a
    month.
    """
    shown = re.sub(r'\[[^\]]*\]|"[^"]*"|\\.', "", number_format).lower()
    shows_day_or_time = any(letter in shown for letter in "dhs")
    if "y" in shown and not shows_day_or_time:
        return f"{value:%Y-%m}" if "m" in shown else f"{value:%Y}"
    if value.time() == time():
        return value.date().isoformat()
    return value.isoformat()
