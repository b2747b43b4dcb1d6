"""A list as a workbook: a sheet for people, in the reader's words with real days and numbers, one
with the codes of the other formats, which can be loaded again, and one that says what it is.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from commitments.pages import labels
from commitments.rules import dates
from commitments.rules.states import State

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from commitments.exports.writers import Export

SHEET_ROWS = 1_048_575
# the sheet by which `files.spreadsheet` knows that an export is loaded again
CODES_SHEET = "data"
WIDEST, WIDE, NARROW = 60, 36, 14
# unlike 12/01/2015, it has one reading in every country
DAY_FORMAT, TIME_FORMAT = "d mmm yyyy", "d mmm yyyy hh:mm"


def _yes(value: Any, _zone: ZoneInfo) -> str:
    return _("yes") if value else ""


def _words(name: Callable[[str], str]) -> Callable[[Any, ZoneInfo], str]:
    """What a code is called; an unknown or empty one stays as it is."""

    def convert(value: Any, _zone: ZoneInfo) -> str:
        if not value:
            return ""
        with suppress(ValueError, KeyError):
            return name(value)
        return str(value)

    return convert


def _day_or_words(value: Any, _zone: ZoneInfo) -> Any:
    """A real day where one is known, and otherwise the month or season in words."""
    if not isinstance(value, str) or not value:
        return value
    with suppress(ValueError):
        return date.fromisoformat(value)
    with suppress(ValueError, KeyError):
        dates.parse_deadline(value)
        return labels.edtf(value)
    return value


def _moment(value: Any, zone: ZoneInfo) -> Any:
    """A day, or a time as the clocks of the plan show it."""
    if not isinstance(value, str) or len(value) <= len("2014-10-01"):
        return _day_or_words(value, zone)
    return datetime.fromisoformat(value).astimezone(zone).replace(tzinfo=None, microsecond=0)


def _name_modality(code: str) -> str:
    return str(labels.MODALITIES[code])


@dataclass(frozen=True)
class PeopleColumn:
    """A column for people: its heading, how wide it is, and what becomes of the machine's value."""

    label: Any
    width: int = NARROW
    convert: Callable[[Any, ZoneInfo], Any] = lambda value, _zone: value


