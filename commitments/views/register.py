"""The register and its entries."""

from collections.abc import Set
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from commitments import clock
from commitments.exports import writers
from commitments.exports.columns import entries_export
from commitments.lists.filters import EntryFilter
from commitments.lists.tables import MOST_ON_A_PAGE
from commitments.models import Entry
from commitments.pages.base import KeptView
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.inbox import inbox_keys
from commitments.register import permissions, redaction
from commitments.register.entry_types import REDACTION_ASKED

ENTRIES_A_PAGE = 25


class NumberedPages(Paginator[Any]):
    """Pages of the whole register: entries are numbered without gaps, so that none is counted."""

    @cached_property
    def count(self) -> int:
        entries: Any = self.object_list
        newest = entries.order_by("-number").first()
        return newest.number if newest else 0


class Register(writers.ExportedView):
    """Every entry; the audit trail is the data.

    The page goes by the day on which an entry was recorded, since a file can bring what is older
    than entries before it. Files go by the number alone.
    """

    public = True
    template_name = "commitments/register/body.html"
    layout_name = "commitments/register/page.html"
    days_in_address: ClassVar[Set[str]] = {"on", "since"}

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

    def content(self) -> dict[str, object]:
        page = self.page
        entries = self.filtered_entries()
        number = self.request.GET.get("page")
        per_page = ENTRIES_A_PAGE
        if number == "all":
            per_page = MOST_ON_A_PAGE
        rows = entries.qs
        is_ranked = "q" in entries.active_values
        if not is_ranked:
            rows = rows.order_by("-recorded_day", "-number")
        pages = self.paginator_class(entries)(rows, per_page)
        shown = pages.get_page(number)
        return {
            "title": entries.page_title(_("Register"), shown),
            "filter": entries,
            "page_obj": shown,
            "most_on_a_page": MOST_ON_A_PAGE,
            "entries": describe_entries(shown.object_list, page, with_acts=True),
            "can_load_entries": permissions.can_load_entries(page.rights),
            "can_move_term": permissions.can_move_term(page.rights),
            "can_export_plan": permissions.can_export_plan(page.rights),
            "exports": writers.FORMATS,
        }


class EntryDetail(KeptView):
    """One entry, what later entries say of it, and its place in the chain of hashes."""

    public = True
    template_name = "commitments/entry/body.html"

    def content(self, number: int) -> dict[str, object]:
        page = self.page
        entry = get_object_or_404(entries_on(page), number=number)
        (row,) = describe_entries([entry], page, with_acts=True)
        later_entries = entries_on(page).filter(to=entry.pk)
        return {
            "title": _("Entry %(n)s") % {"n": number},
            "row": row,
            "later_entries": describe_entries(later_entries, page, with_acts=True),
            **self._about_dispute(entry),
            **self._about_redaction(entry),
        }

    def _about_dispute(self, entry: Entry) -> dict[str, object]:
        """What the side whose word it disputes can do, as long as that has not answered."""
        page = self.page
        if entry.kind != "disputed" or entry.pk not in inbox_keys(page).entries:
            return {}
        assert entry.to is not None
        actions = permissions.reportable_actions(page.rights, page.plan)
        return {
            "must_respond": True,
            "can_report": actions.filter(ref=entry.ref).exists(),
            "can_take_back": permissions.can_withdraw(page.rights, entry.to),
        }

    def _about_redaction(self, entry: Entry) -> dict[str, object]:
        """What can be done about removing text or files of the entry, and who has yet to agree."""
        page = self.page
        if not page.inside:
            return {}
        can_ask = permissions.can_ask_for_redaction(page.rights, entry)
        about = entry
        if entry.kind == REDACTION_ASKED and entry.to is not None:
            about = entry.to
        asked_for = redaction.find_redaction(about)
        return {
            "can_redact": can_ask and bool(redaction.redactable(entry)),
            "redaction": asked_for,
            "can_agree": asked_for is not None and redaction.can_agree(page.rights, asked_for),
        }
