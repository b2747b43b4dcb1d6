"""Mail is held after a restore: the site that was backed up may have sent what waits in the copy."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from actionplan.digests import outbox
from actionplan.models import Digest, Mark
from commitments import clock
from commitments.models import Plan


def waiting() -> QuerySet[Digest]:
    """The digests that are not out."""
    return Digest.objects.filter(state__in=(Digest.State.QUEUED, Digest.State.SENDING))


def oldest_wait(now: datetime) -> timedelta:
    """For how long a digest has been ready and was not taken; nothing while mail is held."""
    oldest = outbox.ready().order_by("next_try").values_list("next_try", flat=True).first()
    if oldest is None:
        return timedelta()
    return max(now - oldest, timedelta())


def release(*, discard: bool) -> dict[str, int]:
    """Let what waits go out with the next run, or never.

    Digests of weeks that have passed meanwhile expire. When they are discarded, nobody gets one for
    the week that is due now either.
    """
    counts = {"waiting": 0, "dropped": 0}
    for plan in Plan.objects.all():
        week = outbox.due_week(clock.now(plan.timezone), plan.timezone)
        digests = waiting().filter(plan=plan)
        counts["dropped"] += _end(digests.filter(week__lt=week), Digest.State.EXPIRED)
        if discard:
            outbox.queue(plan, week)
            counts["dropped"] += _end(digests, Digest.State.SKIPPED)
        counts["waiting"] += digests.count()
    Mark.objects.filter(name=Mark.MAIL_HELD).delete()
    return counts


def _end(digests: QuerySet[Digest], state: Digest.State) -> int:
    return digests.update(
        state=state, lease_until=None, finished=timezone.now(), error="held after a restore"
    )
