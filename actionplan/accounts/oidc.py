"""Sign-in with each side's own identity provider: OpenID Connect, with code and PKCE.

An account here is linked to an issuer and a subject. Nothing else of what the provider says is kept
or believed.
"""

import hashlib
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from actionplan.accounts.adapters import refuse
from commitments.pages import labels

# what allauth raises when a provider answers nonsense
PROVIDER_ERRORS = (
    OAuth2Error,
    RequestException,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ValidationError,
)


# what the provider says of a visitor, signed
Claims = dict[str, object]


class Adapter(OpenIDConnectOAuth2Adapter):
    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: object, **kwargs: Any
    ) -> SocialLogin:
        """Believe the signed token alone: allauth would ask for more, and not check the signature."""
        return self.get_provider().verify_token(request, kwargs["response"])


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Adapter
    pkce_enabled_default = True

    def get_default_scope(self) -> list[str]:
        return ["openid"]

    def extract_uid(self, data: Claims) -> str:
        """Made of issuer and subject, so that no subject of another issuer opens the account."""
        subject = data["sub"]
        if not isinstance(subject, str) or not subject:
            raise ValueError
        return hashlib.sha256(f"{data['iss']} {subject}".encode()).hexdigest()

    def extract_extra_data(self, data: Claims) -> dict[str, str]:
        return {}

    def extract_common_fields(self, data: Claims) -> dict[str, str]:
        return {}

    def extract_email_addresses(self, data: Claims) -> list[EmailAddress]:
        return []


@require_POST
def leave(request: HttpRequest, side: str) -> HttpResponse:
    """Send the visitor to the provider by a page and not by a redirect.

    Browsers hold a redirect after a form to the policy on forms, at every further hop of the
    provider's own.
    """
    try:
        provider = get_adapter(request).get_provider(request, side.lower())
    except SocialApp.DoesNotExist:
        raise Http404 from None
    process = "login"
    if request.user.is_authenticated:
        process = "connect"
    try:
        redirect = provider.redirect(request, process, next_url=get_next_redirect_url(request))
    except PROVIDER_ERRORS:
        return refuse(request, "failed")
    address = redirect.headers["Location"]
    context = {"address": address, "organisation": labels.side(side.upper())}
    response = render(request, "socialaccount/leaving.html", context)
    response.headers["Refresh"] = f"0; url={address}"
    return response


@require_safe
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        view = OAuth2CallbackView.adapter_view(Adapter(request, provider_id))
        response: HttpResponse = view(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except PROVIDER_ERRORS:
        return refuse(request, "failed")
    return response
