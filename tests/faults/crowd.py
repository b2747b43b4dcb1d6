"""Accounts for the fault tests, each signed in already. Run as a program on the database of the
environment.
"""

import os
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

PLACES = (
    ("official", "GB", ("home-office", "border-force"), "en"),
    ("official", "FR", ("interior-ministry",), "fr"),
    ("official", "GB", ("nca",), "en"),
    ("official", "FR", ("dcpaf", "ocriest"), "fr"),
    ("manager", "GB", (), "en"),
    ("official", "FR", ("interior-ministry", "dcpaf"), "en"),
    ("official", "GB", ("home-office",), "fr"),
    ("manager", "FR", (), "fr"),
)
# these lead 4.4, and a manager may report whatever their side leads
LEADS = {"home-office", "interior-ministry"}
# with the officials and managers of the samples there are 200 who get a digest
SIZE = 194
ADMINISTRATOR = "administrator@example.org"


def may_report(number: int) -> bool:
    """On 4.4."""
    role, _side, bodies, _language = PLACES[number % len(PLACES)]
    return role == "manager" or not LEADS.isdisjoint(bodies)


def address(number: int) -> str:
    return f"crowd-{number:04}@example.org"


def session(email: str) -> str:
    """The key of the session in which an account is signed in."""
    return f"session-of-{email.partition('@')[0].replace('.', '-')}"


def fill(size: int = SIZE) -> None:
    """Accounts with memberships, in bulk, and a session for everybody."""
    from actionplan.models import User
    from commitments import clock
    from commitments.models import Membership, Plan
    from commitments.register import memberships

    plan = Plan.objects.get(slug="calais-2014")
    places = list(islice(cycle(PLACES), size))
    users = User.objects.bulk_create(
        User(email=address(number), post=f"Desk {number}", language=language, password="!")
        for number, (*_where, language) in enumerate(places)
    )
    members = Membership.objects.bulk_create(
        Membership(user=user, plan=plan, role=role, side=side)
        for user, (role, side, *_rest) in zip(users, places, strict=True)
    )
    bodies = dict(plan.bodies.values_list("code", "pk"))
    link = Membership.bodies.through
    link.objects.bulk_create(
        link(membership_id=member.pk, body_id=bodies[code])
        for member, (_role, _side, codes, _language) in zip(members, places, strict=True)
        for code in codes
    )
    memberships.record_differences(plan, clock.now(plan.timezone))
    sign_in(users)


def sign_in(users: Any) -> None:
    from django.contrib.sessions.models import Session

    Session.objects.bulk_create(_sessions(users))


def _sessions(users: Any) -> Iterator[Any]:
    from datetime import timedelta

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    until = timezone.now() + timedelta(hours=12)
    for user in users:
        content = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        data = SessionStore().encode(content)
        yield Session(session_key=session(user.email), session_data=data, expire_date=until)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    import django

    django.setup()
    fill()
