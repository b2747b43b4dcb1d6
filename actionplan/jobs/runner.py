"""The jobs: each brings the database to what a day requires, and is right run once, twice, late or
at once.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from actionplan.accounts import secret_storage
from actionplan.digests import outbox
from actionplan.models import JobRun
from commitments import clock
from commitments.evidence import storage
from commitments.models import Plan
from commitments.register import flags

# What each job does for a plan and a day, as at the end of it; it returns counts of what it
# changed.
JOBS: dict[str, Callable[[Plan, date], dict[str, int]]] = {
    "flag_overdue": flags.bring_up_to,
    "send_digests": outbox.send,
}

# Days without a run are filled in with their true dates, so many at the most.
CATCH_UP = timedelta(days=366)


class FutureDay(ValueError):
    """A job is asked to act for a day that has not come."""


def run(job: str, plan: Plan, day: date) -> dict[str, Any]:
    """Run a job as at the end of a day and say so in the ledger, whatever comes of it; raises
    FutureDay.
    """
    if day > clock.today(plan.timezone):
        raise FutureDay(f"{day} has not come yet in {plan.timezone}: give today or a day before it")
    started = timezone.now()
    # a week's digests have one row, whichever of its days they are asked for
    period = outbox.monday(day) if job == "send_digests" else day
    row, _created = JobRun.objects.get_or_create(
        plan=plan, job=job, day=period, defaults={"started": started}
    )
    try:
        counts = JOBS[job](plan, day)
    except Exception:
        _finish(row.pk, started, JobRun.Outcome.FAILED, {})
        raise
    _finish(row.pk, started, JobRun.Outcome.SUCCEEDED, counts)
    return {"job": job, "plan": plan.slug, "day": day.isoformat(), **counts}


def _finish(pk: int, started: datetime, outcome: JobRun.Outcome, counts: dict[str, int]) -> None:
    """Two that end at once are both counted."""
    with transaction.atomic():
        row = JobRun.objects.select_for_update().get(pk=pk)
        row.started, row.finished, row.outcome, row.runs = (
            started,
            timezone.now(),
            outcome,
            row.runs + 1,
        )
        row.counts = dict(Counter(row.counts) + Counter(counts))
        row.save()


def due_days(job: str, plan: Plan) -> list[date]:
    """The days for which the job is due: missed ones and today for the flags, the week's Monday for
    the digests.
    """
    if job == "send_digests":
        day = outbox.due_week(clock.now(plan.timezone), plan.timezone) + outbox.WEEK
        # a clock that was set back asks for no week that lies behind what was sent
        later = JobRun.objects.filter(plan=plan, job=job, day__gt=day)
        return [] if later.exists() else [day]
    today = clock.today(plan.timezone)
    last = (
        JobRun.objects.filter(plan=plan, job=job, outcome="succeeded", day__lt=today)
        .order_by("-day")
        .first()
    )
    if last is None:
        return [today]
    first = max(last.day, today - CATCH_UP)
    return [first + timedelta(days=n) for n in range(1, (today - first).days + 1)]


def run_due() -> list[dict[str, Any]]:
    """Everything that is due now, for every plan in its own zone; two callers at once leave what
    one would.

    What fails holds up only its own later days; it is raised once everything else is done.
    """
    done: list[dict[str, Any]] = []
    failed: list[Exception] = []
    for plan in Plan.objects.all():
        for job in JOBS:
            try:
                done += [run(job, plan, day) for day in due_days(job, plan)]
            except Exception as error:
                failed.append(error)
    if not any(row["job"] == "send_digests" for row in done):
        # no week was due; a digest may still need another try
        outbox.deliver()
    if done:
        # once a day at least, with the flags
        storage.sweep()
        secret_storage.reseal_all()
    if failed:
        raise failed[0]
    return done
