"""What every request passes through: language, caching, and answers that belong to no page."""

import contextlib
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_structlog.middlewares import RequestMiddleware

from actionplan.error_views import labelled_values, typed_values

# characters of a form that wait in the session until its author has signed in again
MAX_DRAFT_LENGTH = 20_000
ACCOUNT_PATHS = ("/account/", "/accounts/", "/sign-in/", "/invitation/", "/unsubscribe/")
METHODS = ["GET", "HEAD", "POST", "OPTIONS"]

Handler = Callable[[HttpRequest], HttpResponse]


def limit_caching(get_response: Handler) -> Handler:
    """Pages belong to one reader, public ones too, since their forms carry that reader's token.

    No browser stores a page about an account, and no search engine lists any page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/health/"):
            patch_vary_headers(response, ("Cookie",))
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if request.path.startswith(ACCOUNT_PATHS):
                response.headers["Cache-Control"] = "no-store"
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return middleware


def limit_methods(get_response: Handler) -> Handler:
    """Pages are read and forms are sent; nothing here takes another method."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        return get_response(request)

    return middleware


def choose_language(get_response: Handler) -> Handler:
    """The account's language, else that of the cookie, else the browser's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = _account_language(request) or translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response

    return middleware


def _account_language(request: HttpRequest) -> str:
    # Where the database is away, whoever needs it says so; this does not.
    try:
        return getattr(request.user, "language", "")
    except (OperationalError, InterfaceError):
        return ""


class RequestLog(RequestMiddleware):
    """A log line about a database that is away does not ask it who the user is."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        with contextlib.suppress(OperationalError, InterfaceError):
            RequestMiddleware.bind_user_id(request)


def keep_typed_text(get_response: Handler) -> Handler:
    """Whoever sends a form after their session has ended gets back what they had typed.

    It also waits in the session, so that the form opens with it after the next sign-in.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method != "POST" or not leads_to_sign_in(request, response):
            return response
        values = typed_values(request)
        if not values:
            return response
        if len(str(values)) < MAX_DRAFT_LENGTH:
            request.session["draft"] = {"path": request.path, "values": values}
        context = {
            "typed_text": labelled_values(request),
            "sign_in": response.headers["Location"],
        }
        return render(request, "actionplan/expired.html", context, status=401)

    return middleware


def leads_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the address was refused to somebody who is not signed in."""
    sign_in = redirect_to_login(request.get_full_path()).url
    return response.headers.get("Location") == sign_in
