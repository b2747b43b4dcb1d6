"""The processes of a running site, the same for `up` and for the compose file (a test holds them
equal).
"""


def web(bind: str) -> list[str]:
    """Loaded once and then forked: that starts sooner and takes less memory."""
    size = ["--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    # so many wait at the most, the rest is for the proxy to refuse; see docs/reference/bounds.md
    bounds = ["--worker-connections", "64", "--backlog", "128", "--timeout", "60"]
    end = ["--graceful-timeout", "5", "--no-control-socket"]
    return ["python", "-m", "gunicorn", "actionplan.wsgi", "--bind", bind, *size, *bounds, *end]


def worker() -> list[str]:
    # nothing reads what these three would send, and without them the worker starts a second sooner
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return ["python", "-m", "celery", "-A", "actionplan", "worker", "--concurrency", "2", *quiet]


def beat(schedule: str) -> list[str]:
    """One per site: two would only ask twice, since the ledger knows what is due."""
    return ["python", "-m", "celery", "-A", "actionplan", "beat", "--schedule", schedule]
