"""Past facts loaded from a file in the browser: first what they would change, then the loading
itself.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments import clock
from commitments.files.entries import EntriesReading, EntryFile, append_rows, read_entry_file
from commitments.files.entries_template import make_csv, make_xlsx
from commitments.files.entry_rows import LARGEST
from commitments.files.preview import preview_changes
from commitments.forms.entries import FileForm
from commitments.pages.base import PlanView
from commitments.register.permissions import can_load_entries

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class EntriesForm(FileForm):
    largest = LARGEST
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy("With the columns of the entries file; CSV in UTF-8."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )


class LoadEntries(PlanView):
    """A manager loads entries of their own side, an administrator of any."""

    template_name = "commitments/entry_files/load.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        self._allowed_side()
        template = request.GET.get("template")
        if template == "csv":
            return self._download(make_csv(self.page.plan), "text/csv; charset=utf-8", "csv")
        if template == "xlsx":
            return self._download(make_xlsx(self.page.plan), XLSX, "xlsx")
        return self._render(EntriesForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        self._allowed_side()
        form = EntriesForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._render(form, status=422)
        content = form.given()
        file = read_entry_file(content)
        if "load" in request.POST:
            return self._load(form, file)
        return self._preview(form, content, file)

    def _allowed_side(self) -> str | None:
        """The side whose entries the account may load, None for any; raises PermissionDenied."""
        rights = self.page.rights
        if not can_load_entries(rights):
            raise PermissionDenied
        return None if rights.is_administrator else rights.side

    def _preview(self, form: EntriesForm, content: bytes, file: EntryFile) -> HttpResponse:
        page = self.page
        with preview_changes(page.plan, page.on, page.perspective) as changes:
            reading = self._append(file)
        if reading.errors:
            return self._render(form, status=422, reading=reading)
        carrying = EntriesForm(initial=FileForm.carrying(content))
        return self._render(carrying, reading=reading, changes=changes)

    def _load(self, form: EntriesForm, file: EntryFile) -> HttpResponse:
        reading = self._append(file)
        if reading.errors:
            return self._render(form, status=422, reading=reading)
        text = _("Entries recorded: %(new)s; there already: %(there)s.")
        counts = {"new": len(reading.rows), "there": reading.skipped}
        messages.success(self.request, text % counts)
        return HttpResponseRedirect(self.page.url("register"))

    def _append(self, file: EntryFile) -> EntriesReading:
        plan = self.page.plan
        now = clock.now(plan.timezone)
        return append_rows(plan, file, now=now, by=self.request.user.pk, side=self._allowed_side())

    def _download(self, content: bytes, content_type: str, ending: str) -> HttpResponse:
        name = f"{self.page.plan.slug}-entries.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(content, content_type=content_type, headers=headers)

    def _render(self, form: EntriesForm, *, status: int = 200, **context: Any) -> HttpResponse:
        context |= {"page": self.page, "form": form}
        return render(self.request, self.template_name, context, status=status)
