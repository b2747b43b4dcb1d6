"""Lets a program in that shows a token, for reading and in place of any session."""

import base64

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from actionplan.api_tokens import tokens
from actionplan.middleware import Handler, leads_to_sign_in
from actionplan.models import Token

FEEDS = (Token.Purpose.CALENDAR, Token.Purpose.REGISTER)
# pages that a program reads with format=json
LISTS = ("commitments", "register", "fund", "mine", "between")
READING_METHODS = ("GET", "HEAD", "OPTIONS")
# where a program also hands something over, which is believed for the signature in it
TAKES_SIGNATURES = "witness"
# headers of a refusal that say how to show a token
BEARER = {"WWW-Authenticate": 'Bearer realm="actionplan"'}
BEARER_INVALID = {"WWW-Authenticate": 'Bearer realm="actionplan", error="invalid_token"'}
BASIC = {"WWW-Authenticate": 'Basic realm="actionplan", charset="UTF-8"'}


class TokenAccess:
    """Sets `request.user` and `request.only_plan`, the number of the plan that the token opens."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if hasattr(request, "only_plan"):
            patch_vary_headers(response, ("Authorization",))
            # the address may hold the token
            response.headers["Referrer-Policy"] = "no-referrer"
        elif leads_to_sign_in(request, response):
            return _ask_for_token(request) or response
        return response

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        purpose = purpose_of_address(request)
        secret = secret_of_request(request, is_feed=purpose in FEEDS)
        if secret is None:
            return None
        if purpose is None:
            text = _(
                "A token opens status.json, lists with format=json, and the feeds; nothing else."
            )
            return _refuse(403, text)
        assert request.resolver_match
        is_signature = request.resolver_match.url_name == TAKES_SIGNATURES
        if request.method not in READING_METHODS and not is_signature:
            text = _("A token only reads: use GET or HEAD.")
            return _refuse(405, text, Allow=", ".join(READING_METHODS))
        token = tokens.find(secret, purpose)
        if token is None:
            text = _(
                "This token is unknown, expired or revoked, or made for another purpose: make a new one."
            )
            challenge = BASIC if purpose in FEEDS else BEARER_INVALID
            return _refuse(401, text, **challenge)
        tokens.record_use(token)
        request.user = token.user
        request.only_plan = token.plan_id  # type: ignore[attr-defined]
        return None


def purpose_of_address(request: HttpRequest) -> Token.Purpose | None:
    """What a token must be made for to open the address; None where no token does."""
    assert request.resolver_match
    name = request.resolver_match.url_name
    if name in LISTS and request.GET.get("format") == "json":
        return Token.Purpose.READ
    return tokens.PURPOSES.get(str(name))


def secret_of_request(request: HttpRequest, *, is_feed: bool) -> str | None:
    """The token that comes with the request; feeds also take it in the address or as a password."""
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if not is_feed:
        return None
    if "token" in request.GET:
        return request.GET["token"]
    if scheme.lower() == "basic":
        return _secret_of_password(value)
    return None


def _secret_of_password(value: str) -> str | None:
    try:
        password = base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return None
    # another sign-in, of a proxy for example, is not for this site
    return password if password.startswith(tokens.PREFIX) else None


def _ask_for_token(request: HttpRequest) -> HttpResponse | None:
    """Tell a program what it lacks; None for a person, who is led to signing in."""
    purpose = purpose_of_address(request)
    if purpose in FEEDS:
        return _refuse(401, _("This feed needs a personal token for it, or a sign-in."), **BASIC)
    if purpose is None or "text/html" in request.headers.get("Accept", ""):
        return None
    text = _("Send a personal token for reading as “Authorization: Bearer TOKEN”.")
    return _refuse(401, text, **BEARER)


def _refuse(status: int, text: str, **headers: str) -> HttpResponse:
    headers |= {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return JsonResponse(
        {"error": text}, status=status, headers=headers, json_dumps_params={"ensure_ascii": False}
    )
