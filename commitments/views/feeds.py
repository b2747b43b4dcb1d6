"""What other programs follow: the register as a feed (RFC 4287, RFC 5005), and what calendars share
with it.

Times come from the register and never from the clock: the same register gives the same feed.
"""

import re
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, time
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.paginator import Page as PageOfEntries
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator

from commitments.exports.writers import address
from commitments.models import Entry, Plan
from commitments.pages import labels
from commitments.pages.base import PlanView
from commitments.pages.entries import EntryRow, describe_entries, entries_on
from commitments.pages.etag import respond_if_changed

ENTRIES_A_PAGE = 50
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def without_control_characters(text: str) -> str:
    """Without anything that could end a line of a calendar or is no character of XML."""
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def stable_id(plan: Plan, name: str) -> uuid.UUID:
    """An id that is the same on every host and in every copy of this register, and in no other."""
    first = Entry.objects.filter(plan=plan, number=1).values_list("hash", flat=True).first()
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{first or plan.slug}/{name}")


class FeedView(PlanView):
    """A feed in the language asked for, else the account's; 304 where nothing has changed."""

    content_type: str

    def get(self, request: HttpRequest) -> HttpResponseBase:
        language = self._language()
        with translation.override(language):
            response = respond_if_changed(self.page, request, self._make_response)
        response.headers["Content-Language"] = language
        # the address may hold the token
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _make_response(self) -> HttpResponse:
        return HttpResponse(self.content(), self.content_type)

    def content(self) -> bytes | str:
        raise NotImplementedError

    def absolute_url(self, name: str, *args: object) -> str:
        return settings.SITE_URL + self.page.url(name, *args)

    def _language(self) -> str:
        own = getattr(self.request.user, "language", "")
        language = self.request.GET.get("language") or own or translation.get_language() or "en"
        if language not in dict(settings.LANGUAGES):
            known = ", ".join(dict(settings.LANGUAGES))
            raise BadRequest(_("“language” can only be one of: %(names)s.") % {"names": known})
        return language


class PagedAtom(Atom1Feed):
    """Django's Atom, with the links between pages, entries as HTML, and labels of categories."""

    def latest_post_date(self) -> datetime:
        updated: datetime = self.feed["updated"]
        return updated

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        for relation, url in self.feed["page_links"]:
            link = {"rel": relation, "type": "application/atom+xml", "href": url}
            handler.addQuickElement("link", "", link)

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return {**super().item_attributes(item), "xml:lang": item["title_language"]}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        category = {"term": item["kind"], "label": item["kind_label"]}
        handler.addQuickElement("category", "", category)
        content = {"type": "html", "xml:lang": labels.language()}
        handler.addQuickElement("content", item["html"], content)


class RegisterFeed(FeedView):
    """The register, newest first, page by page."""

    content_type = "application/atom+xml; charset=utf-8"

    def content(self) -> str:
        page = self.page
        shown = Paginator(entries_on(page), ENTRIES_A_PAGE).get_page(self.request.GET.get("page"))
        plan_title = without_control_characters(labels.text(page.plan.title))
        feed = PagedAtom(
            title=f"{_('Register')} · {plan_title}",
            link=self.absolute_url("register"),
            description=None,
            language=labels.language(),
            feed_url=address(self.request),
            feed_guid=stable_id(page.plan, "register").urn,
            updated=self._newest_time(),
            page_links=self._page_links(shown),
        )
        rows = describe_entries(shown.object_list, page)
        times = self._times_of_changes([row.entry.pk for row in rows])
        for row in rows:
            feed.add_item(**self._item(row, times.get(row.entry.pk, row.entry.loaded_at)))
        return str(feed.writeString("utf-8"))

    def _newest_time(self) -> datetime:
        """When the register last grew."""
        newest = self.page.plan.entries.aggregate(newest=Max("loaded_at"))["newest"]
        return newest or datetime.combine(self.page.plan.adopted_on, time.min, UTC)

    def _page_links(self, shown: PageOfEntries[Entry]) -> list[tuple[str, str]]:
        numbers = {"first": 1, "last": shown.paginator.num_pages}
        if shown.has_next():
            numbers["next"] = shown.next_page_number()
        if shown.has_previous():
            numbers["previous"] = shown.previous_page_number()
        return [(relation, address(self.request, page=n)) for relation, n in numbers.items()]

    def _times_of_changes(self, keys: Collection[int]) -> dict[int, datetime]:
        """When these entries were last withdrawn, redacted, or brought back."""
        later = Entry.objects.filter(to__in=keys, kind__in=["withdrawn", "redacted"])
        later = later.known_on(self.page.on, self.page.known_day)
        changes = later.values("to").annotate(
            changed=Max("loaded_at"), brought_back=Max("named_by__loaded_at")
        )
        return {
            row["to"]: max(row["changed"], row["brought_back"] or row["changed"])
            for row in changes.order_by()
        }

    def _item(self, row: EntryRow, changed: datetime) -> dict[str, Any]:
        entry = row.entry
        kind_label = labels.kind_of(entry)
        subject = f"{entry.ref} {labels.text(row.title)}".strip()
        title = kind_label
        if subject:
            title = f"{subject}{labels.colon()}{kind_label}"
        return {
            "title": without_control_characters(title),
            "title_language": labels.language_of(row.title) or labels.language(),
            "link": self.absolute_url("entry", entry.number),
            "description": None,
            "unique_id": uuid.uuid5(uuid.NAMESPACE_OID, entry.hash).urn,
            "pubdate": entry.loaded_at,
            "updateddate": max(entry.loaded_at, changed),
            "author_name": without_control_characters(self._author(row)),
            "kind": entry.kind,
            "kind_label": kind_label,
            "html": self._html(row),
        }

    def _author(self, row: EntryRow) -> str:
        entry = row.entry
        if entry.by and entry.by.post:
            return entry.by.post
        if entry.side:
            return labels.side(entry.side)
        return labels.text(self.page.plan.title)

    def _html(self, row: EntryRow) -> str:
        """As the page of the register has it; links lead to the site from wherever it is read."""
        html: str = render_to_string(
            "includes/entry.html", {**self.page.context, "row": row, "hide_acts": True}
        )
        html = html.replace('href="/', f'href="{settings.SITE_URL}/')
        return without_control_characters(html)
