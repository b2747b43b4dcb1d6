"""The job ledger read: when each job last succeeded, and which has not for too long."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from actionplan.models import JobRun
from commitments.models import Plan

JOB_LABELS = {"flag_overdue": _("Overdue check"), "send_digests": _("Weekly digests")}
JOBS = tuple(JOB_LABELS)
# the digests go out weekly, and their job looks after late ones every time
LATE_AFTER = timedelta(hours=48)


def successes(plan: Any) -> QuerySet[JobRun, dict[str, Any]]:
    runs = JobRun.objects.filter(plan=plan, outcome="succeeded")
    return runs.order_by().values("job").annotate(last=Max("finished"))


def moment(text: str | None) -> datetime | None:
    """A time as the database writes it in a text: SQLite leaves out that it is UTC."""
    found = datetime.fromisoformat(text) if text else None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def last_successes(plan: Plan) -> dict[str, datetime | None]:
    """For each job when it last succeeded for the plan, or None."""
    last = {row["job"]: row["last"] for row in successes(plan)}
    return {job: last.get(job) for job in JOBS}


def freshness(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"job": job, "last_success": when.isoformat() if when else None}
        for job, when in last_successes(plan).items()
    ]


def late(successes: dict[str, datetime | None], now: datetime) -> list[str]:
    """The jobs without a success for 48 hours."""
    since = now - LATE_AFTER
    return [job for job, when in successes.items() if when is None or when < since]
