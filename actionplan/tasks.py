"""What Celery calls: one service each."""

from celery import shared_task

from actionplan import jobs


@shared_task
def run_due_jobs() -> int:
    """Everything that is due; returns how many runs."""
    return len(jobs.run_due())
