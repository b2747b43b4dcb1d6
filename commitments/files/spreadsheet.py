"""One sheet of an XLSX file as rows of texts: bounded, without formulas, dates as precise as they are
shown.

openpyxl reads the file. python-calamine would be faster, but tells neither formulas nor the formats
in which dates are shown. Nothing is believed that a file says of its own size: how far a sheet goes,
and in which order its rows and cells stand, is looked at before openpyxl reads it.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING
from xml.parsers import expat

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commitments.files.errors import FileError, FileRefused, FileReport, refuse

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# of all members together, unpacked; a real sheet of 4 MiB of texts stays far below
LARGEST = 12 * 1024 * 1024
# of each member that is no sheet and no list of texts, such as that of the formats
LARGEST_PART = 1024 * 1024
MOST_MEMBERS = 200
MOST_COLUMNS = 40
MOST_ROWS = 20_000
# the last row that a sheet can have
LAST_ROW = 1_048_576
# other ways of packing can unpack a little into a lot at once
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# the names of the stricter form of the format, and those that openpyxl knows
STRICT_NAMES = {
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
}
# parts that say nothing of cells; programs write some of them wrongly, and openpyxl would read them
UNREAD_PARTS = ("docProps/", "xl/chartsheets/")
# a character in place of which its number stands
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# what is wrong with a cell of these types of openpyxl
UNREADABLE_CELLS = {
    "f": gettext_noop("The cell %(cell)s holds a formula: put its value there."),
    "e": gettext_noop("The cell %(cell)s holds an error of the spreadsheet."),
}


@dataclass(frozen=True)
class TextRow:
    """A row of a table, and the line or row of the file on which it begins.

    `numbers` and `days` are the places of cells that hold a number or a day in place of a text.
    """

    line: int
    cells: list[str]
    numbers: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


class UnsoundSheet(Exception):
    """The parts of the sheet do not stand in their order."""


@dataclass
class SheetShape:
    """What a sheet holds where, before openpyxl reads it: fed by a parser, element by element.

    `filled` has the numbers of the rows with any value, and for each a bit for each such column;
    `beyond` the cells with one outside of the columns that are read.
    """

    filled: dict[int, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)
    has_merged_cells: bool = False
    last_column: int = 0
    row: int = 0
    column: int = 0
    in_cell: bool = False
    is_shared: bool = False

    def begin_element(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            column = _find_column(attributes.get("r", ""), self.column)
            if column <= self.column:
                raise UnsoundSheet("cells out of order")
            self.column = column
            self.in_cell = True
            self.is_shared = attributes.get("t") == "s"
        elif name == "row":
            number = int(attributes.get("r", self.row + 1))
            if not self.row < number <= LAST_ROW:
                raise UnsoundSheet("a row beyond the last one, or out of order")
            self.row = number
            self.column = 0
        elif name == "f":
            # a formula that is shared with other cells has no text of its own
            self.add_text("=")
        elif name == "mergeCell":
            self.has_merged_cells = True

    def end_element(self, name: str) -> None:
        if name.rpartition(":")[2] == "c":
            self.in_cell = False

    def add_text(self, text: str) -> None:
        if not self.in_cell or text.isspace():
            return
        # the number of a text in the list of all texts, which Python would count from the end
        if self.is_shared and "-" in text:
            raise UnsoundSheet("a text with a number below zero")
        self.last_column = max(self.last_column, self.column)
        self.filled.setdefault(self.row, 0)
        if self.column <= MOST_COLUMNS:
            self.filled[self.row] |= 1 << self.column
        else:
            from openpyxl.utils.cell import get_column_letter  # as in read_sheet

            self.beyond[f"{get_column_letter(self.column)}{self.row}"] = self.row


def _find_column(place: str, before: int) -> int:
    """The number of the column of AZ5, say; that behind the one before where a cell has no place."""
    if not place:
        return before + 1
    column = 0
    for letter in place.upper().rstrip("0123456789"):
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def read_sheet(
    content: bytes, report: FileReport, is_header: Callable[[Sequence[str]], bool]
) -> list[TextRow]:
    """Each row that has any text, without empty cells at its end; raises FileRefused.

    Of several sheets the first one is read that begins with a header.
    """
    from openpyxl import load_workbook  # 15 MiB that a web process seldom needs

    try:
        with warnings.catch_warnings():
            # openpyxl warns of parts that it leaves out
            warnings.simplefilter("ignore")
            archive = _open_archive(content)
            book = load_workbook(archive.fp, read_only=True, keep_links=False)  # type: ignore[arg-type]
            sheet = _choose_sheet(archive, book, report, is_header)
            shape = _look_over(archive, sheet)
            _check_shape(shape)
            return list(_iter_rows(sheet, shape, report))
    except FileRefused:
        raise
    except Exception:  # whatever a broken archive or its XML makes the libraries raise
        text = _(
            "This is no XLSX file that can be read: save it again as XLSX, or as CSV in UTF-8."
        )
        raise refuse(text, 1) from None


def _open_archive(content: bytes) -> zipfile.ZipFile:
    """The archive with the names that openpyxl knows; raises FileRefused for one too large."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = archive.infolist()
    if len({member.filename for member in members}) < len(members):
        raise UnsoundSheet("two members of one name")
    if any(member.compress_type not in PACKINGS for member in members):
        raise UnsoundSheet("packed otherwise than spreadsheets are")
    size = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or size > LARGEST:
        text = _("The spreadsheet unpacks to more than 12 MiB: load it in parts, or as CSV.")
        raise refuse(text, 1)
    for member in members:
        is_large = re.search(r"sheet|sharedStrings|media/", member.filename)
        if member.file_size > LARGEST_PART and not is_large:
            text = _("The part “%(name)s” of the spreadsheet is too large: save it as CSV.")
            raise refuse(text % {"name": member.filename}, 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as usual:
        for member in members:
            part = archive.read(member)
            if not member.filename.startswith(UNREAD_PARTS):
                usual.writestr(member.filename, _rename_strict(part))
    return zipfile.ZipFile(file)


def _rename_strict(part: bytes) -> bytes:
    for strict, usual in STRICT_NAMES.items():
        part = part.replace(strict, usual)
    return part


def _choose_sheet(
    archive: zipfile.ZipFile,
    book: "Workbook",
    report: FileReport,
    is_header: Callable[[Sequence[str]], bool],
) -> "Worksheet":
    if not book.worksheets:
        raise UnsoundSheet("no sheet, or none where the book says")
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    chosen = visible[0] if visible else None
    if len(book.worksheets) > 1:
        for sheet in sorted(book.worksheets, key=lambda sheet: sheet not in visible):
            shape = _look_over(archive, sheet)
            first = next(_iter_rows(sheet, shape, FileReport()), None)
            if first and is_header(first.cells):
                chosen = sheet
                break
    if chosen is None or chosen not in visible:
        text = _("The spreadsheet has no visible sheet: show the one with the entries.")
        if chosen:
            text = _("The sheet with the entries, “%(name)s”, is hidden: show it.")
            text %= {"name": chosen.title}
        raise refuse(text, 1)
    others = [str(sheet.title) for sheet in book.worksheets if sheet is not chosen]
    if others:
        text = _("only the sheet “%(read)s” is read, not %(others)s")
        names = {"read": chosen.title, "others": ", ".join(others)}
        report.add_warning(1, text % names)
    return chosen


def _look_over(archive: zipfile.ZipFile, sheet: "Worksheet") -> SheetShape:
    """openpyxl would leave out rows that are out of order, and fill up those that are missing."""
    # Its path has no public name.
    path: str = sheet._worksheet_path  # type: ignore[attr-defined]
    shape = SheetShape()
    parser = expat.ParserCreate()
    parser.StartElementHandler = shape.begin_element
    parser.EndElementHandler = shape.end_element
    parser.CharacterDataHandler = shape.add_text
    # expat itself refuses entities that unfold without end
    parser.Parse(archive.read(path.lstrip("/")), True)
    return shape


def _check_shape(shape: SheetShape) -> None:
    if shape.has_merged_cells:
        text = _("The sheet has merged cells: split them, and give each row its own values.")
        raise refuse(text, 1)
    if shape.beyond:
        text = _("The cell %(cell)s lies beyond the columns: delete it, or move it to its column.")
        raise FileRefused(
            FileError(row, text % {"cell": cell})
            for cell, row in islice(shape.beyond.items(), MOST_COLUMNS)
        )


def _iter_rows(sheet: "Worksheet", shape: SheetShape, report: FileReport) -> Iterator[TextRow]:
    from openpyxl.utils.cell import get_column_letter  # as in read_sheet

    last = max(shape.filled, default=0)
    if not last:
        return
    rows = sheet.iter_rows(max_row=last, max_col=min(shape.last_column, MOST_COLUMNS))
    for number, cells in enumerate(rows, 1):
        if number not in shape.filled:
            continue
        texts = [_read_cell(cell, number, report) for cell in cells]
        for column, cell in enumerate(cells, 1):
            if cell.value is None and shape.filled[number] >> column & 1:
                text = _("The cell %(cell)s holds something that cannot be read: type it again.")
                place = f"{get_column_letter(column)}{number}"
                report.add_error(number, text, cell=place)
        types = {place: cell.data_type for place, cell in enumerate(cells) if texts[place]}
        while texts and not texts[-1]:
            texts.pop()
        row = TextRow(
            number,
            texts,
            numbers=frozenset(place for place, kind in types.items() if kind in ("n", "b")),
            days=frozenset(place for place, kind in types.items() if kind == "d"),
        )
        if row.is_empty:
            continue
        if number > MOST_ROWS:
            raise refuse(_("The sheet has more than 20,000 rows: load it in parts."), number)
        yield row


def _read_cell(cell: "Cell | MergedCell", line: int, report: FileReport) -> str:
    if cell.value is None:
        return ""
    if cell.data_type in UNREADABLE_CELLS:
        text = _(UNREADABLE_CELLS[cell.data_type])
        report.add_error(line, text, cell=cell.coordinate)
        return ""
    if isinstance(cell.value, str):
        try:
            return _undo_escapes(cell.value)
        except UnicodeDecodeError:
            text = _("The cell %(cell)s holds something that cannot be read: type it again.")
            report.add_error(line, text, cell=cell.coordinate)
            return ""
    return _write_value(cell.value, cell.number_format)


def _undo_escapes(text: str) -> str:
    """A carriage return, for one, stands in a cell as _x000D_."""
    if "_x" not in text:
        return text
    text = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # what UTF-16 writes as two characters is one
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


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
