"""Tables as plain text, the same from both databases: the lines of PostgreSQL's COPY, values as
PostgreSQL writes them.

A line a row, tabs between values, \\N for nothing, a backslash before tabs, line ends and
backslashes; times in UTC.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from django.core.management.color import no_style
from django.db import connection, models

Model = type[models.Model]
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
ESCAPED = str.maketrans(ESCAPES)
PLAIN = {written: plain for plain, written in ESCAPES.items()} | {
    "\\b": "\b",
    "\\f": "\f",
    "\\v": "\v",
}
BATCH = 2000


def columns(model: Model) -> list[models.Field[Any, Any]]:
    return list(model._meta.local_concrete_fields)


def names(model: Model) -> list[str]:
    return [field.column for field in columns(model)]


def _quoted(found: Iterable[str]) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in found)


def dump(model: Model, target: IO[bytes]) -> None:
    """All rows in the order of their keys; to be called inside a snapshot."""
    table, key = connection.ops.quote_name(model._meta.db_table), model._meta.pk.column
    query = f"SELECT {_quoted(names(model))} FROM {table} ORDER BY {_quoted([key])}"  # noqa: S608 names of our tables
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY ({query}) TO STDOUT", target)
            return
        writers = [_writer(field) for field in columns(model)]
        cursor.execute(query)
        while rows := cursor.fetchmany(BATCH):
            target.write(b"".join(_line(row, writers) for row in rows))


def _line(row: Iterable[Any], writers: list[Callable[[Any], str]]) -> bytes:
    cells = (
        "\\N" if value is None else write(value) for value, write in zip(row, writers, strict=True)
    )
    return ("\t".join(cells) + "\n").encode()


def _type(field: Any) -> str:
    """A foreign key is as what it points at."""
    return str(getattr(field, "target_field", field).get_internal_type())


def _writer(field: Any) -> Callable[[Any], str]:
    """What makes of SQLite's value what PostgreSQL would write."""
    kind = _type(field)
    if kind == "DurationField":
        raise NotImplementedError(kind)
    if kind == "DecimalField":
        return lambda value: f"{Decimal(str(value)):.{field.decimal_places}f}"
    return {
        "BooleanField": lambda value: "t" if value else "f",
        "DateTimeField": lambda value: (
            f"{str(value).rstrip('0') if value.microsecond else value}+00"
        ),
        "UUIDField": lambda value: str(uuid.UUID(value)),
        "BinaryField": lambda value: f"\\\\x{bytes(value).hex()}",
    }.get(kind, lambda value: str(value).translate(ESCAPED))


def load(model: Model, found: list[str], source: IO[bytes]) -> None:
    """The rows of a file whose columns are these; to be called inside a transaction."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        # what the migrations themselves put there comes with the file
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 a name of our tables
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({_quoted(found)}) FROM STDIN", source)
            return
        fields = {field.column: field for field in columns(model)}
        readers = [_reader(fields[name]) for name in found]
        marks = ", ".join(["%s"] * len(found))
        rows = (_cells(line, readers) for line in source)
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({_quoted(found)}) VALUES ({marks})", batch)  # noqa: S608 ditto


def _cells(line: bytes, readers: list[Callable[[str], Any]]) -> list[Any]:
    cells = line.decode().removesuffix("\n").split("\t")
    return [
        None if cell == "\\N" else read(_plain(cell))
        for cell, read in zip(cells, readers, strict=True)
    ]


def _plain(cell: str) -> str:
    return (
        re.sub(r"\\.", lambda found: PLAIN.get(found[0], found[0][1]), cell)
        if "\\" in cell
        else cell
    )


def _reader(field: Any) -> Callable[[str], Any]:
    """What makes of PostgreSQL's text what Django puts into SQLite."""
    return {
        "BooleanField": lambda text: text == "t",
        "DateTimeField": lambda text: text.removesuffix("+00"),
        "UUIDField": lambda text: uuid.UUID(text).hex,
        "BinaryField": lambda text: bytes.fromhex(text.removeprefix("\\x")),
    }.get(_type(field), lambda text: text)


def restart_numbers(models_loaded: Iterable[Model]) -> None:
    """New rows are numbered after those that were loaded."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models_loaded)):
            cursor.execute(statement)
