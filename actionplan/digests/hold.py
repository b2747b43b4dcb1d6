"""Mail and deliveries to webhooks are held after a restore: the site that was backed up may have sent
what waits in the copy.
"""

from datetime import datetime

from django.db.models import QuerySet

from actionplan.digests import outbox
from actionplan.models import Digest, Mark
from actionplan.webhooks import deliveries
from commitments import clock
from commitments.models import Plan

REASON = "held after a restore"


def waiting() -> QuerySet[Digest]:
    """The digests that are not sent yet."""
    return Digest.objects.filter(state__in=(Digest.State.QUEUED, Digest.State.SENDING))


def ready_before(moment: datetime) -> QuerySet[Digest]:
    """The digests that have been ready since then and were not taken; none while mail is held."""
    return outbox.ready().filter(next_try__lt=moment)


def release(*, discard: bool) -> dict[str, int]:
    """Let what waits go out with the next run, or never.

    Digests of weeks that have passed meanwhile expire. When they are discarded, nobody gets one for
    the week that is due now either, and webhooks hear of what is recorded from then on.
    """
    counts = {"waiting": 0, "dropped": 0}
    for plan in Plan.objects.all():
        week = outbox.due_week(clock.now(plan.timezone), plan.timezone)
        digests = waiting().filter(plan=plan)
        counts["dropped"] += outbox.record_end(
            digests.filter(week__lt=week), Digest.State.EXPIRED, REASON
        )
        if discard:
            outbox.queue(plan, week)
            counts["dropped"] += outbox.record_end(digests, Digest.State.SKIPPED, REASON)
        counts["waiting"] += digests.count()
    if discard:
        deliveries.drop_waiting()
    Mark.objects.filter(name=Mark.MAIL_HELD).delete()
    return counts
