"""What those ask who watch the site; see docs/reference/health.md.

No answer says anything about a person.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from actionplan.digests import hold
from actionplan.jobs import ledger
from actionplan.models import Mark
from commitments.models import Plan

# beat asks every ten minutes, and a run may take six
WORKER_LATE = timedelta(minutes=25)
OUTBOX_LATE = timedelta(minutes=45)
NO_STORE = {"Cache-Control": "no-store"}


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """This process answers, whatever else is down: to start it anew would mend nothing else."""
    return HttpResponse("ok\n", content_type="text/plain", headers=NO_STORE)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """It can serve pages.

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


def health_report(now: datetime) -> dict[str, Any]:
    plans = list(Plan.objects.all())
    wait = hold.oldest_wait(now)
    late = [
        status.job for plan in plans for status in ledger.job_statuses(plan, now) if status.late
    ]
    if wait > OUTBOX_LATE:
        late.append("outbox")
    report = {
        "plans": {plan.slug: ledger.freshness(plan) for plan in plans},
        "outbox": {"waiting": hold.waiting().count(), "oldest_seconds": int(wait.total_seconds())},
        "mail_held_since": _iso(Mark.when(Mark.MAIL_HELD)),
        "queue": None,
        "worker": None,
    }
    if settings.REDIS_URL:
        report |= _queue_and_worker(now, late)
    return report | {"late": late}


def _queue_and_worker(now: datetime, late: list[str]) -> dict[str, Any]:
    """Adds to `late` what of these is."""
    # the dearest import of all, for a question that few ask
    from actionplan import celery

    queued = celery.count_waiting()
    if queued is None:
        late.append("queue")
    seen = Mark.when(Mark.WORKER)
    if seen is None or now - seen > WORKER_LATE:
        late.append("worker")
    return {"queue": {"waiting": queued}, "worker": {"last_seen": _iso(seen)}}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
