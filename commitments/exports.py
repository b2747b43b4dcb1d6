"""Rows as CSV, XLSX or JSON: true numbers stay numbers, and no cell becomes a formula."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

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


def respond(rows: Iterable[dict[str, Any]], form: str, name: str) -> HttpResponseBase:
    writers: dict[str, Callable[[Iterable[dict[str, Any]]], HttpResponseBase]] = {
        "csv": _csv,
        "xlsx": _xlsx,
        "json": _json,
    }
    response = writers[form](rows)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


class _Line:
    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterable[dict[str, Any]]) -> HttpResponseBase:
    return StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    for place, row in enumerate(rows):
        if not place:
            yield "\ufeff" + writer.writerow(row)
        yield writer.writerow(["" if value is None else inert(value) for value in row.values()])


def _xlsx(rows: Iterable[dict[str, Any]]) -> HttpResponseBase:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("actions")
    for place, row in enumerate(rows):
        if not place:
            sheet.append(list(row))
        sheet.append([inert(value) for value in row.values()])
    content = io.BytesIO()
    book.save(content)
    return HttpResponse(
        content.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


def _json(rows: Iterable[dict[str, Any]]) -> HttpResponseBase:
    content = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return HttpResponse(json.dumps(content, ensure_ascii=False), content_type="application/json")
