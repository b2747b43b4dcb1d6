"""What every template may show: the site, the session, and inside a plan the plan and the ways on."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionplan.accounts import sessions
from actionplan.models import Mark
from commitments import clock
from commitments.pages.page import Page

PAGES = {
    "overview": gettext_lazy("Overview"),
    "commitments": gettext_lazy("Commitments"),
    "mine": gettext_lazy("My actions"),
    "fund": gettext_lazy("Fund"),
    "text": gettext_lazy("Text"),
    "register": gettext_lazy("Register"),
    "digests": gettext_lazy("Digests"),
}
# only members of the plan have these
PAGES_FOR_MEMBERS = ("mine", "digests")


@dataclass(frozen=True)
class NavigationItem:
    """A page that every page leads to."""

    url: str
    label: str
    is_current: bool = False


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "languages": settings.LANGUAGES,
        "pinned": clock.is_pinned(),
        "contact": settings.DEFAULT_FROM_EMAIL,
    }


def session(request: HttpRequest) -> dict[str, Any]:
    """When the session ends if nothing more is asked for."""
    # a request that is refused before anybody looks who sent it has no user
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    end = sessions.end_time(request.session)
    return {
        "signed_in_until": end,
        "signed_in_seconds": int((end - timezone.now()).total_seconds()),
    }


def page_of_plan(request: HttpRequest) -> dict[str, Any]:
    """Nothing on pages outside of a plan."""
    page: Page | None = getattr(request, "page", None)
    if page is None:
        return {}
    is_administrator = page.rights.is_administrator
    return page.context | {
        "mail_held": Mark.when(Mark.MAIL_HELD) if is_administrator else None,
        "switch_known": _address_as_known_otherwise(request, page),
        "navigation": _navigation(request, page),
    }


def _navigation(request: HttpRequest, page: Page) -> list[NavigationItem]:
    items = [
        NavigationItem(page.url(name), str(label), _is_current(request, page, name))
        for name, label in PAGES.items()
        if page.inside or name not in PAGES_FOR_MEMBERS
    ]
    if page.rights.is_administrator:
        items.append(NavigationItem(reverse("accounts"), _("Accounts")))
    return items


def _is_current(request: HttpRequest, page: Page, name: str) -> bool:
    path = page.url(name).partition("?")[0]
    if name == "overview":
        return request.path == path
    return request.path.startswith(path)


def _address_as_known_otherwise(request: HttpRequest, page: Page) -> str:
    """The same page with the other of the two ways of knowing."""
    query = request.GET.copy()
    query.pop("known", None)
    if page.known:
        query["known"] = "now"
    return f"{request.path}?{query.urlencode()}"
