"""Celery is only a trigger: each task says "bring the database to what now requires", and the
database is the truth.
"""

import logging
import multiprocessing
import os
import sys

from celery import Celery, signals
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")

from django.conf import settings

VISIBILITY_TIMEOUT = 900
logger = logging.getLogger(__name__)

app = Celery("actionplan", set_as_current=True)
app.conf.update(
    broker_url=settings.REDIS_URL or None,
    # a worker killed in the middle gives its message back; every task may run twice
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # a task waits in the queue, where another worker can take it, and not in one worker's memory
    worker_prefetch_multiplier=1,
    # the job ledger in the database says what happened
    task_ignore_result=True,
    # a task ends before its message is given to somebody else
    task_time_limit=VISIBILITY_TIMEOUT // 2 - 60,
    # nothing but plain data travels
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="actionplan",
    # a half-open connection is noticed within seconds instead of leaving the worker deaf
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
    broker_connection_retry_on_startup=True,
    # the broker can be away for a long while without ending the worker
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    # beat only asks what is due; the ledger knows the answer
    beat_schedule={
        "due-jobs": {"task": "actionplan.jobs.tasks.run_due_jobs", "schedule": 600.0},
        "tell": {"task": "actionplan.jobs.tasks.tell", "schedule": 120.0},
        "webhooks": {"task": "actionplan.jobs.tasks.call_webhooks", "schedule": 60.0},
    },
    beat_max_loop_interval=30,
    timezone="UTC",
)
app.autodiscover_tasks(["actionplan.jobs"])


@signals.celeryd_init.connect
def require_semaphores(**kwargs: object) -> None:
    """End a worker that could not start its processes with one sentence that names the cause.

    Python keeps the semaphores that they share in /dev/shm, which some containers do not have.
    """
    try:
        multiprocessing.Semaphore()
    except OSError as error:
        sys.exit(
            f"error: the worker cannot start its processes ({error.strerror}): they share "
            "semaphores, for which /dev/shm must be there and writable."
        )


# settings of a connection for those who must not wait
IMPATIENT = {"socket_timeout": 2, "socket_connect_timeout": 1, "max_retries": 1}


def count_waiting() -> int | None:
    """How many messages nobody has taken; None where the queue does not answer."""
    try:
        with app.connection_for_write(transport_options=IMPATIENT) as connection:
            return int(connection.default_channel.client.llen(app.conf.task_default_queue))
    except (OperationalError, RedisError, OSError):
        return None


def ask_for_due_jobs() -> None:
    ask_for("actionplan.jobs.tasks.run_due_jobs")


def ask_for(task: str) -> None:
    """Have a worker do what is to be done.

    Never waits for the queue and never fails with it: beat asks again anyway.
    """
    try:
        with app.connection_for_write(transport_options=IMPATIENT) as connection:
            app.send_task(task, connection=connection, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("the queue does not answer (%s)", type(error).__name__)
