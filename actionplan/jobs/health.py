"""What watches the site asks here; see docs/reference/health.md. No page of these says anything
about a person.
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

PLAIN = {"content_type": "text/plain", "headers": {"Cache-Control": "no-store"}}
# beat asks every ten minutes, and a run may take six
WORKER_LATE = timedelta(minutes=25)
OUTBOX_LATE = timedelta(minutes=45)


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """That this process answers, whatever else is down: to start it anew would mend nothing else."""
    return HttpResponse("ok\n", **PLAIN)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """That it can serve pages. Without its database this ends as every page does, with 503 and
    Retry-After.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return alive(request)


@require_safe
def working(request: HttpRequest) -> JsonResponse:
    """Whether what is to happen by itself does; 503 with the names of what is late."""
    found = state(timezone.now())
    return JsonResponse(
        found, status=503 if found["late"] else 200, headers={"Cache-Control": "no-store"}
    )


def state(now: datetime) -> dict[str, Any]:
    plans = list(Plan.objects.all())
    late = [job for plan in plans for job in ledger.late(ledger.last_successes(plan), now)]
    wait, held = hold.oldest_wait(now), Mark.when(Mark.MAIL_HELD)
    found: dict[str, Any] = {
        "plans": {plan.slug: ledger.freshness(plan) for plan in plans},
        "outbox": {"waiting": hold.waiting().count(), "oldest_seconds": int(wait.total_seconds())},
        "mail_held_since": held and held.isoformat(),
        "queue": None,
        "worker": None,
    }
    late += ["outbox"] if wait > OUTBOX_LATE else []
    if settings.REDIS_URL:
        from actionplan import celery  # the dearest import of all, for a question that few ask

        seen, queued = Mark.when(Mark.WORKER), celery.waiting()
        found["queue"] = {"waiting": queued}
        found["worker"] = {"last_seen": seen and seen.isoformat()}
        late += ["queue"] if queued is None else []
        late += ["worker"] if seen is None or now - seen > WORKER_LATE else []
    return found | {"late": late}
