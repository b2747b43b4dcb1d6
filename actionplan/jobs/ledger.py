"""The job ledger read: when each job last succeeded, and which has not for too long."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from actionplan.models import JobRun
from actionplan.schemas.json_types import Moment
from commitments.models import Plan

JOB_LABELS = {
    "verify_register": _("Check of the register"),
    "flag_overdue": _("Overdue check"),
    "send_digests": _("Weekly digests"),
}
# the digests go out weekly, and their job looks after late ones every time
LATE_AFTER = timedelta(hours=48)


class JobSuccess(TypedDict):
    job: str
    last_success: Moment | None


@dataclass(frozen=True)
class JobStatus:
    """When a job last succeeded for a plan, and whether that is too long ago."""

    job: str
    label: str | Promise
    last_success: datetime | None
    late: bool


def job_statuses(plan: Plan, now: datetime) -> list[JobStatus]:
    successes = last_successes(plan)
    return [
        JobStatus(job, label, successes[job], late=_is_late(successes[job], now))
        for job, label in JOB_LABELS.items()
    ]


def _is_late(last_success: datetime | None, now: datetime) -> bool:
    return last_success is None or last_success < now - LATE_AFTER


def last_successes(plan: Plan) -> dict[str, datetime | None]:
    runs = JobRun.objects.filter(plan=plan, outcome=JobRun.Outcome.SUCCEEDED)
    last = dict(runs.order_by().values_list("job").annotate(last=Max("finished")))
    return {job: last.get(job) for job in JOB_LABELS}


def freshness(plan: Plan) -> list[JobSuccess]:
    """When each job last succeeded, for JSON."""
    return [
        {"job": job, "last_success": iso(last_success)}
        for job, last_success in last_successes(plan).items()
    ]


def iso(day: date | None) -> str | None:
    """A day or a moment as JSON has it."""
    return day.isoformat() if day else None
