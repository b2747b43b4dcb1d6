"""The second factor: who must have one, and whether a session was begun or has been strengthened
with it.
"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from actionplan.models import User
from commitments.models import Membership, Role

REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
SET_UP = "factor_set_up"


def is_required(user: Any) -> bool:
    """Of managers and administrators. Sample accounts on a trial, which only this machine reaches,
    go without.
    """
    if settings.TRIAL and user.email.endswith("@example.org"):
        return False
    if user.is_superuser:
        return True
    # known already of whoever is signed in, see backend.py
    if hasattr(user, "roles"):
        return any(membership.role == Role.MANAGER for membership in user.roles)
    return bool(Membership.objects.filter(user=user, role=Role.MANAGER).exists())


def has_one(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=REAL).exists())


def is_proven(request: HttpRequest) -> bool:
    """Given when signing in, or set up in this very session."""
    records = get_authentication_records(request, request.user)
    return bool(
        any(record["method"] == "mfa" for record in records)
        or request.session.get(SET_UP) == request.user.pk
    )


def may_remove(authenticator: Authenticator) -> bool:
    """The last one of somebody who must have one stays."""
    others = Authenticator.objects.filter(user=authenticator.user, type__in=REAL).exclude(
        pk=authenticator.pk
    )
    return authenticator.type not in REAL or others.exists() or not is_required(authenticator.user)
