"""The command lines of a running site, the same for `up` and for the compose file (a test compares
them).
"""


def web(bind: str) -> list[str]:
    """Gunicorn loads the application once and then forks, which is faster and takes less memory.

    As many requests wait as `--worker-connections` and `--backlog` say, the proxy refuses the
    others; see docs/reference/bounds.md.

    No `--timeout`: after a machine has slept for longer, gunicorn would kill processes that are
    well, with the requests that they have just taken. The thread that gives the sign of life serves
    no request, so one that hangs would not be noticed by it either.
    """
    line = (
        f"python -m gunicorn actionplan.wsgi --bind {bind} --preload "
        "--worker-class gthread --workers 2 --threads 4 "
        "--worker-connections 64 --backlog 128 "
        "--timeout 0 --graceful-timeout 5 --no-control-socket"
    )
    return line.split()


def worker() -> list[str]:
    """Nothing reads what is left out, and the worker starts a second sooner."""
    line = (
        "python -m celery -A actionplan worker --concurrency 2 "
        "--without-gossip --without-mingle --without-heartbeat"
    )
    return line.split()


def beat(schedule: str) -> list[str]:
    """One a site: a second would only ask twice, since the job ledger knows what is due."""
    return ["python", "-m", "celery", "-A", "actionplan", "beat", "--schedule", schedule]
