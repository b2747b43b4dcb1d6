"""What the commands share: arguments for days and plans, and errors as one line each, never a
traceback.
"""

import sys
from collections.abc import Iterable
from datetime import date
from typing import NoReturn

from django.db import connection

from commitments.files.errors import FileError
from commitments.models import Plan

EARLIEST, LATEST = date(1000, 1, 1), date(2999, 12, 31)


def day(name: str, text: str | None, default: date) -> date:
    """A civil day given as YYYY-MM-DD, or the default where none is given."""
    if text is None:
        return default
    found = as_day(text)
    if found is None:
        fail(
            [
                f"{name} is {text!r}: it must be a day from {EARLIEST} to {LATEST}, such as 2014-11-01"
            ]
        )
    return found


def as_day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text and EARLIEST <= found <= LATEST else None


def take_time() -> None:
    """The bounds that keep a page from hanging are not for what a command does at length."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")


def find_plan(slug: str) -> Plan:
    found: Plan | None = Plan.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Plan.objects.values_list("slug", flat=True)) or "none is loaded yet"
        fail([f"there is no plan {slug!r}: known are {known}"])
    return found


def describe_errors(file: object, errors: Iterable[FileError]) -> list[str]:
    """Each error with the file's name and its line, as compilers write it."""
    return [
        f"{file}:{error.line}: {error.text}" if error.line else f"{file}: {error.text}"
        for error in errors
    ]


def fail(messages: Iterable[str]) -> NoReturn:
    for message in messages:
        sys.stderr.write(message + "\n")
    sys.exit(1)
