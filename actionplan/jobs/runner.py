"""The jobs. Each brings the database to what a day requires: it may run once, twice, late or at the
same time as itself.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from actionplan.accounts import secret_storage
from actionplan.digests import notices, outbox
from actionplan.digests.content import WEEK, week_before
from actionplan.integrity.job import verify_daily
from actionplan.models import JobRun
from actionplan.papers import orders
from actionplan.webhooks import deliveries
from actionplan.webhooks import services as webhooks
from commitments import clock
from commitments.evidence import storage
from commitments.models import Plan
from commitments.register import flags

# What each job does for a plan as at the end of a day; it returns counts of what it changed.
JOBS: dict[str, Callable[[Plan, date], dict[str, int]]] = {
    # before the flags, which would otherwise mend what somebody changed
    "verify_register": verify_daily,
    "flag_overdue": flags.bring_up_to,
    "send_digests": outbox.send,
}

# Days without a run are filled in with their true dates, so many at the most.
CATCH_UP = timedelta(days=366)


class FutureDay(ValueError):
    """A job is asked to act for a day that has not come."""


def run(job: str, plan: Plan, day: date) -> dict[str, Any]:
    """Run a job as at the end of a day, and record in the ledger how that ended.

    Raises FutureDay.
    """
    if day > clock.today(plan.timezone):
        raise FutureDay(f"{day} has not come yet in {plan.timezone}: give today or a day before it")
    started = timezone.now()
    # a week's digests have one row, that of its Monday, whichever of its days they are asked for
    period = week_before(day) + WEEK if job == "send_digests" else day
    row, _created = JobRun.objects.get_or_create(
        plan=plan, job=job, day=period, defaults={"started": started}
    )
    try:
        counts = JOBS[job](plan, day)
    except Exception:
        _record(row, started, JobRun.Outcome.FAILED, {})
        raise
    _record(row, started, JobRun.Outcome.SUCCEEDED, counts)
    return {"job": job, "plan": plan.slug, "day": day.isoformat(), **counts}


def _record(
    row: JobRun, started: datetime, outcome: JobRun.Outcome, counts: dict[str, int]
) -> None:
    """Record how a run ended. Of two runs that end at the same time both are counted."""
    with transaction.atomic():
        row = JobRun.objects.select_for_update().get(pk=row.pk)
        row.started = started
        row.finished = timezone.now()
        row.outcome = outcome
        row.runs += 1
        row.counts = dict(Counter(row.counts) + Counter(counts))
        row.save()
        Plan.objects.filter(pk=row.plan_id).raise_version()


def due_days(job: str, plan: Plan) -> list[date]:
    if job == "send_digests":
        return _due_mondays(plan)
    if job == "verify_register":
        return _today_once(job, plan)
    return _days_since_last_success(job, plan)


def _today_once(job: str, plan: Plan) -> list[date]:
    """Today, unless the job has succeeded today. A day that was missed is not caught up on, since
    the job would find the same.
    """
    today = clock.today(plan.timezone)
    runs = JobRun.objects.filter(plan=plan, job=job, outcome=JobRun.Outcome.SUCCEEDED)
    return [] if runs.filter(day=today).exists() else [today]


def _due_mondays(plan: Plan) -> list[date]:
    """The Monday on which the latest digests became due."""
    due = outbox.due_week(clock.now(plan.timezone), plan.timezone) + WEEK
    # a clock that was set back asks for no week that lies behind what was sent
    later = JobRun.objects.filter(plan=plan, job="send_digests", day__gt=due)
    if later.exists():
        return []
    return [due]


def _days_since_last_success(job: str, plan: Plan) -> list[date]:
    """Every day that was missed, and today."""
    today = clock.today(plan.timezone)
    runs = JobRun.objects.filter(plan=plan, job=job, outcome=JobRun.Outcome.SUCCEEDED)
    last = runs.filter(day__lt=today).order_by("-day").first()
    if last is None:
        return [today]
    first = max(last.day, today - CATCH_UP)
    return [first + timedelta(days=number) for number in range(1, (today - first).days + 1)]


def queue_notices() -> list[Exception]:
    """Queue what is to be told at once, for every plan; what fails for one holds up no other."""
    errors: list[Exception] = []
    for plan in Plan.objects.all():
        try:
            notices.queue(plan, clock.now(plan.timezone))
        except Exception as error:
            errors.append(error)
    return errors


def tell() -> None:
    """Queue and send what is to be told at once."""
    errors = queue_notices()
    outbox.deliver()
    if errors:
        raise errors[0]


def run_due() -> list[dict[str, Any]]:
    """Everything that is due now, for every plan in its own zone; safe to run concurrently.

    What fails holds up only its own later days; it is raised once everything else is done.
    """
    done: list[dict[str, Any]] = []
    errors: list[Exception] = []
    for plan in Plan.objects.all():
        for job in JOBS:
            try:
                for day in due_days(job, plan):
                    done.append(run(job, plan, day))
            except Exception as error:
                errors.append(error)
    errors += queue_notices()
    # a digest may still need another try, whether or not a week was due
    outbox.deliver()
    deliveries.queue()
    deliveries.deliver()
    orders.sweep()
    orders.write_waiting()
    if done:
        # once a day at least, with the flags
        storage.sweep()
        secret_storage.reseal_all()
        webhooks.reseal()
        deliveries.sweep()
    if errors:
        raise errors[0]
    return done
