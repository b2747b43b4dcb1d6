"""Past facts loaded from a file in the browser, and a file to begin with."""

from codecs import BOM_UTF8
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments import clock
from commitments.files.entries import EntriesReading, EntryFile, append_rows, read_entry_file
from commitments.files.entries_template import iter_examples, make_xlsx
from commitments.files.entry_rows import COLUMNS, LARGEST, make_csv
from commitments.files.errors import FileRefused
from commitments.files.preview import preview_changes
from commitments.forms.entries import FileForm
from commitments.pages.base import PlanView
from commitments.register.permissions import can_load_entries
from commitments.views.form_page import FileLoadingView

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class EntriesForm(FileForm):
    largest = LARGEST
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy("With the columns of the entries file; CSV in UTF-8."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )


class LoadEntries(PlanView, UserPassesTestMixin, FileLoadingView):
    """A manager loads entries of their own side, an administrator of any."""

    template_name = "commitments/entry_files/load.html"
    form_class = EntriesForm

    def test_func(self) -> bool:
        return can_load_entries(self.page.rights)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        template = request.GET.get("template")
        if template == "csv":
            rows = iter_examples(self.page.plan)
            # by the mark at the beginning Excel knows that it is UTF-8
            content = BOM_UTF8 + make_csv(COLUMNS, rows, line_end="\r\n")
            return self._download(content, "text/csv; charset=utf-8", "csv")
        if template == "xlsx":
            return self._download(make_xlsx(self.page.plan), XLSX, "xlsx")
        return self.show(EntriesForm())

    def preview(self, content: bytes) -> dict[str, Any]:
        page = self.page
        file = read_entry_file(content)
        with preview_changes(page.plan, page.on, page.perspective) as changes:
            reading = self._append(file)
        return {"reading": reading, "changes": changes}

    def load(self, content: bytes) -> HttpResponse:
        reading = self._append(read_entry_file(content))
        text = _("Entries recorded: %(new)s; there already: %(there)s.")
        counts = {"new": len(reading.drafts), "there": reading.skipped}
        messages.success(self.request, text % counts)
        return redirect(self.page.url("register"))

    def _append(self, file: EntryFile) -> EntriesReading:
        rights = self.page.rights
        plan = self.page.plan
        side = None if rights.is_administrator else rights.side
        now = clock.now(plan.timezone)
        reading = append_rows(plan, file, now=now, by=self.request.user.pk, side=side)
        if reading.errors:
            raise FileRefused(reading.errors)
        return reading

    def _download(self, content: bytes, content_type: str, ending: str) -> HttpResponse:
        name = f"{self.page.plan.slug}-entries.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(content, content_type=content_type, headers=headers)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(page=self.page, **context)
