"""Rows as CSV, XLSX or JSON: numbers stay numbers, no cell becomes a formula, memory does not grow
with the rows.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.utils.translation import gettext as _

from commitments.pages import etag
from commitments.pages.page import Page

Row = Sequence[Any]
FORMATS = ("csv", "xlsx", "json")
VIEW = ("plan", "on", "known")
# what a spreadsheet would take for the beginning of a formula, full-width forms included
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
# the same inside a cell, for a spreadsheet that splits at other separators; a list in a note keeps
# its "- "
_INSIDE = re.compile(r"([;\t\r\n] *)(?=[=+@＝＋＠]|[-－](?! ))")
# whether lines of CSV may hold either: seldom wrong with yes, never with no; begins with a set,
# which is scanned fast
_SUSPECT = re.compile(r'[,;"\t\r\n](?: *[=+\-@＝＋－＠\t]|"[\r\n])')
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BATCH = 500
SHEET_ROWS = 1_048_575
PER_PAGE, MOST_PER_PAGE = 100, 1000


@dataclass(frozen=True)
class Listing:
    """Rows under stable columns. `source` is a queryset of tuples or a list, `row` makes a row of
    one of its items.
    """

    name: str
    columns: Sequence[str]
    source: Any
    row: Callable[[Any], Row]

    def __iter__(self) -> Iterator[Row]:
        items = (
            self.source.iterator(chunk_size=2000)
            if hasattr(self.source, "iterator")
            else iter(self.source)
        )
        return map(self.row, items)

    def count(self) -> int:
        return len(self.source) if isinstance(self.source, list) else self.source.count()

    def part(self, start: int, stop: int) -> "Listing":
        return Listing(self.name, self.columns, self.source[start:stop], self.row)


@dataclass(frozen=True)
class ExportLink:
    format: str
    url: str


def export_links(query: QueryDict) -> list[ExportLink]:
    """Addresses of what a page shows, whole, in each format."""
    links = []
    for form in FORMATS:
        changed = query.copy()
        changed.pop("page", None)
        changed["format"] = form
        links.append(ExportLink(form, f"?{changed.urlencode()}"))
    return links


def view_of(page: Page) -> list[Any]:
    """The first three columns of every list."""
    return [page.plan.slug, page.on.isoformat(), page.known.isoformat() if page.known else "now"]


def respond(
    request: HttpRequest, page: Page, listing: Callable[[], Listing], *more: Any
) -> HttpResponseBase:
    """The list in the format that was asked for: all of it, or a page; or 304 before anything is
    computed.
    """
    tag = etag.etag(page, request, *more)
    if same := etag.unchanged(request, tag):
        return same
    form, found = request.GET["format"], listing()
    headers: dict[str, str] = {}
    if "page" in request.GET or "per_page" in request.GET:
        found, headers = _page_of(request, found)
    response: HttpResponseBase = WRITERS[form](found)
    for name, value in headers.items():
        response[name] = value
    response["Content-Disposition"] = (
        f'attachment; filename="{page.plan.slug}-{found.name}-{page.on}.{form}"'
    )
    etag.mark(request, response, tag)
    return response


def _page_of(request: HttpRequest, listing: Listing) -> tuple[Listing, dict[str, str]]:
    """One page, and where the others are (RFC 8288)."""
    number = _number(request, "page", 1, 1_000_000)
    size = _number(request, "per_page", PER_PAGE, MOST_PER_PAGE)
    total = listing.count()
    last = max(1, -(-total // size))
    others = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    links = [
        f'<{address(request, page=other, per_page=size)}>; rel="{name}"'
        for name, other in others.items()
        if 1 <= other <= last
    ]
    headers = {"Link": ", ".join(links), "X-Total-Count": str(total)}
    return listing.part((number - 1) * size, number * size), headers


def address(request: HttpRequest, **changed: Any) -> str:
    """This address with some of its query changed, and without a token."""
    query = request.GET.copy()
    query.pop("token", None)
    for name, value in changed.items():
        query[name] = str(value)
    return f"{settings.SITE_URL}{request.path}?{query.urlencode()}".rstrip("?")


def _number(request: HttpRequest, name: str, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    if not 1 <= number <= most:
        raise BadRequest(
            _("“%(name)s” is no number that can be used: give one from 1 to %(most)s.")
            % {"name": name, "most": most}
        )
    return number


def marked(value: Any) -> Any:
    """The value for a cell: a text that begins like a formula is marked as text."""
    return "'" + value if isinstance(value, str) and value.startswith(DANGEROUS) else value


def inert(value: Any) -> Any:
    """The value for a cell of CSV, harmless also where it is split at semicolons, tabs or line
    ends.
    """
    return marked(_INSIDE.sub(r"\1'", value)) if isinstance(value, str) else value


def _sent(chunks: Iterator[str], content_type: str) -> HttpResponseBase:
    """Streamed from the third chunk on; a short list is sent as a whole, with its length."""
    start = list(islice(chunks, 3))
    if len(start) < 3:
        return HttpResponse("".join(start), content_type=content_type)
    return StreamingHttpResponse(chain(start, chunks), content_type=content_type)


def _csv(listing: Listing) -> HttpResponseBase:
    return _sent(_lines(listing), "text/csv; charset=utf-8")


def _lines(listing: Listing) -> Iterator[str]:
    yield "\ufeff" + _written([listing.columns])
    for rows in _batches(listing):
        rows = _lowered(rows)
        text = _written(rows)
        yield (
            _written([[inert(value) for value in row] for row in rows])
            if _SUSPECT.search(f",{text}")
            else text
        )


def _written(rows: Iterable[Row]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _lowered(rows: list[Row]) -> list[Row]:
    """With true and false as JSON writes them; a column that has one in its first row has one in
    each.
    """
    flags = {place for place, value in enumerate(rows[0]) if isinstance(value, bool)}
    if not flags:
        return rows
    found: list[Any] = [list(row) for row in rows]
    for row in found:
        for place in flags:
            row[place] = "true" if row[place] else "false"
    return found


def _batches(listing: Listing) -> Iterator[list[Row]]:
    rows = iter(listing)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _xlsx(listing: Listing) -> HttpResponseBase:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(listing.name)
    sheet.append(list(listing.columns))
    for number, row in enumerate(listing):
        if number >= SHEET_ROWS:
            raise BadRequest(
                _("A sheet holds at most %(n)s rows: choose CSV or JSON.") % {"n": SHEET_ROWS}
            )
        sheet.append([_cell(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return HttpResponse(
        content.getvalue(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return marked(_ILLEGAL.sub("", value)) if isinstance(value, str) else value


def _plain(value: date | Decimal) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _json(listing: Listing) -> HttpResponseBase:
    return _sent(_objects(listing), "application/json")


def _objects(listing: Listing) -> Iterator[str]:
    encode, start = json.JSONEncoder(ensure_ascii=False, default=_plain).encode, "["
    for rows in _batches(listing):
        yield start + ",\n".join(
            encode(dict(zip(listing.columns, row, strict=True))) for row in rows
        )
        start = ",\n"
    yield "]" if start != "[" else "[]"


WRITERS: dict[str, Callable[[Listing], Any]] = {"csv": _csv, "xlsx": _xlsx, "json": _json}
