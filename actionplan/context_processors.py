"""What every template may show: the site, the session, and inside a plan the plan and the ways on."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionplan.accounts import sessions
from actionplan.models import Mark
from commitments import clock
from commitments.pages.inbox import inbox_keys
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
    # how much waits there for the reader
    count: int = 0


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "languages": settings.LANGUAGES,
        "pinned": clock.is_pinned(),
        "contact": settings.DEFAULT_FROM_EMAIL,
    }


def session(request: HttpRequest) -> dict[str, object]:
    """For how long the session lasts if nothing more is asked for."""
    # a request that is refused before anybody looks who sent it has no user
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    end = sessions.end_time(request.session)
    seconds = int((end - timezone.now()).total_seconds())
    # in minutes and not by the clock, since the reader's may be another than the plan's
    return {"signed_in_seconds": seconds, "signed_in_minutes": max(1, round(seconds / 60))}


def page_of_plan(request: HttpRequest) -> dict[str, object]:
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
            count = inbox_keys(page).count if name == "mine" else 0
            is_current = _is_current(request.path, name, url)
            items.append(NavigationItem(url, str(label), is_current, count))
    if page.rights.is_administrator:
        items.append(NavigationItem(reverse("accounts"), _("Accounts")))
    return items


def _is_current(path: str, name: str, url: str) -> bool:
    address, _mark, _query = url.partition("?")
    if name == "overview":
        return path == address
    return path.startswith(address)
