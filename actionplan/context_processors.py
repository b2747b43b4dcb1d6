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
    mail_held = None
    if page.rights.is_administrator:
        mail_held = Mark.when(Mark.MAIL_HELD)
    return page.context | {
        "mail_held": mail_held,
        "navigation": _navigation(request, page),
    }


def _navigation(request: HttpRequest, page: Page) -> list[NavigationItem]:
    items = []
    for name, label in PAGES.items():
        if page.inside or name not in PAGES_FOR_MEMBERS:
            url = page.url(name)
            items.append(NavigationItem(url, str(label), _is_current(request.path, name, url)))
    if page.rights.is_administrator:
        items.append(NavigationItem(reverse("accounts"), _("Accounts")))
    return items


def _is_current(path: str, name: str, url: str) -> bool:
    address, _mark, _query = url.partition("?")
    if name == "overview":
        return path == address
    return path.startswith(address)
