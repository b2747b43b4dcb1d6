"""What the commands share: arguments for days and plans, and errors as one line each."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NoReturn

from django.core.management.base import BaseCommand
from django.db import connection

from commitments import clock
from commitments.files.errors import FileError, FileRefused
from commitments.models import Plan


class SiteCommand(BaseCommand):
    """A command that may take its time, and that gives its errors without a traceback."""

    # these look at the code of every page, which takes longer than most commands
    requires_system_checks: list[str] = []
    # exceptions whose message is the error, besides a refused `file`
    refusals: tuple[type[Exception], ...] = ()

    def execute(self, *args: object, **options: object) -> str | None:
        lift_time_limits()
        try:
            return super().execute(*args, **options)
        except FileRefused as refused:
            fail(*describe_errors(options["file"], refused.errors))
        except self.refusals as refusal:
            fail(str(refusal))


def read_day(option: str, text: str | None, default: date) -> date:
    """A civil day given as YYYY-MM-DD, or the default where none is given."""
    if text is None:
        return default
    day = clock.parse_day(text)
    if day is None:
        first, last = clock.EARLIEST, clock.LATEST
        message = f"{option} is {text!r}: it must be a day from {first} to {last}"
        fail(f"{message}, such as 2014-11-01")
    return day


def plans_with_day(on: str | None) -> Iterator[tuple[Plan, date]]:
    """Every plan, with the day that `--on` names, else today in the plan's zone."""
    for plan in Plan.objects.all():
        yield plan, read_day("--on", on, clock.today(plan.timezone))


def lift_time_limits() -> None:
    """The limits that keep a page from hanging are not for what a command does at length."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")


def find_plan(slug: str) -> Plan:
    plan = Plan.objects.filter(slug=slug).first()
    if plan is None:
        known = ", ".join(Plan.objects.values_list("slug", flat=True)) or "none is loaded yet"
        fail(f"there is no plan {slug!r}: known are {known}")
    return plan


def describe_errors(file: object, errors: Iterable[FileError]) -> list[str]:
    """Each error with the file's name and its line, as compilers write it."""
    lines = []
    for error in errors:
        place = f"{file}:{error.line}" if error.line else str(file)
        lines.append(f"{place}: {error.text}")
    return lines


def fail(*messages: str) -> NoReturn:
    for message in messages:
        sys.stderr.write(message + "\n")
    sys.exit(1)
