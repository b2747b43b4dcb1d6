"""What holds for every page of somebody who is signed in: the end of the session, and the second
factor.
"""

from collections.abc import Callable

from allauth.account.internal.stagekit import clear_login
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from actionplan.accounts import second_factor as second
from actionplan.accounts import sessions
from actionplan.accounts.audit_log import log

Handler = Callable[[HttpRequest], HttpResponse]
# pages about accounts are kept by no browser; of them these lead to a second factor
ACCOUNT = ("/account/", "/accounts/", "/sign-in/", "/invitation/")
TO_FACTOR = (
    "/account/factor/",
    "/account/confirm/",
    "/sign-out/",
    "/language/",
    "/accessibility/",
    "/unsubscribe/",
)


def limits(handler: Handler) -> Handler:
    """Ends a session that is over, before anything asks who is there; notes that a page was asked
    for.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/health/"):
            return handler(request)
        user = request.session.get(SESSION_KEY)
        if user and sessions.has_ended(request):
            log.info("session_over", user=int(user))
            logout(request)
            # who may still be told what they had typed
            request.left = int(user)  # type: ignore[attr-defined]
        response = handler(request)
        sessions.note(request)
        return response

    return handle


def factors(handler: Handler) -> Handler:
    """Managers and administrators reach nothing without a second factor but the page that sets one
    up.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        # whether the site is alive is said without a look into the database
        watched = request.path.startswith("/health/")
        held_up = _to_factor(request) if not watched and request.user.is_authenticated else None
        response = held_up or handler(request)
        if request.path.startswith(ACCOUNT):
            response.headers["Cache-Control"] = "no-store"
        return response

    return handle


def _to_factor(request: HttpRequest) -> HttpResponse | None:
    if request.path.startswith(TO_FACTOR) or not second.is_required(request.user):
        return None
    if second.is_proven(request):
        return None
    if second.has_one(request.user):  # type: ignore[arg-type]
        # begun before the factor was set up, perhaps by somebody else
        clear_login(request)
        logout(request)
        return redirect_to_login(request.get_full_path())
    return HttpResponseRedirect(reverse("mfa_index"))