# in this order; a list has those whose names are among its own columns
PEOPLE_COLUMNS: Mapping[str, PeopleColumn] = {
    "number": PeopleColumn(gettext_lazy("Entry")),
    "ref": PeopleColumn(gettext_lazy("Action or contribution")),
    "commitment": PeopleColumn(gettext_lazy("Commitment")),
    "from": PeopleColumn(gettext_lazy("Side"), 18, _words(labels.side)),
    "title": PeopleColumn(gettext_lazy("Title"), WIDE),
    "kind": PeopleColumn(gettext_lazy("What happened"), 20, _words(labels.kind)),
    "effective": PeopleColumn(gettext_lazy("Date it happened"), 18, _day_or_words),
    "recorded": PeopleColumn(gettext_lazy("Recorded"), 18, _moment),
    "side": PeopleColumn(gettext_lazy("Side"), 18, _words(labels.side)),
    "state": PeopleColumn(gettext_lazy("Status"), 18, _words(labels.state)),
    "state_then": PeopleColumn(gettext_lazy("Status then"), 18, _words(labels.state)),
    "state_now": PeopleColumn(gettext_lazy("Status now"), 18, _words(labels.state)),
    "days": PeopleColumn(gettext_lazy("Days late or left")),
    "modality": PeopleColumn(gettext_lazy("Strength"), NARROW, _words(_name_modality)),
    "firmness": PeopleColumn(gettext_lazy("Strength"), NARROW, _words(_name_modality)),
    "scored": PeopleColumn(gettext_lazy("Counted in totals"), NARROW, _yes),
    "words": PeopleColumn(gettext_lazy("In words"), WIDE),
    "first_day": PeopleColumn(gettext_lazy("From")),
    "last_day": PeopleColumn(gettext_lazy("Deadline")),
    "last_day_then": PeopleColumn(gettext_lazy("Deadline then")),
    "last_day_now": PeopleColumn(gettext_lazy("Deadline now")),
    "original_last_day": PeopleColumn(gettext_lazy("Deadline as signed")),
    "days_moved": PeopleColumn(gettext_lazy("Days by which it moved")),
    "due": PeopleColumn(pgettext_lazy("date column", "Due"), NARROW, _day_or_words),
    "stale": PeopleColumn(gettext_lazy("No recent report"), NARROW, _yes),
    "never_reported": PeopleColumn(gettext_lazy("Never reported"), NARROW, _yes),
    "confirmed": PeopleColumn(gettext_lazy("Confirmed"), NARROW, _yes),
    "disputed": PeopleColumn(gettext_lazy("Disputed"), NARROW, _yes),
    "newly_disputed": PeopleColumn(gettext_lazy("Newly disputed"), NARROW, _yes),
    "dispute_settled": PeopleColumn(gettext_lazy("Dispute settled"), NARROW, _yes),
    "sides_differ": PeopleColumn(gettext_lazy("Sides differ"), NARROW, _yes),
    "confidence": PeopleColumn(gettext_lazy("Delivery confidence"), NARROW, _words(labels.colour)),
    "progress": PeopleColumn(gettext_lazy("Progress"), 18, _words(labels.progress_words)),
    "delivered": PeopleColumn(gettext_lazy("Delivered")),
    "target": PeopleColumn(gettext_lazy("Target")),
    "periods_short": PeopleColumn(gettext_lazy("Periods that fell short")),
    "level": PeopleColumn(gettext_lazy("Level promised")),
    "reading": PeopleColumn(gettext_lazy("Latest figure")),
    "quantity": PeopleColumn(gettext_lazy("How many")),
    "instalment": PeopleColumn(gettext_lazy("Instalment")),
    "amount": PeopleColumn(gettext_lazy("Amount")),
    "currency": PeopleColumn(gettext_lazy("Currency")),
    "stated": PeopleColumn(gettext_lazy("Promised"), 18),
    "paid": PeopleColumn(gettext_lazy("Paid")),
    "still_to_pay": PeopleColumn(gettext_lazy("Still to pay")),
    "reason": PeopleColumn(gettext_lazy("Reason"), WIDEST),
    "note": PeopleColumn(gettext_lazy("Details"), WIDEST),
    "source": PeopleColumn(gettext_lazy("Source"), WIDE),
    "evidence": PeopleColumn(gettext_lazy("Files"), WIDE),
    "entries": PeopleColumn(gettext_lazy("Entries"), 18),
}


