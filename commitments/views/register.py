"""The register and its entries."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from commitments import clock
from commitments.exports import writers
from commitments.exports.columns import entries_export
from commitments.lists.filters import EntryFilter
from commitments.models import Entry
from commitments.pages.base import KeptView
from commitments.pages.entries import present, register_of
from commitments.register import permissions, services

PAGE = 25


class CountedPages(Paginator[Any]):
    """Pages of rows that have been counted already."""

    def __init__(self, rows: Any, per_page: int, *, total: int) -> None:
        super().__init__(rows, per_page)
        self.count = total


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


class Register(KeptView):
    """Every entry, newest first; the audit trail is the data."""

    public = True
    template_name = "commitments/register.html"
    layout_name = "commitments/register_page.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(
                request, self.page, lambda: entries_export(self.page, self.filter().qs)
            )
        return super().get(request, *args, **kwargs)

    def filter(self) -> EntryFilter:
        return EntryFilter(self.request.GET, register_of(self.page), page=self.page)

    def content(self) -> dict[str, Any]:
        page, found = self.page, self.filter()
        head = page.plan.entries.order_by("-number").first() if page.inside else None
        chosen = _chosen(found, head, page_number(self.request))
        chosen.object_list = present(chosen.object_list, page)
        return {
            "title": _("Register"),
            "filter": found,
            "page_obj": chosen,
            "head": head,
            "can_load": permissions.can_load_entries(page.rights),
            "exports": writers.export_links(self.request.GET),
        }


def _chosen(found: EntryFilter, head: Entry | None, number: int) -> Any:
    """A page of the register. Without a filter, and today, an entry's number is its place: nothing
    is counted.
    """
    # where the day is pinned, or the plan not adopted yet, entries may be of a later one
    early = clock.is_pinned() or found.page.today < found.page.plan.adopted_on
    if found.active_values or head is None or found.page.other_day or early:
        chosen: Any = Paginator(found.qs.values("pk"), PAGE).get_page(number)
        chosen.object_list = found.qs.filter(pk__in=chosen.object_list)
        return chosen
    chosen = CountedPages(found.qs, PAGE, total=head.number).get_page(number)
    last = head.number - (chosen.number - 1) * PAGE
    chosen.object_list = found.qs.filter(number__lte=last, number__gt=last - PAGE)
    return chosen


class EntryDetail(KeptView):
    public = True
    template_name = "commitments/entry_detail.html"

    def content(self, number: int) -> dict[str, Any]:
        page = self.page
        entry = register_of(page).filter(number=number).first()
        if entry is None:
            raise Http404
        naming = present(register_of(page).filter(to=entry), page)
        return {
            "title": _("Entry %(n)s") % {"n": number},
            "entry": present([entry], page)[0],
            "named_by": naming,
            "can_redact": permissions.can_redact(page.rights, entry) and services.redactable(entry),
        }
