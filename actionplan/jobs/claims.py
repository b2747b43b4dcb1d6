"""What the outboxes of mail and of webhooks have in common: when a row is tried, and by whom."""

from datetime import datetime, timedelta

from django.db.models import Exists, Q

from actionplan.models import Mark

# what lies further ahead than any wait was written by a clock that ran fast
CLOCK_ERROR = timedelta(days=1)


def is_claimable(now: datetime) -> Q:
    """Whether a row waits and its time has come, or the worker that claimed it was killed.

    After a restore nothing can be claimed until that is released.
    """
    latest = now + CLOCK_ERROR
    waited = Q(next_try__lte=now) | Q(next_try__gt=latest)
    abandoned = Q(lease_until__lte=now) | Q(lease_until__gt=latest)
    held = Mark.objects.filter(name=Mark.MAIL_HELD)
    return Q(~Exists(held), Q(waited, state="queued") | Q(abandoned, state="sending"))


def wait_after(tries: int, first: timedelta, longest: timedelta) -> timedelta:
    """The first wait, doubled for every try that failed before, up to the longest."""
    # many doublings make a number beyond any time
    doublings: int = 2 ** min(tries, 10)
    return min(first * doublings, longest)
