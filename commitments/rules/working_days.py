"""Working days by the calendars that a plan names for its sides, from the package `holidays`.

A newer version of the package may know other holidays. A day that was counted before is therefore
kept, with the version that counted it, and counts on.
"""

from collections.abc import Container, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

# in place of a calendar: nothing but Saturday and Sunday is free
WEEKENDS = "weekends"
# sides whose calendar is known although a plan names none
SIDES_WITH_CALENDAR = ("GB", "FR")
# the day that was counted, and by what: {"last": "2014-12-30", "by": "holidays 0.109"}
CountedDay = dict[str, str]


class CountedDays:
    """The last days of spans of working days: those that are kept, and those counted meanwhile."""

    def __init__(self, kept: Mapping[str, CountedDay] | None = None) -> None:
        self.kept = kept or {}
        self.new: dict[str, CountedDay] = {}

    def find_last(
        self, day: date, count: int, sides: tuple[str, ...], calendar: Mapping[str, str]
    ) -> date:
        """The count-th day after `day` on which all sides work."""
        names = [f"{side}={calendar.get(side, '')}" for side in sides]
        key = " ".join([day.isoformat(), f"+{count}", *names])
        counted = self.kept.get(key) or self.new.get(key)
        if counted is None:
            last = add_working_days(day, count, sides, calendar)
            counted = {"last": last.isoformat(), "by": f"holidays {version('holidays')}"}
            self.new[key] = counted
        return date.fromisoformat(counted["last"])


def add_working_days(
    day: date, count: int, sides: tuple[str, ...], calendar: Mapping[str, str]
) -> date:
    """The count-th day after `day` that is no day off for any side."""
    while count:
        day += timedelta(days=1)
        if not any(_is_off(day, side, calendar.get(side, "")) for side in sides):
            count -= 1
    return day


def is_calendar(name: str) -> bool:
    """Whether there is a calendar of this name: a country such as FR, or a part of it, GB-ENG."""
    import holidays

    if name == WEEKENDS:
        return True
    country, _hyphen, part = name.partition("-")
    parts = holidays.list_supported_countries().get(country)
    return parts is not None and (not part or part in parts)


def _is_off(day: date, side: str, name: str) -> bool:
    is_weekend = day.weekday() >= 5
    if name == WEEKENDS:
        return is_weekend
    if name:
        return not _calendar(name).is_working_day(day)
    return is_weekend or day in _holidays_of(side)


@cache
def _calendar(name: str) -> "HolidayBase":
    # Imported here because it takes a tenth of the time in which a web process starts, and only
    # deadlines of working days need it.
    import holidays

    country, _hyphen, part = name.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


@cache
def _holidays_of(side: str) -> Container[date]:
    """The holidays of a side for which a plan names no calendar: those of the country whose code it
    has (for GB those of England), as they counted before plans named any.
    """
    if side == "GB":
        return _calendar("GB-ENG")
    if side and is_calendar(side):
        return _calendar(side)
    return ()
