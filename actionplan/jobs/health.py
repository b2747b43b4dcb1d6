"""What those ask who watch the site; see docs/reference/health.md.

No answer says anything about a person.
"""

from datetime import datetime, timedelta
from typing import TypedDict

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from actionplan.digests import hold
from actionplan.jobs import ledger
from actionplan.models import Mark
from actionplan.schemas.json_types import Moment
from commitments.models import Plan

# beat asks every ten minutes, and a run may take six
WORKER_LATE = timedelta(minutes=25)
OUTBOX_LATE = timedelta(minutes=45)
NO_STORE = {"Cache-Control": "no-store"}


class Outbox(TypedDict):
    waiting: int
    oldest_seconds: int


class Queue(TypedDict):
    waiting: int | None


class Worker(TypedDict):
    last_seen: Moment | None


class HealthReport(TypedDict):
    plans: dict[str, list[ledger.JobSuccess]]
    outbox: Outbox
    mail_held_since: Moment | None
    queue: Queue | None
    worker: Worker | None
    late: list[str]


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answers 200 while this process serves requests, whatever else is down. Restarting it would
    not help a database or a queue that is away.
    """
    return HttpResponse("ok\n", content_type="text/plain", headers=NO_STORE)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answers 200 if this process can serve pages.

    Without its database this ends as every page does, with 503 and Retry-After.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return alive(request)


@require_safe
def working(request: HttpRequest) -> JsonResponse:
    """Whether what is to happen by itself does; 503 with the names of what is late."""
    report = health_report(timezone.now())
    return JsonResponse(report, status=503 if report["late"] else 200, headers=NO_STORE)


def health_report(now: datetime) -> HealthReport:
    plans = list(Plan.objects.all())
    late = [
        status.job for plan in plans for status in ledger.job_statuses(plan, now) if status.late
    ]
    outbox = _late_outbox(now)
    if outbox["waiting"]:
        late.append("outbox")
    report: HealthReport = {
        "plans": {plan.slug: ledger.freshness(plan) for plan in plans},
        "outbox": outbox,
        "mail_held_since": ledger.iso(Mark.when(Mark.MAIL_HELD)),
        "queue": None,
        "worker": None,
        "late": late,
    }
    if settings.REDIS_URL:
        _add_queue_and_worker(report, now)
    return report


def _late_outbox(now: datetime) -> Outbox:
    """The mail that is late. A count of all mail would tell everybody when a side is written to
    about a report that waits for its release.
    """
    late = hold.ready_before(now - OUTBOX_LATE)
    oldest = late.order_by("next_try").values_list("next_try", flat=True).first()
    if oldest is None:
        return {"waiting": 0, "oldest_seconds": 0}
    return {"waiting": late.count(), "oldest_seconds": int((now - oldest).total_seconds())}


def _add_queue_and_worker(report: HealthReport, now: datetime) -> None:
    # the dearest import of all, for a question that few ask
    from actionplan import celery

    queued = celery.count_waiting()
    if queued is None:
        report["late"].append("queue")
    seen = Mark.when(Mark.WORKER)
    if seen is None or now - seen > WORKER_LATE:
        report["late"].append("worker")
    report["queue"] = {"waiting": queued}
    report["worker"] = {"last_seen": ledger.iso(seen)}
