"""Where allauth asks how this site wants it: sign-in by password, second factors, organisations'
own sign-in.
"""

import time
from typing import cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from actionplan.accounts import invitations, second_factor, secret_storage
from actionplan.accounts.audit_log import log
from actionplan.accounts.rate_limits import SignInAttempt
from actionplan.error_views import too_many_requests
from actionplan.models import User
from commitments.models import Membership

# seconds after a sign-in within which nobody is asked again who they are
RECENTLY = 300
WRONG_CODE = _("This code is not right, or it was used before: give the one that is shown now.")
# why an organisation's sign-in was of no use, with the status of the answer
REFUSALS = {"not_invited": 403, "other_side": 403, "cancelled": 400, "failed": 400}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "incorrect_password": _("This password is not right."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": WRONG_CODE,
    }

    def validation_error(self, code: str, *args: object) -> ValidationError:
        """Too many tries are no error of a form: the answer is 429, as for all other limits."""
        if code in ("too_many_login_attempts", "rate_limited"):
            raise ImmediateHttpResponse(too_many_requests(context.request))
        return cast(ValidationError, super().validation_error(code, *args))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only this site. Unlike allauth's, it answers for an address that cannot be parsed."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts={context.request.get_host()})

    def get_client_ip(self, request: HttpRequest) -> str:
        # A server that is reached by a Unix socket knows no address.
        if not request.META.get("REMOTE_ADDR"):
            return "unknown"
        return super().get_client_ip(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        email = credentials.get("email", "").lower()
        self.attempt = SignInAttempt(request, email, self.get_client_ip(request))
        if not self.attempt.is_allowed:
            log.warning("sign_in_slowed", user=_find_account(credentials))
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: str) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user:
            self.attempt.take_back()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: str) -> None:
        log.warning("sign_in_failed", user=_find_account(credentials))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        log.warning("sign_in_refused", user=user.pk, why="disabled")
        return render(request, "account/account_inactive.html", status=403)

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Whether the account must confirm who it is: not within five minutes of a sign-in."""
        records = get_authentication_records(self.request, self.request.user)
        if not records:
            return True
        return bool(time.time() - records[-1]["at"] >= RECENTLY)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


def _find_account(credentials: dict[str, str]) -> int | None:
    """The number of the account that was tried, for the log."""
    accounts = User.objects.filter(email=credentials.get("email", "").lower())
    return accounts.values_list("pk", flat=True).first()


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
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

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}


class OrganisationAdapter(DefaultSocialAccountAdapter):
    """An organisation's word is taken for who somebody is, never for whether there is an account."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        return reverse("account")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in whoever is linked, links their account, or was invited; nobody else."""
        if sociallogin.state.get("process") == "connect":
            _check_side_of_account(request, sociallogin.account)
        elif not sociallogin.account.pk:
            sociallogin.user = _accept_invitation(request, sociallogin.account)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        **kwargs: object,
    ) -> None:
        if error == "cancelled":
            raise ImmediateHttpResponse(refuse(request, "cancelled"))
        raise ImmediateHttpResponse(refuse(request, "failed"))


def _check_side_of_account(request: HttpRequest, link: SocialAccount) -> None:
    """An account is linked to the organisations of its own sides only, if it has sides."""
    memberships = Membership.objects.filter(user=request.user.pk).exclude(side="")
    sides = set(memberships.values_list("side", flat=True))
    if sides and _side_of(link) not in sides:
        raise ImmediateHttpResponse(refuse(request, "other_side"))


def _accept_invitation(request: HttpRequest, link: SocialAccount) -> User:
    """The account of the invitation that this session has opened."""
    token = request.session.pop("invitation", "")
    invitation = invitations.find(token)
    if invitation and invitation.side not in ("", _side_of(link)):
        raise ImmediateHttpResponse(refuse(request, "other_side"))
    user = invitations.accept(token, link=link)
    if user is None:
        raise ImmediateHttpResponse(refuse(request, "not_invited"))
    return user


def _side_of(link: SocialAccount) -> str:
    return str(link.provider).upper()


def refuse(request: HttpRequest, why: str) -> HttpResponse:
    """The page that says why the organisation's sign-in was of no use."""
    log.warning("sign_in_refused", why=why, user=request.user.pk)
    context = {"why": why}
    return render(request, "socialaccount/refused.html", context, status=REFUSALS[why])
