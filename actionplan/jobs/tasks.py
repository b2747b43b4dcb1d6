"""What Celery calls: one service each."""

from celery import shared_task

from actionplan.jobs import runner
from actionplan.models import Mark


@shared_task
def run_due_jobs() -> int:
    """Everything that is due; returns how many runs.

    That it was asked shows that beat, queue and worker live.
    """
    Mark.now(Mark.WORKER)
    return len(runner.run_due())
