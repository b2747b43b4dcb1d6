"""What holds for every page of somebody who is signed in: the end of the session, and the second
factor.
"""

from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from actionplan.accounts import second_factor, sessions
from actionplan.accounts.audit_log import log
from actionplan.middleware import Handler

# Whether the site is alive is answered without a look into the database.
HEALTH_PATH = "/health/"
# what somebody may open who has not set up the second factor that they need
PATHS_WITHOUT_FACTOR = (
    "/account/factor/",
    "/account/confirm/",
    "/sign-out/",
    "/language/",
    "/accessibility/",
    "/unsubscribe/",
)


def limit_sessions(get_response: Handler) -> Handler:
    """End a session that is over before anything asks who is there; else note the page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(HEALTH_PATH) and SESSION_KEY in request.session:
            if sessions.has_ended(request.session):
                log.info("session_over", user=int(request.session[SESSION_KEY]))
                logout(request)
            else:
                sessions.record_activity(request)
        return get_response(request)

    return middleware


def require_second_factor(get_response: Handler) -> Handler:
    """Send whoever needs a second factor and has not shown one to where they can."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith((HEALTH_PATH, *PATHS_WITHOUT_FACTOR)):
            return get_response(request)
        user = request.user
        if not user.is_authenticated or not second_factor.is_required(user):
            return get_response(request)
        if second_factor.is_proven(request):
            return get_response(request)
        if not second_factor.has_one(user):
            return redirect("mfa_index")
        # The session began before the factor was set up, perhaps by somebody else.
        logout(request)
        return redirect_to_login(request.get_full_path())

    return middleware
