"""The second factor: who must have one, and whether a session was begun or strengthened with it."""

import hashlib
import re

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from actionplan.models import User
from commitments.models import Role

# recovery codes stand in for one of these and are no factor of their own
FACTOR_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# key of the session: the account that set up its factor in it
SET_UP_BY = "factor_set_up"


def is_required(user: User) -> bool:
    """Managers and administrators need one, but for the sample accounts of a trial.

    A trial is reached from its own machine alone.
    """
    if settings.TRIAL and user.email.endswith("@example.org"):
        return False
    is_manager = any(membership.role == Role.MANAGER for membership in user.roles)
    return user.is_superuser or is_manager


def has_one(user: User) -> bool:
    return bool(is_mfa_enabled(user, FACTOR_TYPES))


def is_proven(request: HttpRequest) -> bool:
    """Whether it was given at the sign-in, or set up in this very session."""
    if request.session.get(SET_UP_BY) == request.user.pk:
        return True
    records = get_authentication_records(request, request.user)
    return any(record["method"] == "mfa" for record in records)


def use_code_once(user: User, code: str) -> bool:
    """Whether this right code is used for the first time; of two who try at once, one is told no.

    It is remembered for as long as an authenticator app's code is taken. allauth remembers it for
    one period alone, and not at all when the app is set up with it.
    """
    plain = re.sub(r"\W", "", code).lower()
    digest = hashlib.sha256(plain.encode()).hexdigest()
    lifetime = settings.MFA_TOTP_PERIOD * (2 * settings.MFA_TOTP_TOLERANCE + 1)
    return bool(cache.add(f"used-code:{user.pk}:{digest}", True, lifetime))


def may_remove(authenticator: Authenticator) -> bool:
    """The last factor of somebody who must have one stays."""
    if authenticator.type not in FACTOR_TYPES or not is_required(authenticator.user):
        return True
    factors = Authenticator.objects.filter(user=authenticator.user, type__in=FACTOR_TYPES)
    return bool(factors.exclude(pk=authenticator.pk).exists())
