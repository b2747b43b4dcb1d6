"""What happens when somebody signs in or out, or changes how they do."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from actionplan.accounts import second_factor, sessions
from actionplan.accounts.audit_log import log
from actionplan.models import OpenSession, User


@receiver(user_logged_in)
def _signed_in(request: Any, user: User, **kwargs: Any) -> None:
    sessions.begin(request, user)
    methods = [
        record["method"] for record in request.session.get("account_authentication_methods", [])
    ]
    log.info("signed_in", user=user.pk, by=methods)


@receiver(user_logged_out)
def _signed_out(request: Any, user: User | None, **kwargs: Any) -> None:
    OpenSession.objects.filter(pk=request.session.get("opened")).delete()
    if user:
        log.info("signed_out", user=user.pk)


@receiver(password_changed)
@receiver(password_reset)
def _password(request: Any, user: User, **kwargs: Any) -> None:
    """Django ends the other sessions; this one has a new key."""
    OpenSession.objects.filter(pk=request.session.get("opened"), user=user).update(
        key=request.session.session_key
    )
    log.info("password_changed", user=user.pk)


@receiver(authenticator_added)
def _factor_added(request: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type in second_factor.REAL:
        request.session[second_factor.SET_UP] = user.pk
    log.info("factor_added", user=user.pk, kind=authenticator.type)


@receiver(authenticator_removed)
def _factor_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    log.info("factor_removed", user=user.pk, kind=authenticator.type)


@receiver(authentication_failed)
def _factor_failed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    log.warning("factor_failed", user=user.pk, kind=authenticator.type)
