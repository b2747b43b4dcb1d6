"""Tables as plain text, the same from both databases: the lines of PostgreSQL's COPY, values as
PostgreSQL writes them.

A line a row, tabs between values, \\N for nothing, a backslash before tabs, line ends and
backslashes; times in UTC. PostgreSQL reads and writes the format itself; for SQLite it is done here.
Django's `dumpdata` and `loaddata` were looked at: they know the models of this version only, and a
backup is loaded into the tables of its own.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import IO, Any

from django.core.management.color import no_style
from django.db import connection, models

Model = type[models.Model]
Field = models.Field[Any, Any]
Writer = Callable[[Any], str]
Reader = Callable[[str], Any]

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
    table, key = _quote_names([model._meta.db_table]), _quote_names([model._meta.pk.column])
    query = f"SELECT {_quote_names(column_names(model))} FROM {table} ORDER BY {key}"  # noqa: S608 names of our tables
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY ({query}) TO STDOUT", target)
            return int(cursor.rowcount)
        writers = [_writer_of(field) for field in columns_of(model)]
        cursor.execute(query)
        count = 0
        for row in cursor:
            target.write(_write_row(row, writers))
            count += 1
        return count


def load_table(model: Model, columns: list[str], source: IO[bytes]) -> None:
    """The rows of a file with these columns, in place of all that are there; to be called inside a
    transaction.
    """
    table, names = _quote_names([model._meta.db_table]), _quote_names(columns)
    with connection.cursor() as cursor:
        # the migrations put rows there that are in the file as well
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 a name of our tables
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", source)
            return
        fields = {field.column: field for field in columns_of(model)}
        readers = [READERS.get(_type_of(fields[name]), str) for name in columns]
        places = ", ".join(["%s"] * len(columns))
        rows = (_read_row(line, readers) for line in source)
        # Django would keep all rows of one call in memory
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", batch)  # noqa: S608 ditto


def restart_numbers(loaded: Iterable[Model]) -> None:
    """New rows are numbered after those that were loaded."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(loaded)):
            cursor.execute(statement)


def _type_of(field: Any) -> str:
    """A foreign key is of the type of what it points at."""
    return str(getattr(field, "target_field", field).get_internal_type())


# From SQLite's values to PostgreSQL's text


def _write_row(row: Iterable[Any], writers: list[Writer]) -> bytes:
    cells = [
        NOTHING if value is None else write(value)
        for value, write in zip(row, writers, strict=True)
    ]
    return ("\t".join(cells) + "\n").encode()


def _writer_of(field: Any) -> Writer:
    kind = _type_of(field)
    if kind == "DurationField":
        raise NotImplementedError(f"{field} is of a type that no table of ours has")
    if kind == "DecimalField":
        return partial(_write_decimal, field.decimal_places)
    return WRITERS.get(kind, _write_text)


def _write_text(value: object) -> str:
    return str(value).translate(ESCAPED)


def _write_boolean(value: bool) -> str:
    return "t" if value else "f"


def _write_decimal(places: int, value: float) -> str:
    return f"{Decimal(str(value)):.{places}f}"


def _write_moment(value: datetime) -> str:
    """Without the zeros at the end of a fraction of a second."""
    text = str(value)
    if value.microsecond:
        text = text.rstrip("0")
    return f"{text}+00"


def _write_uuid(value: str) -> str:
    return str(uuid.UUID(value))


def _write_bytes(value: bytes) -> str:
    return f"\\\\x{bytes(value).hex()}"


WRITERS: dict[str, Writer] = {
    "BooleanField": _write_boolean,
    "DateTimeField": _write_moment,
    "UUIDField": _write_uuid,
    "BinaryField": _write_bytes,
}


# From PostgreSQL's text to what Django puts into SQLite


def _read_row(line: bytes, readers: list[Reader]) -> list[Any]:
    cells = line.decode().removesuffix("\n").split("\t")
    return [
        None if cell == NOTHING else read(re.sub(r"\\.", _unescape_character, cell))
        for cell, read in zip(cells, readers, strict=True)
    ]


def _unescape_character(match: re.Match[str]) -> str:
    return UNESCAPED.get(match[0], match[0][1])


def _read_boolean(text: str) -> bool:
    return text == "t"


def _read_moment(text: str) -> str:
    return text.removesuffix("+00")


def _read_uuid(text: str) -> str:
    return uuid.UUID(text).hex


def _read_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))


READERS: dict[str, Reader] = {
    "BooleanField": _read_boolean,
    "DateTimeField": _read_moment,
    "UUIDField": _read_uuid,
    "BinaryField": _read_bytes,
}
