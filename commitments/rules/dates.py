"""Days and windows: the accepted subset of EDTF (ISO 8601-2) with strict bounds, and calendar
arithmetic. No clock.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import holidays
from dateutil.relativedelta import relativedelta

# The stretches of a standing begin and end here; no plan is signed or due outside.
BEGINNING = date(1, 1, 1)
END = date(9999, 12, 31)

# EDTF sub-years of several months: first month, number of months.
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
_SHAPE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


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
    """The day moved by so many, held inside the calendar."""
    return date.fromordinal(
        min(max(day.toordinal() + days, BEGINNING.toordinal()), END.toordinal())
    )


def _months(year: int, month: int, count: int) -> Window:
    last_year, last_month = divmod(year * 12 + month - 1 + count - 1, 12)
    return Window(
        date(year, month, 1),
        date(last_year, last_month + 1, monthrange(last_year, last_month + 1)[1]),
    )


@cache
def parse(text: str) -> Window:
    """The window of an EDTF year, month, day or sub-year; raises DateError for all else."""
    match = _SHAPE.fullmatch(text)
    try:
        if not match:
            raise ValueError
        year, part, day = (int(group) if group else None for group in match.groups())
        assert year is not None
        if part is None:
            return _months(year, 1, 12)
        if day is not None:
            exact = date(year, part, day)
            return Window(exact, exact)
        month, count = SUBYEARS[part] if part > 12 else (part, 1)
        return _months(year, month, count)
    except (ValueError, KeyError):
        raise DateError(text) from None


def parse_deadline(text: str) -> Window:
    """As `parse`, and `../X` meaning "by X": the point at the last day of X."""
    window = parse(text.removeprefix("../"))
    return Window(window.last, window.last) if text.startswith("../") else window


def months_in(every: str) -> int:
    return {"month": 1, "quarter": 3, "year": 12}[every]


@lru_cache(maxsize=4096)
def period_containing(day: date, every: str) -> Window:
    """The calendar month, quarter or year that holds the day."""
    count = months_in(every)
    return _months(day.year, (day.month - 1) // count * count + 1, count)


def next_period(period: Window, every: str) -> Window:
    return period_containing(period.last + timedelta(days=1), every)


def period_name(period: Window, every: str) -> str:
    """The period as EDTF: 2014-10, 2014-33 or 2014."""
    first = period.first
    number = {"month": first.month, "quarter": 33 + (first.month - 1) // 3}
    return f"{first.year:04}-{number[every]:02}" if every in number else f"{first.year:04}"


def first_whole_period(adopted: date, every: str) -> Window:
    """The first calendar period that begins on or after the day."""
    period = period_containing(adopted, every)
    return period if period.first == adopted else next_period(period, every)


@cache
def _holidays(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv="ENG" if country == "GB" else None)


def add_working_days(day: date, count: int, countries: tuple[str, ...]) -> date:
    """The count-th day after `day` that is neither at a weekend nor a public holiday in a country
    (GB: England).
    """
    calendars = [
        _holidays(country)
        for country in countries
        if country in holidays.list_supported_countries()
    ]
    while count:
        day += timedelta(days=1)
        if day.weekday() < 5 and not any(day in calendar for calendar in calendars):
            count -= 1
    return day
