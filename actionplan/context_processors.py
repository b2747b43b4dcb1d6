"""What every template may show: the plan and the day, who looks, and the ways on."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from actionplan.accounts import sessions
from actionplan.models import Mark
from commitments import clock
from commitments.pages.page import Page

# what only those read who have a role in the plan
INSIDE = ("mine", "digests")
NAV: tuple[tuple[str, Callable[[], str]], ...] = (
    ("overview", lambda: _("Overview")),
    ("commitments", lambda: _("Commitments")),
    ("mine", lambda: _("My actions")),
    ("fund", lambda: _("Fund")),
    ("text", lambda: _("Text")),
    ("register", lambda: _("Register")),
    ("digests", lambda: _("Digests")),
)


def page(request: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {
        "languages": [
            {"code": code, "name": name, "current": code == (get_language() or "en")[:2]}
            for code, name in settings.LANGUAGES
        ],
        "pinned": clock.is_pinned(),
        "contact": settings.DEFAULT_FROM_EMAIL,
    }
    # a request that is refused before anybody looks who sent it has no user
    if hasattr(request, "user") and request.user.is_authenticated:
        found["signed_in_until"] = until = sessions.end_time(request.session)
        found["signed_in_seconds"] = int((until - timezone.now()).total_seconds())
    shown: Page | None = getattr(request, "page", None)
    if shown is None:
        return found
    return (
        found
        | shown.context
        | {
            "plans": [
                {"slug": plan.slug, "title": plan.title, "url": f"/plans/{plan.slug}/"}
                for plan in shown.plans
            ],
            "samples": shown.plan.is_sample,
            "rights": shown.rights,
            "mail_held": Mark.when(Mark.MAIL_HELD) if shown.rights.is_administrator else None,
            "kept": list(shown.kept.items()),
            "back_to_today": request.path,
            "switch_known": _switched(request, shown),
            "nav": [
                {
                    "url": shown.url(name),
                    "label": label(),
                    "current": _is_current(request, shown, name),
                }
                for name, label in NAV
                if shown.inside or name not in INSIDE
            ]
            + [{"url": reverse("accounts"), "label": _("Accounts"), "current": False}]
            * shown.rights.is_administrator,
        }
    )


def _switched(request: HttpRequest, shown: Page) -> str:
    """The same page with the other of the two ways of knowing."""
    query = request.GET.copy()
    query.pop("known", None)
    if shown.known:
        query["known"] = "now"
    return f"{request.path}?{query.urlencode()}"


def _is_current(request: HttpRequest, shown: Page, name: str) -> bool:
    address = shown.url(name).partition("?")[0]
    return request.path == address if name == "overview" else request.path.startswith(address)