class WorkbookWriter:
    """Writes the sheets side by side, so that the rows are read once and none is kept."""

    def __init__(self, export: "Export", clean: Callable[[Any], Any]) -> None:
        """`clean` makes a value one that a cell can hold."""
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font

        self.export = export
        self.clean = clean
        self.zone = ZoneInfo(export.page.plan.timezone)
        self.bold = Font(bold=True)
        self.top = Alignment(vertical="top", wrap_text=True)
        self.book: Workbook = Workbook(write_only=True)
        self.columns = self._choose_columns()
        self.people = self.book.create_sheet(_("List"))
        self.codes = self.book.create_sheet(CODES_SHEET)
        self.about = self.book.create_sheet(_("About"))
        self.count = 0

    def _choose_columns(self) -> dict[str, PeopleColumn]:
        names = {*self.export.header}
        if any(name.startswith("title_") for name in names):
            names.add("title")
        return {name: column for name, column in PEOPLE_COLUMNS.items() if name in names}

    def write(self) -> bytes:
        """Raises BadRequest for what a sheet cannot hold."""
        self._begin_sheets()
        try:
            for row in self.export.rows():
                self._add_row(row)
        except BadRequest:
            # their files are open until then
            for sheet in self.book.worksheets:
                sheet.close()
            raise
        if self.count:
            self.people.auto_filter.ref = self._filter_range()
        self._write_about()
        content = io.BytesIO()
        self.book.save(content)
        return content.getvalue()

    def _begin_sheets(self) -> None:
        from openpyxl.utils import get_column_letter

        for place, column in enumerate(self.columns.values(), 1):
            self.people.column_dimensions[get_column_letter(place)].width = column.width
        self.people.freeze_panes = "B2"
        self.people.print_title_rows = "1:1"
        self.people.page_setup.orientation = "landscape"
        self.people.page_setup.paperSize = 9  # A4
        self.people.sheet_properties.pageSetUpPr.fitToPage = True
        self.people.page_setup.fitToHeight = 0
        headings = [str(column.label) for column in self.columns.values()]
        self.people.append([self._cell(self.people, heading, bold=True) for heading in headings])
        self.codes.freeze_panes = "A2"
        self.codes.append(self.export.header)

    def _filter_range(self) -> str:
        from openpyxl.utils import get_column_letter

        return f"A1:{get_column_letter(len(self.columns))}{self.count + 1}"

    def _add_row(self, row: Sequence[Any]) -> None:
        if self.count >= SHEET_ROWS:
            raise BadRequest(
                _("A sheet holds at most %(n)s rows: choose CSV or JSON.") % {"n": SHEET_ROWS}
            )
        self.count += 1
        self.codes.append([self.clean(value) for value in row])
        values = dict(zip(self.export.header, row, strict=True))
        values["title"] = _choose_title(values)
        converted = (
            column.convert(values[name], self.zone) for name, column in self.columns.items()
        )
        self.people.append([self._cell(self.people, value) for value in converted])

    def _cell(self, sheet: "Worksheet", value: Any, *, bold: bool = False) -> Any:
        from openpyxl.cell import WriteOnlyCell

        if isinstance(value, str) and not bold and len(value) < NARROW:
            return self.clean(value)
        if not isinstance(value, str | date | Decimal) and not bold:
            return value
        cell = WriteOnlyCell(sheet, self.clean(value))
        if isinstance(value, datetime):
            cell.number_format = TIME_FORMAT
        elif isinstance(value, date):
            cell.number_format = DAY_FORMAT
        elif isinstance(value, Decimal):
            cell.number_format = "#,##0.00" if value % 1 else "#,##0"
        else:
            cell.alignment = self.top
        if bold:
            cell.font = self.bold
        return cell

    def _write_about(self) -> None:
        """Write the sheet that says what the workbook holds, for which day, as known when, and by
        which rules.
        """
        self.about.column_dimensions["A"].width = 24
        self.about.column_dimensions["B"].width = 100
        for label, text in describe_export(self.export, self.count).items():
            heading = self._cell(self.about, label, bold=True)
            self.about.append([heading, self._cell(self.about, text)])


def _choose_title(values: Mapping[str, Any]) -> str:
    start = "title_"
    titles = {
        name.removeprefix(start): value for name, value in values.items() if name.startswith(start)
    }
    return labels.text({language: title for language, title in titles.items() if title})


def describe_export(export: "Export", count: int) -> dict[str, str]:
    page = export.page
    if page.known is None:
        known = _("as it is known today, %(day)s") % {"day": labels.day(page.today)}
    else:
        known = _("as it was known on %(day)s") % {"day": labels.day(page.known)}
    return {
        _("Plan"): labels.text(page.plan.title),
        _("Rows"): str(count),
        _("Day"): labels.day(page.on),
        _("Known"): known,
        _("Rule"): _(
            "Nobody enters a status: it follows from the signed text and from what the register "
            "holds, counted on this day. “%(overdue)s” means that the signed date is over and "
            "nothing that counts has been recorded."
        )
        % {"overdue": labels.state(State.OVERDUE)},
        _("Address"): settings.SITE_URL + page.url("overview"),
        _("Sheets"): _(
            "The first sheet is for reading. The sheet “%(codes)s” has the same rows under the "
            "names and codes that programs read and that can be loaded again; they are the same "
            "in every language."
        )
        % {"codes": CODES_SHEET},
    }
