"""Addresses are added, switched, tested and removed here, and each of these acts is logged."""

import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from actionplan.accounts import secret_storage
from actionplan.accounts.audit_log import log
from actionplan.models import User, Webhook, WebhookDelivery
from commitments import clock
from commitments.models import Entry, Plan
from commitments.models.rights import Rights

PREFIX = "actw_"
# for each plan and side: more than anybody uses, and few enough for one page
MAX_WEBHOOKS = 10
State = WebhookDelivery.State
ENDED = (State.DELIVERED, State.FAILED, State.DROPPED)


class TooManyWebhooks(Exception):
    """The side has as many addresses as it may have."""


def webhooks_of(rights: Rights, plan: Plan) -> QuerySet[Webhook]:
    """Those that the reader looks after: an administrator all, a manager those of their side."""
    webhooks = Webhook.objects.filter(plan=plan)
    if rights.is_administrator:
        return webhooks
    return webhooks.filter(side=rights.side)


def add(*, plan: Plan, side: str, url: str, by: User) -> str:
    """The secret of a new address, which nothing can show again. It hears of what comes from now
    on. Raises TooManyWebhooks.
    """
    if Webhook.objects.filter(plan=plan, side=side).count() >= MAX_WEBHOOKS:
        raise TooManyWebhooks
    secret = PREFIX + secrets.token_urlsafe(32)
    webhook = Webhook.objects.create(
        plan=plan,
        side=side,
        url=url,
        secret=secret_storage.seal(secret),
        number=Entry.objects.filter(plan=plan).last_number(),
        added=clock.today(plan.timezone),
    )
    log.info("webhook_added", by=by.pk, plan=plan.slug, side=side, webhook=webhook.pk)
    return secret


def switch(webhook: Webhook, *, active: bool, by: User) -> None:
    """Switch an address on or off. What is recorded while it is off is not delivered."""
    if webhook.active == active:
        return
    Webhook.objects.filter(pk=webhook.pk).update(
        active=active, number=Entry.objects.filter(plan=webhook.plan).last_number()
    )
    event = "webhook_switched_on" if active else "webhook_switched_off"
    log.info(event, by=by.pk, plan=webhook.plan.slug, webhook=webhook.pk)


def remove(webhook: Webhook, *, by: User) -> None:
    log.info("webhook_removed", by=by.pk, plan=webhook.plan.slug, webhook=webhook.pk)
    webhook.delete()


def send_test(webhook: Webhook, *, by: User) -> None:
    """Queue a delivery without an entry."""
    now = timezone.now()
    WebhookDelivery.objects.create(webhook=webhook, queued=now, next_try=now)
    log.info("webhook_tested", by=by.pk, plan=webhook.plan.slug, webhook=webhook.pk)


def resend(webhook: Webhook, delivery: UUID, *, by: User) -> None:
    """Send a delivery once more with the same id: a receiver that has it already drops it."""
    now = timezone.now()
    again = webhook.deliveries.filter(pk=delivery, state__in=ENDED).update(
        state=State.QUEUED, tries=0, queued=now, next_try=now, finished=None, problem=""
    )
    if again:
        log.info("webhook_resent", by=by.pk, plan=webhook.plan.slug, webhook=webhook.pk)


@transaction.atomic
def reseal() -> secret_storage.Renewal:
    """Seal the secrets that were sealed by the key before; names the addresses of the others."""
    renewal = secret_storage.Renewal()
    for webhook in Webhook.objects.select_for_update():
        sealed = secret_storage.renewed(webhook.secret)
        if sealed is None:
            renewal.unreadable.append(webhook.pk)
        elif sealed != webhook.secret:
            Webhook.objects.filter(pk=webhook.pk).update(secret=sealed)
            renewal.changed += 1
    return renewal
