"""How long a session lasts, which sessions an account has, and how they end.

allauth keeps a row for each session (`allauth.usersessions`), so that people see where they are
signed in. When a session ends is decided here, from two times that the session itself holds.
"""

import contextlib
from datetime import UTC, datetime, timedelta
from time import time

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from actionplan.models import User

# keys of the session: seconds since the epoch
SIGNED_IN_AT = "since"
LAST_SEEN_AT = "seen"
# seconds between two notes of the last page
NOTE_INTERVAL = 60
# Browsers and systems as user agents name them. The order matters: each also names those after it.
BROWSERS = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


def begin(session: SessionBase) -> None:
    """Start both clocks; called when somebody has signed in."""
    now = int(time())
    session.update({SIGNED_IN_AT: now, LAST_SEEN_AT: now})


def has_ended(session: SessionBase) -> bool:
    """Whether no page was asked for in an hour, or the sign-in is twelve hours ago."""
    now = time()
    is_idle = now - session.get(LAST_SEEN_AT, now) > settings.SESSION_IDLE
    is_too_old = now - session.get(SIGNED_IN_AT, now) > settings.SESSION_COOKIE_AGE
    return bool(is_idle or is_too_old)


def end_time(session: SessionBase) -> datetime:
    """When the session ends if no further page is asked for."""
    now = time()
    end_by_age = session.get(SIGNED_IN_AT, now) + settings.SESSION_COOKIE_AGE
    return datetime.fromtimestamp(min(now + settings.SESSION_IDLE, end_by_age), UTC)


def record_activity(request: HttpRequest) -> None:
    """Note that a page was asked for, unless that was done within the last minute.

    The session is saved before the page runs: a page that takes long would otherwise write back
    what others have changed meanwhile.
    """
    session = request.session
    now = int(time())
    if now - session.get(LAST_SEEN_AT, 0) < NOTE_INTERVAL or not request.user.is_authenticated:
        return
    session[LAST_SEEN_AT] = now
    session.setdefault(SIGNED_IN_AT, now)
    # The session is gone if it was ended at this very moment.
    with contextlib.suppress(UpdateError):
        session.save()
        UserSession.objects.create_from_request(request)
    session.modified = False


def list_open(user: User) -> QuerySet[UserSession]:
    """The sessions that have not ended, the last used first."""
    now = timezone.now()
    idle_since = now - timedelta(seconds=settings.SESSION_IDLE)
    too_old_since = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    UserSession.objects.purge_and_list(user)
    open_sessions: QuerySet[UserSession] = UserSession.objects.filter(
        user=user, last_seen_at__gt=idle_since, created_at__gt=too_old_since
    )
    return open_sessions.order_by("-last_seen_at")


def end_all(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def erase(user: User) -> None:
    """End every session that holds the account or its address, also of a sign-in half done."""
    end_all(user)
    for row in Session.objects.iterator():
        content = row.get_decoded()
        if content.get(SESSION_KEY) == str(user.pk) or user.email in str(content).lower():
            row.delete()


def describe_browser(user_agent: str) -> str:
    """The browser and the system, as far as the user agent is a known one."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), user_agent)
    system = next((name for name in SYSTEMS if name in user_agent), "")
    return " · ".join(filter(None, (browser, system)))
