"""Days and windows: the accepted subset of EDTF (ISO 8601-2) with strict bounds, and calendar
arithmetic. No clock.

The package `edtf` was looked at: it reads far more forms than a deadline may have, and its winter
ends on 31 December.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

from dateutil.relativedelta import relativedelta

# The standings begin and end here; no plan is signed or due outside.
BEGINNING = date(1, 1, 1)
END = date(9999, 12, 31)

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
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
    """The same day number, or the month's last day."""
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
    """That many months from the first day of a month on."""
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


def parse_deadline(text: str) -> Window:
    """As `parse`, and `../X` meaning "by X": the point at the last day of X."""
    if not text.startswith("../"):
        return parse(text)
    last = parse(text.removeprefix("../")).last
    return Window(last, last)


@lru_cache(maxsize=4096)
def period_containing(day: date, every: str) -> Window:
    """The calendar month, quarter or year that holds the day."""
    count = MONTHS_IN[every]
    months_before = (day.month - 1) // count * count
    return months_from(day.year, months_before + 1, count)


def next_period(period: Window, every: str) -> Window:
    return period_containing(period.last + timedelta(days=1), every)


def period_name(period: Window, every: str) -> str:
    """The period as EDTF: 2014-10, 2014-33 or 2014."""
    first = period.first
    if every == "month":
        return f"{first.year:04}-{first.month:02}"
    if every == "quarter":
        return f"{first.year:04}-{33 + (first.month - 1) // 3}"
    return f"{first.year:04}"


def first_whole_period(adopted: date, every: str) -> Window:
    """The first calendar period that begins on or after the day."""
    period = period_containing(adopted, every)
    if period.first == adopted:
        return period
    return next_period(period, every)


@cache
def holidays_of(country: str) -> Container[date]:
    """Those of a country (GB: England); none where its calendar is not known."""
    # Imported here because it takes a tenth of the time in which a web process starts, and only
    # deadlines of working days need it.
    import holidays

    if country not in holidays.list_supported_countries():
        return ()
    if country == "GB":
        return holidays.country_holidays(country, subdiv="ENG")
    return holidays.country_holidays(country)


def add_working_days(day: date, count: int, countries: tuple[str, ...]) -> date:
    """The count-th day after `day` that is neither at a weekend nor a public holiday."""
    calendars = [holidays_of(country) for country in countries]
    while count:
        day += timedelta(days=1)
        is_weekend = day.weekday() >= 5
        if not is_weekend and not any(day in calendar for calendar in calendars):
            count -= 1
    return day
