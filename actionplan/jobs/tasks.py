"""What Celery calls: one service each."""

import logging

from celery import shared_task
from django.db import InterfaceError, OperationalError

from actionplan.jobs import runner
from actionplan.models import Mark
from actionplan.papers import orders
from actionplan.webhooks import deliveries

logger = logging.getLogger(__name__)


@shared_task
def write_papers() -> int:
    """Write the papers that wait. Where the queue was away, the due jobs write them."""
    return orders.write_waiting()


@shared_task
def tell() -> None:
    """Tell what was recorded a few minutes ago to those who hear of it at once."""
    try:
        runner.tell()
    except (OperationalError, InterfaceError) as error:
        logger.error("the database went away: %s", " ".join(str(error).split()))


@shared_task
def call_webhooks() -> None:
    """Tell the webhooks what was recorded a moment ago. It is a task of its own, so that a receiver
    that hangs delays no mail.
    """
    try:
        deliveries.queue()
        deliveries.deliver()
    except (OperationalError, InterfaceError) as error:
        logger.error("the database went away: %s", " ".join(str(error).split()))


@shared_task
def run_due_jobs() -> int:
    """Everything that is due; returns how many runs.

    That it was asked shows that beat, queue and worker live. Where the database goes away meanwhile,
    what is not done is due the next time.
    """
    try:
        Mark.now(Mark.WORKER)
        return len(runner.run_due())
    except (OperationalError, InterfaceError) as error:
        logger.error("the database went away: %s", " ".join(str(error).split()))
        return 0
