"""The page on which several reports are written in one table and saved together."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments.forms.report_table import ReportRowForm, ReportTable
from commitments.lists.report_rows import (
    MOST_ROWS,
    ReportRow,
    find_report_rows,
    list_report_rows,
)
from commitments.models import Entry, Standing
from commitments.register import permissions, services
from commitments.views.recording import RecordingView


class ReportSeveral(RecordingView):
    """The actions that the address names, or all that are open and the reader's; each filled row
    becomes an entry of its own, or none does.
    """

    template_name = "commitments/report_several.html"
    form_class = ReportTable
    # those that one sending has made
    entries: Sequence[Entry] = ()

    @cached_property
    def subject(self) -> list[ReportRow]:
        """The rows that were sent or kept in a draft, else those that the address asks for."""
        if not permissions.can_write(self.page.rights):
            raise PermissionDenied
        sent_rows = self.request.POST.get("rows") or self.draft.get("rows", "")
        names = sent_rows.split()[:MOST_ROWS]
        refs = self.request.GET.getlist("action")[:MOST_ROWS]
        rows = find_report_rows(self.page, names) if names else list_report_rows(self.page, refs)
        if len(rows) < len(names) or (refs and not rows):
            raise PermissionDenied
        return rows

    def get_form_kwargs(self) -> dict[str, object]:
        rows = self.subject
        return {
            **super().get_form_kwargs(),
            "report_rows": rows,
            "plan": self.page.plan,
            "by": self.request.user.pk,
        }

    def _newest_number(self) -> int:
        """The number of the newest entry of the plan: the service looks at the entries of each
        action itself.
        """
        return Entry.objects.filter(plan=self.page.plan).last_number()

    def record(self, form: ReportTable, newest_seen: int | None) -> Entry:
        """Raises ValidationError, NewerEntries, Unusual."""
        reports = {row_form.row.name: self._describe_report(row_form) for row_form in form.filled}
        try:
            self.entries = services.report_several(
                reports=reports, seen=newest_seen, **self.arguments(form)
            )
        except services.SeveralRefused as refused:
            self._raise_refusals(form, refused)
        return self.entries[0]

    def _describe_report(self, form: ReportRowForm) -> dict[str, Any]:
        names = ("kind", "effective", "quantity", "note", "source")
        fields = {name: form.cleaned_data.get(name) for name in names}
        return {"action": form.row.action, **fields, "source": fields["source"] or ""}

    def _raise_refusals(self, form: ReportTable, refused: services.SeveralRefused) -> None:
        """Show errors with their rows. Newer entries and warnings are raised for all rows at once."""
        newer: list[Entry] = []
        unusual: list[str] = []
        for row_form in form.filled:
            refusal = refused.refusals.get(row_form.row.name)
            if isinstance(refusal, ValidationError):
                row_form.add_error(None, refusal)
            elif isinstance(refusal, services.NewerEntries):
                newer += [entry for entry in refusal.entries if entry not in newer]
            elif isinstance(refusal, services.Unusual):
                unusual += [f"{row_form.row.label}: {text}" for text in refusal.messages]
        if form.wrong:
            raise ValidationError(_("Nothing is saved until every row is right."))
        if newer:
            raise services.NewerEntries(newer)
        raise services.Unusual(unusual)

    def outcome(self, form: ReportTable) -> list[Standing]:
        """How the actions about which something is reported would stand."""
        actions = [row_form.row.action.pk for row_form in form.filled]
        standings = self.page.standings_with_actions().filter(obligation__in=actions)
        return list(standings.order_by("obligation__action__position"))

    def describe_success(self, entry: Entry) -> str:
        numbers = [entry.number for entry in self.entries]
        return ngettext(
            "Recorded as entry %(first)s of the register.",
            "Recorded as %(n)s entries of the register, %(first)s to %(last)s.",
            len(numbers),
        ) % {"n": len(numbers), "first": numbers[0], "last": numbers[-1]}

    def get_success_url(self) -> str:
        refs = {entry.ref for entry in getattr(self, "entries", ())}
        if len(refs) == 1:
            return self.page.url("action", *refs)
        return self.page.url("mine")
