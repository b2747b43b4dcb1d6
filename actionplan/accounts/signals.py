"""What happens when somebody signs in or out, or changes how they do."""

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from actionplan.accounts import second_factor, sessions
from actionplan.accounts.audit_log import log
from actionplan.models import User

# what stands in the column of addresses, which takes nothing empty
NO_ADDRESS = "0.0.0.0"  # noqa: S104 nothing listens here


@receiver(pre_save, sender=UserSession)
def _store_no_address(instance: UserSession, **kwargs: object) -> None:
    """This site stores nobody's IP address, and has no use for it in the list of sessions."""
    instance.ip = NO_ADDRESS


@receiver(user_logged_in)
def _begin_session(request: HttpRequest, user: User, **kwargs: object) -> None:
    sessions.begin(request.session)
    records = get_authentication_records(request, user)
    log.info("signed_in", user=user.pk, by=[record["method"] for record in records])


@receiver(user_logged_out)
def _log_sign_out(user: User | None, **kwargs: object) -> None:
    if user:
        log.info("signed_out", user=user.pk)


@receiver(password_changed)
@receiver(password_reset)
def _log_password(user: User, **kwargs: object) -> None:
    log.info("password_changed", user=user.pk)


@receiver(authenticator_added)
def _remember_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: object
) -> None:
    if authenticator.type in second_factor.FACTOR_TYPES:
        request.session[second_factor.SET_UP_BY] = user.pk
    log.info("factor_added", user=user.pk, kind=authenticator.type)


@receiver(authenticator_removed)
def _log_removed_factor(user: User, authenticator: Authenticator, **kwargs: object) -> None:
    log.info("factor_removed", user=user.pk, kind=authenticator.type)


@receiver(authentication_failed)
def _log_failed_factor(user: User, authenticator: Authenticator, **kwargs: object) -> None:
    log.warning("factor_failed", user=user.pk, kind=authenticator.type)
