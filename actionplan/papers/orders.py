"""Papers that a worker writes: asked for on a page, kept for a day, given to nobody else.

A worker takes one by a conditional update, under a lease: one that is killed leaves it to the next.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from actionplan.accounts import emails
from actionplan.models import PaperOrder, User
from actionplan.papers.writers import PaperChoice, write_paper
from commitments import clock
from commitments.models import Action, Entry, Plan
from commitments.models.rights import Rights, memberships_of, rights_of
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.entry_types import HIDDEN, REDACTED

logger = logging.getLogger(__name__)
State = PaperOrder.State
KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 2
# a paper about so many actions is written while its reader waits
ACTIONS_AT_ONCE = 150


def is_written_by_worker(plan: Plan) -> bool:
    if not settings.REDIS_URL:
        return False
    return Action.objects.filter(plan=plan).count() > ACTIONS_AT_ONCE


def ask_for_paper(plan: Plan, user: User, choice: PaperChoice, *, wants_mail: bool) -> PaperOrder:
    """The order of the same paper, where the register has not grown since; else a new one."""
    head = Entry.objects.filter(plan=plan).count()
    same = fresh_orders().filter(plan=plan, by=user, choice=choice.query, head=head)
    order = same.exclude(state=State.FAILED).first()
    if order is None:
        order = PaperOrder.objects.create(
            plan=plan,
            by=user,
            choice=choice.query,
            wants_mail=wants_mail,
            head=head,
            asked=timezone.now(),
        )
        _call_worker()
    return order


def _call_worker() -> None:
    # the dearest import of all, for what few ask
    from actionplan import celery

    celery.ask_for("actionplan.jobs.tasks.write_papers")


def fresh_orders() -> QuerySet[PaperOrder]:
    return PaperOrder.objects.filter(asked__gt=timezone.now() - KEPT)


def has_been_removed_from(order: PaperOrder) -> bool:
    """Whether since it was asked for a text or a file was removed or hidden, which it may hold."""
    later = Entry.objects.filter(plan=order.plan, number__gt=order.head)
    return later.filter(kind__in=(HIDDEN, REDACTED)).exists()


def sweep() -> int:
    """Drop what is a day old; returns how many these were."""
    return PaperOrder.objects.filter(asked__lte=timezone.now() - KEPT).delete()[0]


def write_waiting() -> int:
    """Write every paper that nobody else writes, the oldest first; returns how many."""
    written = 0
    while order := _claim():
        _write(order)
        written += 1
    return written


def _claim() -> PaperOrder | None:
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.WRITING, lease_until__lte=now)
    for order in fresh_orders().filter(free).defer("content"):
        claimed = PaperOrder.objects.filter(free, pk=order.pk).update(
            state=State.WRITING, lease_until=now + LEASE, attempts=F("attempts") + 1, progress=0
        )
        if claimed:
            order.refresh_from_db()
            return order
    return None


def _write(order: PaperOrder) -> None:
    row = PaperOrder.objects.filter(pk=order.pk)

    def tell_progress(percent: int) -> None:
        row.update(progress=percent, lease_until=timezone.now() + LEASE)

    page = _page_for(order)
    if page is None or order.attempts > MOST_ATTEMPTS:
        row.update(state=State.FAILED, finished=timezone.now())
        return
    try:
        with timezone.override(order.plan.timezone), labels.in_languages_of(order.plan):
            content = write_paper(page, PaperChoice.from_query(order.choice), tell_progress)
    except Exception:
        logger.exception("paper %s", order.pk)
        row.update(state=State.FAILED, finished=timezone.now())
        return
    row.update(state=State.READY, progress=100, finished=timezone.now(), content=content)
    if order.wants_mail:
        _send_mail(order)


def _page_for(order: PaperOrder) -> Page | None:
    """The page of the account with the rights that it has now; None where it has none."""
    user = order.by
    rights = Rights()
    if user.is_active:
        roles = memberships_of(user.pk)
        membership = next((role for role in roles if role.plan_id == order.plan_id), None)
        rights = rights_of(membership, administrator=user.pk if user.is_superuser else None)
    if not rights.inside:
        return None
    today = clock.today(order.plan.timezone)
    plans = list(Plan.objects.visible_to(user))
    return Page(order.plan, plans, rights, on=today, known=today, today=today)


def _send_mail(order: PaperOrder) -> None:
    """Tell the account that the paper is ready, and where. The file itself is not mailed."""
    link = settings.SITE_URL + reverse("plan:paper-order", args=[order.plan.slug, order.pk])
    try:
        emails.send("paper", order.by.email, order.by.language, link=link, plan=order.plan)
    except OSError as error:
        logger.warning("paper %s: no mail (%s)", order.pk, error)
