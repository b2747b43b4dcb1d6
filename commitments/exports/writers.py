"""Rows as CSV, XLSX or JSON: numbers stay numbers, no cell becomes a formula, memory does not grow
with the rows.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from commitments.exports.workbook import WorkbookWriter
from commitments.files.formula_marks import mark_formulas
from commitments.pages.base import KeptView
from commitments.pages.etag import respond_if_changed
from commitments.pages.page import Page
from commitments.register.histories import in_parts

Row = list[Any]
# Where the cell of a column comes from: an attribute of the record, or a function of it.
Source = str | Callable[..., Any]
Columns = dict[str, Source]
FORMATS = ("csv", "xlsx", "json")
# the columns with which every list begins
VIEW_COLUMNS = ("plan", "on", "known")
# What a cell of XLSX holds only by its number. So does what looks like such a number.
_ESCAPED_IN_XLSX = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
LONGEST_CELL = 32_767
# rows that are read from the database and sent in one go
READ_AT_ONCE, SENT_AT_ONCE = 2000, 500
PER_PAGE, MOST_PER_PAGE = 100, 1000


def reader_of(source: Source) -> Callable[[Any], Any]:
    """A function that gives the cell of a record."""
    if isinstance(source, str):
        return attrgetter(source)
    return source


@dataclass(frozen=True)
class Export:
    """A list as a file: records of a page under stable columns."""

    name: str
    page: Page
    columns: Columns
    records: QuerySet[Any] | list[Any]

    @property
    def header(self) -> list[str]:
        return [*VIEW_COLUMNS, *self.columns]

    def rows(self) -> Iterator[Row]:
        page = self.page
        known = "now"
        if page.known is not None:
            known = page.known.isoformat()
        view = [page.plan.slug, page.on.isoformat(), known]
        readers = [reader_of(source) for source in self.columns.values()]
        for record in self._iterate_records():
            yield view + [read(record) for read in readers]

    def _iterate_records(self) -> Iterable[Any]:
        if isinstance(self.records, QuerySet):
            return self.records.iterator(chunk_size=READ_AT_ONCE)
        return self.records


class ExportedView(KeptView):
    """A page of a list, which is a file where the address asks for a format."""

    def export(self) -> Export:
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.GET.get("format") in FORMATS:
            return respond_if_changed(self.page, request, self._write_file)
        return super().get(request, *args, **kwargs)

    def _write_file(self) -> HttpResponseBase:
        """All of the list, or a page of it where the address names one."""
        query = self.request.GET
        export = self.export()
        headers: dict[str, str] = {}
        if "page" in query or "per_page" in query:
            export, headers = _take_page(self.request, export)
        response = WRITERS[query["format"]](export)
        file_name = f"{self.page.plan.slug}-{export.name}-{self.page.on}.{query['format']}"
        for header, value in headers.items():
            response.headers[header] = value
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        return response


def _take_page(request: HttpRequest, export: Export) -> tuple[Export, dict[str, str]]:
    """One page of the list, and headers that say where the others are (RFC 8288)."""
    number = _read_number(request, "page", 1, 1_000_000)
    size = _read_number(request, "per_page", PER_PAGE, MOST_PER_PAGE)
    paginator = Paginator(export.records, size)
    last = paginator.num_pages
    pages = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    links = [
        f'<{address(request, page=other, per_page=size)}>; rel="{name}"'
        for name, other in pages.items()
        if 1 <= other <= last
    ]
    headers = {"Link": ", ".join(links), "X-Total-Count": str(paginator.count)}
    # a page past the last one is empty
    records = export.records[(number - 1) * size : number * size]
    return replace(export, records=records), headers


def address(request: HttpRequest, **changed: object) -> str:
    """This address with some of its query changed, and without a token."""
    query = request.GET.copy()
    query.pop("token", None)
    for name, value in changed.items():
        query[name] = str(value)
    return f"{settings.SITE_URL}{request.path}?{query.urlencode()}".rstrip("?")


def _read_number(request: HttpRequest, name: str, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    is_number = text.isascii() and text.isdigit() and len(text) < 8
    if not is_number or not 1 <= int(text) <= most:
        raise BadRequest(
            _("“%(name)s” is no number that can be used: give one from 1 to %(most)s.")
            % {"name": name, "most": most}
        )
    return int(text)


def _stream(chunks: Iterator[str], content_type: str) -> HttpResponseBase:
    """Streamed from the third chunk on; a short list is sent as a whole, with its length."""
    start = list(islice(chunks, 3))
    if len(start) < 3:
        return HttpResponse("".join(start), content_type=content_type)
    return StreamingHttpResponse(chain(start, chunks), content_type=content_type)


def write_csv(export: Export) -> HttpResponseBase:
    return _stream(_csv_chunks(export), "text/csv; charset=utf-8")


def _csv_chunks(export: Export) -> Iterator[str]:
    # by the mark at the beginning Excel knows that it is UTF-8
    yield "\ufeff" + _csv_text([export.header])
    for rows in in_parts(export.rows(), SENT_AT_ONCE):
        yield _csv_text([[_cell(value, mark_formulas) for value in row] for row in rows])


def _csv_text(rows: Iterable[Row]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cell(value: Any, clean: Callable[[str], str]) -> Any:
    """Texts cleaned, true and false as JSON writes them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value


def write_xlsx(export: Export) -> HttpResponseBase:
    writer = WorkbookWriter(export, lambda value: _cell(value, _clean_for_xlsx))
    return HttpResponse(
        writer.write(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def _clean_for_xlsx(text: str) -> str:
    """As the format writes it, so that reading it gives back every character."""
    marked = mark_formulas(text)
    escaped = _ESCAPED_IN_XLSX.sub(lambda match: f"_x{ord(match[0]):04X}_", marked)
    if len(escaped.encode("utf-16-le")) > 2 * LONGEST_CELL:
        text = _("A cell of a sheet holds at most %(n)s characters: choose CSV or JSON.")
        raise BadRequest(text % {"n": LONGEST_CELL})
    return escaped


def write_json(export: Export) -> HttpResponseBase:
    return _stream(_json_chunks(export), "application/json")


def _json_chunks(export: Export) -> Iterator[str]:
    encoder = json.JSONEncoder(ensure_ascii=False, default=_json_value)
    header = export.header
    separator = ""
    for rows in in_parts(export.rows(), SENT_AT_ONCE):
        objects = [encoder.encode(dict(zip(header, row, strict=True))) for row in rows]
        yield (separator or "[") + ",\n".join(objects)
        separator = ",\n"
    if not separator:
        yield "["
    yield "]"


def _json_value(value: date | Decimal) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


WRITERS: dict[str, Callable[[Export], HttpResponseBase]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "json": write_json,
}
