"""The one clock. Only views, tasks and commands read it; everything else takes the day as an
argument.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


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
