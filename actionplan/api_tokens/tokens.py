"""Personal tokens: what programs show in place of a sign-in, each for one purpose in one plan, kept
as a digest.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from actionplan.models import Token, User
from commitments import clock
from commitments.models import Plan

PREFIX = "actp_"
LIFETIMES = (30, 90, 365)
# more than anybody uses, and few enough for one page
MOST = 20
FEEDS = {"calendar": Token.Purpose.CALENDAR, "register-feed": Token.Purpose.REGISTER}
LISTS = ("commitments", "register", "fund", "mine")
SAFE = ("GET", "HEAD", "OPTIONS")


class TooMany(Exception):
    """The account has as many tokens of the plan as it may have."""


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def make(*, by: User, plan: Plan, purpose: str, label: str, days: int, today: date) -> str:
    """A new token, which nothing can show again. Raises TooMany."""
    if Token.objects.filter(user=by, plan=plan).count() >= MOST:
        raise TooMany
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = today + timedelta(days=days)
    Token.objects.create(
        user=by,
        plan=plan,
        purpose=purpose,
        label=label,
        digest=digest(secret),
        made=today,
        expires=expires,
    )
    return secret


def revoke(*, by: User, number: int) -> bool:
    return bool(Token.objects.filter(user=by, pk=number).delete()[0])


def find(secret: str, purpose: str) -> Token | None:
    """The token while it lasts, and while its account may still sign in and has a role in the plan."""
    token: Token | None = (
        Token.objects.filter(digest=digest(secret), purpose=purpose)
        .select_related("user", "plan")
        .first()
    )
    if token is None or clock.today(token.plan.timezone) > token.expires:
        return None
    return (
        token if Plan.objects.accessible_to(token.user).filter(pk=token.plan_id).exists() else None
    )


def used(token: Token) -> None:
    """Written once a day and not with every request."""
    today = clock.today(token.plan.timezone)
    if token.last_used != today:
        Token.objects.filter(pk=token.pk).update(last_used=today)


def purpose_of(request: HttpRequest) -> str | None:
    """What a token must be for to open the address; None where no token does."""
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in FEEDS:
        return str(FEEDS[name])
    as_data = name == "status" or (name in LISTS and request.GET.get("format") == "json")
    return str(Token.Purpose.READ) if as_data else None


def given(request: HttpRequest, *, is_feed: bool) -> str | None:
    """The token that comes with the request; feeds also take it in the address or as a password."""
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if not is_feed:
        return None
    if "token" in request.GET:
        return request.GET["token"]
    return _password(value) if scheme.lower() == "basic" else None


def _password(value: str) -> str | None:
    try:
        password = base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return None
    # another sign-in, of a proxy for example, is not for us
    return password if password.startswith(PREFIX) else None


class Access:
    """Lets a token in where one opens the address, for reading and in place of any session."""

    def __init__(self, handler: Callable[[HttpRequest], Any]) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> Any:
        response = self.handler(request)
        if hasattr(request, "only_plan"):
            patch_vary_headers(response, ("Authorization",))
            # the address may hold the token
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        purpose = purpose_of(request)
        is_feed = purpose not in (None, Token.Purpose.READ)
        secret = given(request, is_feed=is_feed)
        if secret is None:
            return _without(request, purpose, is_feed=is_feed)
        if purpose is None:
            return _refused(
                403,
                _(
                    "A token opens status.json, lists with format=json, and the feeds; nothing else."
                ),
            )
        if request.method not in SAFE:
            return _refused(405, _("A token only reads: use GET or HEAD."), Allow=", ".join(SAFE))
        token = find(secret, purpose)
        if token is None:
            wrong = _(
                "This token is unknown, expired or revoked, or made for another purpose: make a new one."
            )
            return _unauthorized(wrong, is_feed=is_feed, error=True)
        used(token)
        request.user, request.only_plan = token.user, token.plan_id  # type: ignore[attr-defined]
        return None


def _without(request: HttpRequest, purpose: str | None, *, is_feed: bool) -> HttpResponse | None:
    """A program is told what it lacks; a person is led to signing in."""
    if purpose is None or request.user.is_authenticated:
        return None
    if is_feed:
        return _unauthorized(
            _("This feed needs a personal token for it, or a sign-in."), is_feed=True
        )
    if "text/html" in request.headers.get("Accept", "") or _is_public(request):
        return None
    return _unauthorized(
        _("Send a personal token for reading as “Authorization: Bearer TOKEN”."), is_feed=False
    )


def _is_public(request: HttpRequest) -> bool:
    """Whether the address is of a plan that everybody reads; what of it, its view says."""
    slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    plans = Plan.objects.visible_to(request.user)
    return bool((plans.filter(slug=slug) if slug else plans).exists())


def _unauthorized(text: str, *, is_feed: bool, error: bool = False) -> HttpResponse:
    challenge = 'Bearer realm="actionplan"' + (', error="invalid_token"' if error else "")
    if is_feed:
        challenge = 'Basic realm="actionplan", charset="UTF-8"'
    return _refused(401, text, **{"WWW-Authenticate": challenge})


def _refused(status: int, text: str, **headers: str) -> HttpResponse:
    headers |= {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return JsonResponse(
        {"error": text}, status=status, headers=headers, json_dumps_params={"ensure_ascii": False}
    )
