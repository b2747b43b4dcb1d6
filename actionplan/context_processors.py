"""What every template may show: the site, the session, and inside a plan the plan and the ways on."""

from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionplan.accounts import second_factor, sessions
from actionplan.models import Mark
from commitments import clock
from commitments.pages.base import page_opened_last
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
        "contact": settings.CONTACT,
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
    """What pages of a plan show of it; on others the ways back to the one that was opened last."""
    page: Page | None = getattr(request, "page", None)
    if page is None:
        return _ways_back(request)
    mail_held = None
    if page.rights.is_administrator:
        mail_held = Mark.when(Mark.MAIL_HELD)
    return page.context | {
        "mail_held": mail_held,
        # a kept page has its bar already: nobody asks what waits, unless the page is made anew
        "navigation": SimpleLazyObject(partial(_navigation, request, page)),
        "plans_to_choose": page.plans,
    }


def _ways_back(request: HttpRequest) -> dict[str, object]:
    """Nothing for those who are not signed in or have yet to show a second factor."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    if second_factor.is_required(request.user) and not second_factor.is_proven(request):
        return {}
    page = page_opened_last(request)
    if page is None:
        return {}
    return {"navigation": _navigation(request, page), "plans_to_choose": page.plans}


def _navigation(request: HttpRequest, page: Page) -> list[NavigationItem]:
    items = []
    for name, label in PAGES.items():
        if page.inside or name not in PAGES_FOR_MEMBERS:
            url = page.url(name)
            count = inbox_keys(page).count if name == "mine" else 0
            is_current = _is_current(request.path, name, url)
            items.append(NavigationItem(url, str(label), is_current, count))
    if page.rights.is_administrator:
        url = reverse("accounts")
        items.append(NavigationItem(url, _("Accounts"), request.path.startswith(url)))
    return items


def _is_current(path: str, name: str, url: str) -> bool:
    address, _mark, _query = url.partition("?")
    if name == "overview":
        return path == address
    return path.startswith(address)
