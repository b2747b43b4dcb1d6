"""Language, caching and the answer to an expired session: what every request passes through."""

import contextlib
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_structlog.middlewares import RequestMiddleware

from actionplan.error_views import kept_text, typed
from commitments.pages.base import NoPlan

# characters of a draft that wait in the session until its author has signed in again
MOST_KEPT = 20_000

Handler = Callable[[HttpRequest], HttpResponse]


def language(handler: Handler) -> Handler:
    """The account's language, else that of the cookie, else the browser's."""

    def handle(request: HttpRequest) -> HttpResponse:
        chosen = _of_account(request) or translation.get_language_from_request(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen
            response = handler(request)
        response.headers.setdefault("Content-Language", chosen)
        patch_vary_headers(response, ("Accept-Language",))
        return response

    return handle


def _of_account(request: HttpRequest) -> str:
    """Nothing where the database is away: whoever needs it will say so."""
    try:
        return getattr(request.user, "language", "")
    except (OperationalError, InterfaceError):
        return ""


class Logged(RequestMiddleware):
    """A log line about a database that is away does not ask it who the user is."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        with contextlib.suppress(OperationalError, InterfaceError):
            RequestMiddleware.bind_user_id(request)


def private(handler: Handler) -> Handler:
    """Pages belong to one reader, public ones too, since their forms carry that reader's token; no
    index takes them.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        if not request.path.startswith("/health/"):
            patch_vary_headers(response, ("Cookie",))
            response.headers.setdefault("Cache-Control", "private, no-cache")
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return handle


def methods(handler: Handler) -> Handler:
    """Pages are read and forms are sent; nothing here takes another method."""
    taken = ["GET", "HEAD", "POST", "OPTIONS"]

    def handle(request: HttpRequest) -> HttpResponse:
        return handler(request) if request.method in taken else HttpResponseNotAllowed(taken)

    return handle


class Pages:
    """Answers for a site without a plan, and gives typed text back when a session has expired."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.handler(request)
        signing_in = redirect_to_login(request.get_full_path()).url
        sent_away = response.status_code == 302 and response.headers["Location"] == signing_in
        if (
            sent_away
            and request.method == "POST"
            and not request.user.is_authenticated
            and kept_text(request)
        ):
            if len(str(typed(request))) < MOST_KEPT:
                request.session["draft"] = {"path": request.path, "values": typed(request)}
            context = {"kept_text": kept_text(request), "sign_in": response.headers["Location"]}
            return render(request, "actionplan/expired.html", context, status=401)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NoPlan):
            return render(
                request,
                "actionplan/no_plan.html",
                {"is_administrator": getattr(request.user, "is_superuser", False)},
            )
        return None
