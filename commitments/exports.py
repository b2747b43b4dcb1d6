"""Rows as CSV, XLSX or JSON: true numbers stay numbers, and no cell becomes a formula."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

Row = dict[str, Any]
FORMATS = ("csv", "xlsx", "json")
# what a spreadsheet would take for the beginning of a formula, full-width forms included
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")


def inert(value: Any) -> Any:
    """The value for a cell: a text that begins like a formula is marked as text."""
    if isinstance(value, str):
        return "'" + value if value.startswith(DANGEROUS) else value
    if isinstance(value, bool):
        return str(value).lower()
    return value


def respond(columns: Sequence[str], rows: Iterable[Row], form: str, name: str) -> HttpResponseBase:
    """The rows under these columns, each row a dictionary that has them all."""
    writers: dict[str, Callable[[Sequence[str], Iterable[Row]], HttpResponseBase]] = {
        "csv": _csv,
        "xlsx": _xlsx,
        "json": _json,
    }
    response = writers[form](columns, rows)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


class _Line:
    def write(self, line: str) -> str:
        return line


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> HttpResponseBase:
    return StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")


def _lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(columns)
    for row in rows:
        yield writer.writerow(["" if row[name] is None else inert(row[name]) for name in columns])


def _xlsx(columns: Sequence[str], rows: Iterable[Row]) -> HttpResponseBase:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("actions")
    sheet.append(list(columns))
    for row in rows:
        sheet.append([inert(row[name]) for name in columns])
    content = io.BytesIO()
    book.save(content)
    return HttpResponse(
        content.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


def _json(columns: Sequence[str], rows: Iterable[Row]) -> HttpResponseBase:
    content = [{name: _plain(row[name]) for name in columns} for row in rows]
    return HttpResponse(json.dumps(content, ensure_ascii=False), content_type="application/json")
