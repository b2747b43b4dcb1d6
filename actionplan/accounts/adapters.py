"""Where allauth asks how this site wants it: sign-in by password, second factors, organisations'
own sign-in.
"""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from actionplan.accounts import invitations, second_factor, secret_storage
from actionplan.accounts.audit_log import log
from actionplan.accounts.rate_limits import Try
from actionplan.models import User
from commitments.models import Membership

RECENTLY = 300
TOO_MANY = _(
    "Too many attempts that did not succeed: wait a quarter of an hour before the next one."
)
# what is said after an act; whatever allauth says besides is left out
DONE = {
    "account/messages/password_changed.txt": _("Your password is changed."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app is removed."),
    "mfa/messages/recovery_codes_generated.txt": _(
        "There are new recovery codes; the old ones no longer work."
    ),
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "socialaccount/messages/account_connected.txt": _(
        "You can now sign in with your organisation."
    ),
    "socialaccount/messages/account_connected_other.txt": _(
        "That account of your organisation belongs to another account here."
    ),
}


class Accounts(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": TOO_MANY,
        "incorrect_password": _("This password is not right."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _(
            "This code is not right, or it was used before: give the one that is shown now."
        ),
        "rate_limited": TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only this site; one that cannot even be read is not safe either, where allauth would
        fail.
        """
        return url_has_allowed_host_and_scheme(url, allowed_hosts={context.request.get_host()})

    def get_client_ip(self, request: HttpRequest) -> str:
        return (request.META.get("REMOTE_ADDR") and super().get_client_ip(request)) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self.attempt = Try(
            request, credentials.get("email", "").lower(), self.get_client_ip(request)
        )
        if not self.attempt.allowed:
            log.warning("sign_in_slowed", user=_pk(credentials))
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user:
            self.attempt.forgive()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        log.warning("sign_in_failed", user=_pk(credentials))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        log.warning("sign_in_refused", user=user.pk, why="disabled")
        return render(request, "account/account_inactive.html", status=403)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within five minutes of a sign-in."""
        request = self.request
        records = get_authentication_records(request, request.user)
        return not (records and time.time() - records[-1]["at"] < RECENTLY)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, message_context: Any = None,
        extra_tags: str = "", message: str | None = None,
    ) -> None:  # fmt: skip
        text = message or DONE.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        texts = {
            "reauthenticate": gettext("With the password"),
            "mfa_reauthenticate": gettext("With a code"),
            "mfa_reauthenticate:webauthn": gettext("With a passkey"),
        }
        return [
            method | {"description": texts[method["id"]]}
            for method in super().get_reauthentication_methods(user)
        ]


def _pk(credentials: dict[str, Any]) -> int | None:
    """Whose account was tried, for the log."""
    return (
        User.objects.filter(email=credentials.get("email", "").lower())
        .values_list("pk", flat=True)
        .first()
    )


class Factors(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": Accounts.error_messages["incorrect_code"],
        "cannot_delete_authenticator": _(
            "Your role requires a second factor: set up another one first."
        ),
        "cannot_generate_recovery_codes": _(
            "Recovery codes need a second factor: set one up first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return secret_storage.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secret_storage.unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return second_factor.may_remove(authenticator)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}


class Organisations(DefaultSocialAccountAdapter):
    """An organisation's word is taken for who somebody is, never for whether there is an account."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("account")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        side = sociallogin.account.provider.upper()
        if sociallogin.state.get("process") == "connect":
            sides = set(
                Membership.objects.filter(user=request.user.pk or 0)
                .exclude(side="")
                .values_list("side", flat=True)
            )
            if sides and side not in sides:
                raise ImmediateHttpResponse(refused(request, "other_side"))
            return
        if sociallogin.account.pk:
            return
        text = request.session.pop("invitation", "")
        found = invitations.find(text)
        if found and found.side not in ("", side):
            raise ImmediateHttpResponse(refused(request, "other_side"))
        user = invitations.accept(text, link=sociallogin.account) if found else None
        if user is None:
            raise ImmediateHttpResponse(refused(request, "not_invited"))
        sociallogin.user = user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        raise ImmediateHttpResponse(
            refused(request, "cancelled" if error == "cancelled" else "failed")
        )


def refused(request: HttpRequest, why: str) -> HttpResponse:
    log.warning("sign_in_refused", why=why, user=request.user.pk)
    status = 403 if why in ("not_invited", "other_side") else 400
    return render(request, "socialaccount/refused.html", {"why": why}, status=status)
