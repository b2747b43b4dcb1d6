"""The first sheet of an XLSX file as rows of texts: bounded, without formulas, dates as precise as
they are shown.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

Say = Callable[[int, str], None]
# unpacked; a real sheet of 4 MiB of texts stays far below
LARGEST, MEMBERS, COLUMNS, ROWS = 12 * 1024 * 1024, 200, 40, 20_000


def is_one(content: bytes) -> bool:
    return content.startswith(b"PK")


def rows(content: bytes, fault: Say, warn: Say) -> Iterator[tuple[int, list[str]]]:
    """The number and the texts of each row that has any; what cannot be read is told to `fault`
    with its row.
    """
    from openpyxl import load_workbook  # 15 MiB that a web process seldom needs

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS or sum(member.file_size for member in members) > LARGEST:
                fault(
                    1,
                    _("The spreadsheet unpacks to more than 12 MiB: load it in parts, or as CSV."),
                )
                return
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheet = _sheet(book, fault, warn)
            if sheet is None or _has_merged_cells(archive, sheet, fault):
                return
            yield from _texts(sheet, fault)
    except Exception:  # whatever a broken archive or its XML makes the libraries raise
        fault(
            1,
            _("This is no XLSX file that can be read: save it again as XLSX, or as CSV in UTF-8."),
        )


def _sheet(book: Any, fault: Say, warn: Say) -> Any:
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        fault(1, _("The spreadsheet has no visible sheet: show the one with the entries."))
        return None
    if others := [sheet.title for sheet in book.worksheets if sheet is not visible[0]]:
        names = {"read": visible[0].title, "others": ", ".join(others)}
        warn(1, _("only the sheet “%(read)s” is read, not %(others)s") % names)
    return visible[0]


def _has_merged_cells(archive: zipfile.ZipFile, sheet: Any, fault: Say) -> bool:
    """Only the first of merged cells has a value, and nothing says whether the others were meant to
    have it.
    """
    merged = b"mergeCell" in archive.read(sheet._worksheet_path.lstrip("/"))
    if merged:
        fault(1, _("The sheet has merged cells: split them, and give each row its own values."))
    return merged


def _texts(sheet: Any, fault: Say) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS), 1):
        texts = [_text(cell, number, fault) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts and number > ROWS:
            fault(number, _("The sheet has more than 20,000 rows: load it in parts."))
            return
        if texts:
            yield number, texts


def _text(cell: Any, number: int, fault: Say) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        fault(
            number,
            _("The cell %(cell)s holds a formula: put its value there.")
            % {"cell": cell.coordinate},
        )
        return ""
    if cell.data_type == "e":
        fault(
            number,
            _("The cell %(cell)s holds an error of the spreadsheet.") % {"cell": cell.coordinate},
        )
        return ""
    if isinstance(value, datetime):
        return _moment(value, cell.number_format)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        # what a spreadsheet adds in the last places of a binary number is not meant
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(value: datetime, number_format: str) -> str:
    """A spreadsheet makes the first of October of what was typed as October, and shows it as a
    month.
    """
    shown = re.sub(r'\[[^\]]*\]|"[^"]*"|\\.', "", number_format).lower()
    if "y" in shown and not set("dhs") & set(shown):
        return f"{value:%Y-%m}" if "m" in shown else f"{value:%Y}"
    return value.date().isoformat() if value.time() == time() else value.isoformat()
