"""How long a session lasts, which ones an account has, and how they end."""

from datetime import UTC, datetime, timedelta
from time import time

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest

from actionplan.models import OpenSession, User

# that a page was asked for is noted once in so many seconds, not with each page
NOTED = 60


def begin(request: HttpRequest, user: User) -> None:
    """Called when somebody has signed in."""
    session = request.session
    if not session.session_key:
        session.create()
    now = int(time())
    browser = request.headers.get("User-Agent", "")[:200]
    moment = datetime.fromtimestamp(now, UTC)
    OpenSession.objects.filter(
        user=user, since__lt=moment - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    ).delete()
    found, _made = OpenSession.objects.update_or_create(
        key=str(session.session_key),
        defaults={"user": user, "since": moment, "seen": moment, "browser": browser},
    )
    session.update({"since": now, "seen": now, "opened": found.pk})


def has_ended(request: HttpRequest) -> bool:
    """Nobody asked for a page for an hour, or the sign-in was too long ago."""
    session, now = request.session, time()
    idle = now - session.get("seen", now) > settings.SESSION_IDLE
    return bool(idle or now - session.get("since", now) > settings.SESSION_COOKIE_AGE)


def until(request: HttpRequest) -> datetime:
    """When the session ends if no further page is asked for."""
    now = time()
    end = min(
        now + settings.SESSION_IDLE, request.session.get("since", now) + settings.SESSION_COOKIE_AGE
    )
    return datetime.fromtimestamp(end, UTC)


def note(request: HttpRequest) -> None:
    """That a page was asked for, where the last note is older than a minute; written past what the
    page changes.
    """
    now = int(time())
    if SESSION_KEY not in request.session or now - request.session.get("seen", 0) < NOTED:
        return
    stored = SessionStore(request.session.session_key)
    if SESSION_KEY not in stored:
        return
    stored["seen"] = now
    stored.setdefault("since", now)
    try:
        stored.save()
    except UpdateError:  # signed out at the same moment
        return
    if request.session.modified:
        request.session.update({"seen": now, "since": stored["since"]})
    moment = datetime.fromtimestamp(now, UTC)
    OpenSession.objects.filter(pk=stored.get("opened", 0)).update(
        key=str(request.session.session_key), seen=moment
    )


def of(user: User) -> list[OpenSession]:
    """Those that still hold."""
    now = time()
    idle = datetime.fromtimestamp(now - settings.SESSION_IDLE, UTC)
    old = datetime.fromtimestamp(now - settings.SESSION_COOKIE_AGE, UTC)
    alive = Session.objects.values("session_key")
    return list(OpenSession.objects.filter(user=user, seen__gt=idle, since__gt=old, key__in=alive))


def end(found: QuerySet[OpenSession]) -> None:
    Session.objects.filter(session_key__in=list(found.values_list("key", flat=True))).delete()
    found.delete()


def end_all(user: User) -> None:
    end(OpenSession.objects.filter(user=user))


def forget(user: User, email: str) -> None:
    """Every session that knows the account or the address, a sign-in that was never finished among
    them.
    """
    end_all(user)
    for row in Session.objects.iterator():
        content = row.get_decoded()
        if content.get(SESSION_KEY) == str(user.pk) or email in str(content).lower():
            row.delete()
