"""The last days of spans of working days, counted once more.

What is kept counts on whatever newer calendars say, so that another day is an alarm only where the
calendars installed here are those that counted it; else it is a note.
"""

from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

from commitments.findings import Finding
from commitments.models import Plan
from commitments.rules.working_days import add_working_days

# what reading a span or a last day that is none can raise
UNREADABLE = (AttributeError, LookupError, NotImplementedError, TypeError, ValueError)


def verify_counted_days(plan: Plan) -> Iterator[Finding]:
    installed = f"holidays {version('holidays')}"
    altered = Finding(
        "row-altered",
        {"table": Plan._meta.db_table, "row": plan.slug, "column": "counted_days"},
    )
    for span, counted in sorted(plan.counted_days.items()):
        try:
            last = _count(span).isoformat()
            is_same = counted["last"] == last
            is_counted_here = counted["by"] == installed
        except UNREADABLE:
            yield altered
            continue
        if is_same:
            continue
        if is_counted_here:
            yield altered
        else:
            yield Finding("recounted", {"span": span, **counted, "now": last})


def _count(span: str) -> date:
    day, count, *names = span.split(" ")
    calendar = dict(name.split("=", 1) for name in names)
    return add_working_days(date.fromisoformat(day), int(count), tuple(calendar), calendar)
