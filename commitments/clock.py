"""The one clock, and the days that people may ask for.

Only views, tasks and commands read the clock; everything else takes the day as an argument.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

EARLIEST, LATEST = date(1000, 1, 1), date(2999, 12, 31)


def now(zone: str) -> datetime:
    """The present moment in UTC; 09:00 in the plan's zone where a day is pinned."""
    pinned: date | None = settings.ACTIONPLAN_TODAY
    if pinned:
        return datetime.combine(pinned, time(9), ZoneInfo(zone)).astimezone(UTC)
    return timezone.now()


def today(zone: str) -> date:
    """The civil day in the plan's zone."""
    return now(zone).astimezone(ZoneInfo(zone)).date()


def is_pinned() -> bool:
    return settings.ACTIONPLAN_TODAY is not None


def parse_day(text: str) -> date | None:
    """A day written as YYYY-MM-DD that a page can show, else None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # fromisoformat also reads other ways of writing, such as 20141101
    if day.isoformat() != text or not EARLIEST <= day <= LATEST:
        return None
    return day
