"""The job ledger read: when each job last succeeded, and which has not for too long."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from actionplan.models import JobRun
from commitments.models import Plan

JOBS = ("flag_overdue", "send_digests")
JOB_LABELS = {"flag_overdue": _("Overdue check"), "send_digests": _("Weekly digests")}
# the digests go out weekly, and their job looks after late ones every time
LATE_AFTER = timedelta(hours=48)


def last_successes(plan: Plan) -> dict[str, datetime | None]:
    """For each job when it last succeeded for the plan, or None."""
    rows = JobRun.objects.filter(plan=plan, outcome="succeeded").values("job").annotate(last=Max("finished"))
    last = {row["job"]: row["last"] for row in rows}
    return {job: last.get(job) for job in JOBS}


def freshness(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"job": job, "last_success": when.isoformat() if when else None} for job, when in last_successes(plan).items()
    ]


def late(successes: dict[str, datetime | None], now: datetime) -> list[str]:
    """The jobs without a success for 48 hours."""
    since = now - LATE_AFTER
    return [job for job, when in successes.items() if when is None or when < since]
