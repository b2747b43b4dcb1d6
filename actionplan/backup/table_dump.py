"""Tables as plain text, the same from both databases: the lines of PostgreSQL's COPY, values as
PostgreSQL writes them.

A line a row, tabs between values, \\N for nothing, a backslash before tabs, line ends and
backslashes; times in UTC. PostgreSQL reads and writes the format itself; for SQLite it is done here.
Django's `dumpdata` and `loaddata` were looked at: they know the models of this version only, and a
backup is loaded into the tables of its own.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import IO, Any

from django.core.management.color import no_style
from django.db import connection, models

Model = type[models.Model]
Field = models.Field[Any, Any]

NOTHING = "\\N"
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
ESCAPED = str.maketrans(ESCAPES)
UNESCAPED = {escape: character for character, escape in ESCAPES.items()} | {
    "\\b": "\b",
    "\\f": "\f",
    "\\v": "\v",
}
BATCH = 2000


def columns_of(model: Model) -> list[Field]:
    return list(model._meta.local_concrete_fields)


def column_names(model: Model) -> list[str]:
    return [field.column for field in columns_of(model)]


def _quote_names(names: Iterable[str]) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in names)


def dump_table(model: Model, target: IO[bytes]) -> int:
    """All rows in the order of their keys; returns how many. To be called inside a snapshot."""
    if connection.vendor == "postgresql":
        return _copy_out(model, target)
    fields = columns_of(model)
    rows = model._base_manager.order_by("pk").values_list(*(field.attname for field in fields))
    count = 0
    for row in rows.iterator():
        cells = [_write_cell(field, value) for field, value in zip(fields, row, strict=True)]
        target.write(("\t".join(cells) + "\n").encode())
        count += 1
    return count


def _copy_out(model: Model, target: IO[bytes]) -> int:
    table = _quote_names([model._meta.db_table])
    key = _quote_names([model._meta.pk.column])
    columns = ", ".join(_copied_column(field) for field in columns_of(model))
    query = f"SELECT {columns} FROM {table} ORDER BY {key}"  # noqa: S608 names of our tables
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", target)
        return int(cursor.rowcount)


def _copied_column(field: Field) -> str:
    name = connection.ops.quote_name(field.column)
    if isinstance(field, models.DecimalField):
        # with all its decimals, as SQLite gives them: a column without bound keeps those typed
        return f"{name}::{field.db_type(connection)}"
    return name


def load_table(model: Model, columns: list[str], source: IO[bytes]) -> int:
    """The rows of a file with these columns, in place of all that are there; returns how many. To
    be called inside a transaction.

    Raises ValueError, ValidationError or an error of the database for what is no row of the table.
    """
    table = _quote_names([model._meta.db_table])
    names = _quote_names(columns)
    with connection.cursor() as cursor:
        # the migrations put rows there that are in the file as well
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 a name of our tables
        if connection.vendor == "postgresql":
            # as errors of Django: psycopg's own pass by whoever catches those
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", source)
            return int(cursor.rowcount)
        fields_by_column = {field.column: field for field in columns_of(model)}
        fields = [fields_by_column[name] for name in columns]
        places = ", ".join(["%s"] * len(columns))
        rows = (_read_row(line, fields) for line in source)
        count = 0
        # Django would keep all rows of one call in memory
        while batch := list(islice(rows, BATCH)):
            count += len(batch)
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", batch)  # noqa: S608 ditto
        return count


def _read_row(line: bytes, fields: list[Field]) -> list[Any]:
    cells = line.decode().removesuffix("\n").split("\t")
    return [_read_cell(field, cell) for field, cell in zip(fields, cells, strict=True)]


def restart_numbers(loaded: Iterable[Model]) -> None:
    """New rows are numbered after those that were loaded."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(loaded)):
            cursor.execute(statement)


# From Django's values to PostgreSQL's text


def _write_cell(field: Field, value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(field, models.JSONField):
        value = json.dumps(_sort_keys(value), ensure_ascii=False)
    match value:
        case bool():
            return "t" if value else "f"
        case bytes():
            return f"\\\\x{value.hex()}"
        case datetime():
            return _write_moment(value)
    return str(value).translate(ESCAPED)


def _sort_keys(value: Any) -> Any:
    """In the order of PostgreSQL's jsonb: shorter keys first, of one length by their bytes."""
    if isinstance(value, list):
        return [_sort_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return {key: _sort_keys(value[key]) for key in keys}


def _write_moment(value: datetime) -> str:
    """Without the zeros at the end of a fraction of a second."""
    text = str(value).removesuffix("+00:00")
    if value.microsecond:
        text = text.rstrip("0")
    return f"{text}+00"


# From PostgreSQL's text to what Django puts into SQLite


def _read_cell(field: Field, cell: str) -> object:
    if cell == NOTHING:
        return None
    text = re.sub(r"\\.", _unescape_character, cell)
    if isinstance(field, models.JSONField):
        return text
    if isinstance(field, models.BinaryField):
        return bytes.fromhex(text.removeprefix("\\x"))
    if isinstance(field, models.DateTimeField) and not text.endswith("+00"):
        raise ValueError(f"“{text}” is no moment in UTC")
    return field.get_db_prep_save(field.to_python(text), connection)


def _unescape_character(match: re.Match[str]) -> str:
    return UNESCAPED.get(match[0], match[0][1])
