"""Days that readers write into a page or its address, such as 14 March 2015 or 2015-03-14."""

from datetime import date

from django.utils.translation import gettext as _

from commitments import clock
from commitments.models import Plan
from commitments.pages import labels
from commitments.rules.dates import DateError
from commitments.written_dates import AskedBack, read_one_day, writes_month_first


def read_day(text: str, plan: Plan, today: date) -> date:
    """The one day that was written. Raises AskedBack, whose text says what would be right."""
    day = clock.parse_day(text)
    if day is None:
        day = _read_written_day(text, plan, today)
    if day is None or not clock.EARLIEST <= day <= clock.LATEST:
        message = _("“%(text)s” is not a valid date. Write one day, such as “%(example)s”.")
        raise AskedBack(message % {"text": text[:40], "example": labels.day(today)})
    return day


def _read_written_day(text: str, plan: Plan, today: date) -> date | None:
    month_first = writes_month_first(plan.languages, plan.timezone)
    try:
        return read_one_day(text, today, month_first=month_first)
    except AskedBack:
        raise
    except DateError:
        return None
