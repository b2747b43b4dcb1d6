"""The outbox of webhooks: a row for each entry and address, queued once and tried until it is taken.

A receiver may take something and the answer be lost, or a worker be killed before it is noted. Then
the same delivery comes again, with the same id, so that the receiver can drop it. This is the other
way round than with mail, which nobody can drop.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from actionplan.accounts import secret_storage
from actionplan.jobs.claims import is_claimable, wait_after
from actionplan.models import Webhook, WebhookDelivery
from actionplan.webhooks import content, sender
from actionplan.webhooks.sender import NotDelivered
from commitments.models import Entry, PublicEntry

State = WebhookDelivery.State
Problem = WebhookDelivery.Problem
UNFINISHED = (State.QUEUED, State.SENDING)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)
# outlives any single try; what a killed worker claimed is free again after this
LEASE = timedelta(minutes=2)
# what is finished is shown for so long
KEPT = timedelta(days=30)
# one run ends before the next one is due
SECONDS = 50.0


def queue() -> int:
    """Queue what was recorded since the last time; returns how much. Safe to run concurrently."""
    webhooks = Webhook.objects.filter(active=True).select_related("plan")
    return sum(_queue_for(webhook) for webhook in webhooks)


def _queue_for(webhook: Webhook) -> int:
    last = Entry.objects.filter(plan=webhook.plan).last_number()
    if last <= webhook.number:
        return 0
    with transaction.atomic():
        unmoved = Webhook.objects.filter(pk=webhook.pk, number=webhook.number, active=True)
        # whoever does the same meanwhile has moved it
        if not unmoved.update(number=last):
            return 0
        deliveries = list(_new_deliveries(webhook, last))
        WebhookDelivery.objects.bulk_create(deliveries, batch_size=500)
    return len(deliveries)


def _new_deliveries(webhook: Webhook, last: int) -> Iterator[WebhookDelivery]:
    entries = PublicEntry.objects.filter(
        plan_id=webhook.plan_id, number__gt=webhook.number, number__lte=last
    )
    now = timezone.now()
    for number in entries.order_by("number").values_list("number", flat=True):
        yield WebhookDelivery(webhook=webhook, number=number, queued=now, next_try=now)


def _claimable() -> QuerySet[WebhookDelivery]:
    """The deliveries that a worker may claim.

    Nothing is joined here: the database must look at the row itself again where two workers want it.
    """
    return WebhookDelivery.objects.filter(is_claimable(timezone.now()))


def ready() -> QuerySet[WebhookDelivery]:
    """The deliveries that can be made now; an address that is switched off gets none."""
    return _claimable().filter(webhook__active=True)


def deliver(seconds: float = SECONDS) -> dict[str, int]:
    """Deliver what is ready, until nothing is or the time is over.

    1. Claim one delivery by a conditional update: it is "sending", under a lease. Whoever does the
       same meanwhile gets another.
    2. Hand it over, with no transaction open.
    3. Record how that ended. After a failure the address rests for the rest of this run, so that
       one that hangs delays no other.
    4. A worker that is killed leaves a delivery whose lease runs out; it is delivered again, with
       the same id.
    """
    counts = {"delivered": 0, "failed": 0, "dropped": 0}
    resting: set[int] = set()
    end = monotonic() + seconds
    while monotonic() < end:
        delivery = _claim(resting)
        if delivery is None:
            break
        end_of_try = _deliver(delivery)
        counts[end_of_try] += 1
        if end_of_try == "failed":
            resting.add(delivery.webhook_id)
    return counts


def _claim(resting: set[int]) -> WebhookDelivery | None:
    """The one that has waited longest, for this worker alone; None where nothing is left."""
    while True:
        waiting = ready().exclude(webhook__in=resting).order_by("next_try", "number", "pk")
        delivery = waiting.select_related("webhook__plan").first()
        if delivery is None:
            return None
        delivery.lease_until = timezone.now() + LEASE
        claimed = _claimable().filter(pk=delivery.pk)
        if claimed.update(state=State.SENDING, lease_until=delivery.lease_until):
            return delivery


def _deliver(delivery: WebhookDelivery) -> str:
    """Hand one over and record how that ended; returns under which name it is counted."""
    webhook = delivery.webhook
    try:
        secret = secret_storage.open_sealed(webhook.secret)
        if secret is None:
            raise NotDelivered(Problem.SECRET)
        body = content.body_of(delivery, webhook.plan)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Actionplan",
            content.DELIVERY: str(delivery.id),
            content.SIGNATURE: content.sign(secret, int(time.time()), body),
        }
        status = sender.post(webhook.url, body, headers)
    except content.NoLongerPublic:
        _held(delivery).update(state=State.DROPPED, lease_until=None, finished=timezone.now())
        return "dropped"
    except NotDelivered as error:
        _retry_later(delivery, error)
        return "failed"
    _held(delivery).update(
        state=State.DELIVERED,
        status=status,
        problem="",
        tries=F("tries") + 1,
        lease_until=None,
        finished=timezone.now(),
    )
    return "delivered"


def _held(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    """The delivery, unless somebody took it over: a worker that stood still can lose its claim."""
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, state=State.SENDING, lease_until=delivery.lease_until
    )


def _retry_later(delivery: WebhookDelivery, error: NotDelivered) -> None:
    """Back to the queue with a longer wait, unless it has been tried for days."""
    now = timezone.now()
    next_try = now + wait_after(delivery.tries, FIRST_WAIT, LONGEST_WAIT)
    is_over = next_try > delivery.queued + GIVEN_UP_AFTER
    _held(delivery).update(
        state=State.FAILED if is_over else State.QUEUED,
        status=error.status,
        problem=error.problem,
        tries=F("tries") + 1,
        next_try=next_try,
        lease_until=None,
        finished=now if is_over else None,
    )


def drop_waiting() -> int:
    """After a restore: the site that was backed up has delivered what waits here, or will."""
    queue()
    waiting = WebhookDelivery.objects.filter(state__in=UNFINISHED)
    return waiting.update(state=State.DROPPED, lease_until=None, finished=timezone.now())


def sweep(now: datetime | None = None) -> None:
    """Forget what ended long ago."""
    before = (now or timezone.now()) - KEPT
    WebhookDelivery.objects.filter(finished__lt=before).exclude(state__in=UNFINISHED).delete()
