"""The register and its entries."""

from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from commitments import clock
from commitments.exports import writers
from commitments.exports.columns import entries_export
from commitments.lists.filters import EntryFilter
from commitments.pages.base import KeptView
from commitments.pages.entries import describe_entries, entries_on
from commitments.register import permissions, services

ENTRIES_A_PAGE = 25


class NumberedPages(Paginator[Any]):
    """Pages of the whole register: entries are numbered without gaps, so that none is counted."""

    @cached_property
    def count(self) -> int:
        newest = list(self.object_list[:1])
        return newest[0].number if newest else 0


class Register(writers.ExportedView):
    """Every entry, newest first; the audit trail is the data."""

    public = True
    template_name = "commitments/register/body.html"
    layout_name = "commitments/register/page.html"

    def export(self) -> writers.Export:
        return entries_export(self.page, self.filtered_entries().qs)

    def filtered_entries(self) -> EntryFilter:
        return EntryFilter(self.request.GET, entries_on(self.page), page=self.page)

    def paginator_class(self, entries: EntryFilter) -> type[Paginator[Any]]:
        page = self.page
        is_today = not page.other_day and not clock.is_pinned()
        # entries of the first plan file are dated from the day of adoption
        is_adopted = page.today >= page.plan.adopted_on
        is_whole = page.inside and is_today and is_adopted and not entries.active_values
        return NumberedPages if is_whole else Paginator

    def content(self) -> dict[str, Any]:
        page = self.page
        entries = self.filtered_entries()
        pages = self.paginator_class(entries)(entries.qs, ENTRIES_A_PAGE)
        shown = pages.get_page(self.request.GET.get("page"))
        return {
            "title": _("Register"),
            "filter": entries,
            "page_obj": shown,
            "entries": describe_entries(shown.object_list, page),
            "head": page.plan.entries.order_by("-number").first() if page.inside else None,
            "can_load_entries": permissions.can_load_entries(page.rights),
            "can_export_plan": permissions.can_export_plan(page.rights),
            "exports": writers.FORMATS,
        }


class EntryDetail(KeptView):
    """One entry, what later entries say of it, and its place in the chain of hashes."""

    public = True
    template_name = "commitments/entry/body.html"

    def content(self, number: int) -> dict[str, Any]:
        page = self.page
        entry = get_object_or_404(entries_on(page), number=number)
        (row,) = describe_entries([entry], page)
        return {
            "title": _("Entry %(n)s") % {"n": number},
            "row": row,
            "later_entries": describe_entries(entries_on(page).filter(to=entry.pk), page),
            "can_redact": permissions.can_redact(page.rights, entry)
            and bool(services.redactable(entry)),
        }
