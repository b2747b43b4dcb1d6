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


def verify_counted_days(plan: Plan) -> Iterator[Finding]:
    installed = f"holidays {version('holidays')}"
    for span, counted in sorted(plan.counted_days.items()):
        day, count, *names = span.split(" ")
        calendar = dict(name.split("=", 1) for name in names)
        last = add_working_days(date.fromisoformat(day), int(count), tuple(calendar), calendar)
        values = {"span": span, **counted, "now": last.isoformat()}
        if counted["last"] == values["now"]:
            continue
        if counted["by"] == installed:
            name = {"table": Plan._meta.db_table, "row": plan.slug, "column": "counted_days"}
            yield Finding("row-altered", name)
        else:
            yield Finding("recounted", values)
