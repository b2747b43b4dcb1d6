"""The keys under which bodies of pages are kept, and the ETags of answers that follow from a plan.

What a page shows follows from the plan's register and version, the day, what is known, the reader's
rights, the language and the question. So an answer stays right until one of these changes, or the
code does. Neither keys nor ETags are ever made from a time.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language

from commitments import clock
from commitments.models import Entry
from commitments.pages.page import Page
from commitments.process_cache import fingerprint


def key_of(page: Page, request: HttpRequest, *others: object) -> str:
    """The key of what this address shows of the plan; `others` is what that depends on besides."""
    query = sorted((name, values) for name, values in request.GET.lists() if name != "token")
    return fingerprint(
        settings.CODE_VERSION,
        [page.plan.pk, page.plan.slug, page.plan.version, page.head or newest_hash(page)],
        [page.on, page.known, page.today, clock.is_pinned()],
        [repr(page.rights), page.held_version],
        [request.path, query, get_language()],
        others,
    )


def newest_hash(page: Page) -> str | None:
    entries = Entry.objects.filter(plan=page.plan).order_by("-number")
    return entries.values_list("hash", flat=True).first()


def respond_if_changed(
    page: Page,
    request: HttpRequest,
    make_response: Callable[[], HttpResponseBase],
    *others: object,
) -> HttpResponseBase:
    """A file or feed, or 304 to a reader who has it already, before anything is computed.

    `others` is what it depends on besides the page. Programs may keep the answer and ask again;
    browsers keep no file of the register.
    """
    tag = f'"{key_of(page, request, *others)}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=tag)
    if response is None:
        response = make_response()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "no-store"
    if hasattr(request, "only_plan"):
        response.headers["Cache-Control"] = "private, no-cache"
    return response
