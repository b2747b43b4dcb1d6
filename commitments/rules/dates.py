"""Days and windows: the accepted subset of EDTF (ISO 8601-2) with strict bounds, and calendar
arithmetic. No clock.

The package `edtf` was looked at: it reads far more forms than a deadline may have, and its winter
ends on 31 December.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from dateutil.relativedelta import relativedelta

# The standings begin and end here; no plan is signed or due outside.
BEGINNING = date(1, 1, 1)
END = date(9999, 12, 31)

MONTHS_IN = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
# EDTF codes for parts of a year: first month, number of months.
SUBYEARS = {
    21: (3, 3),
    22: (6, 3),
    23: (9, 3),
    24: (12, 3),
    33: (1, 3),
    34: (4, 3),
    35: (7, 3),
    36: (10, 3),
    40: (1, 6),
    41: (7, 6),
}
YEAR = re.compile(r"(\d{4})", re.ASCII)
PART_OF_YEAR = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


class DateError(ValueError):
    """A date that is not one of the accepted forms."""


@dataclass(frozen=True)
class Window:
    """First and last day, both inclusive."""

    first: date
    last: date


def add_months(day: date, months: int) -> date:
    """The day so many months later: the same day number, or the last day of the month."""
    moved: date = day + relativedelta(months=months)
    return moved


def shift(day: date, days: int) -> date:
    """The day moved by that many days, but never beyond the calendar."""
    ordinal = day.toordinal() + days
    if ordinal <= BEGINNING.toordinal():
        return BEGINNING
    if ordinal >= END.toordinal():
        return END
    return date.fromordinal(ordinal)


def months_from(year: int, month: int, count: int) -> Window:
    """The window of so many months that begins with the month of a day."""
    first = date(year, month, 1)
    # the day 31 means the last one of a shorter month
    return Window(first, first + relativedelta(months=count - 1, day=31))


@cache
def parse(text: str) -> Window:
    """The window of an EDTF year, month, day or sub-year; raises DateError for all else."""
    try:
        if match := DAY.fullmatch(text):
            day = date.fromisoformat(match.group())
            return Window(day, day)
        if match := PART_OF_YEAR.fullmatch(text):
            year, code = int(match[1]), int(match[2])
            month, count = SUBYEARS.get(code, (code, 1))
            return months_from(year, month, count)
        if match := YEAR.fullmatch(text):
            return months_from(int(match[1]), 1, 12)
    except ValueError:
        raise DateError(text) from None
    raise DateError(text)


@cache
def parse_deadline(text: str) -> Window:
    """As `parse`, and `../X` meaning "by X": the point at the last day of X."""
    if not text.startswith("../"):
        return parse(text)
    last = parse(text.removeprefix("../")).last
    return Window(last, last)


@lru_cache(maxsize=4096)
def period_containing(day: date, every: str) -> Window:
    """The calendar month, quarter, half-year or year that holds the day."""
    count = MONTHS_IN[every]
    months_before = (day.month - 1) // count * count
    return months_from(day.year, months_before + 1, count)


def period_name(period: Window, every: str) -> str:
    """The period as EDTF: 2014-10, 2014-33, 2014-40 or 2014."""
    first = period.first
    if every == "month":
        return f"{first.year:04}-{first.month:02}"
    if every == "quarter":
        return f"{first.year:04}-{33 + (first.month - 1) // 3}"
    if every == "half-year":
        return f"{first.year:04}-{40 + (first.month - 1) // 6}"
    return f"{first.year:04}"
