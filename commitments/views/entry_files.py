"""Past facts loaded from a file in the browser, and a file to begin with."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments import clock
from commitments.files.entries import EntriesReading, EntryFile, append_rows, read_entry_file
from commitments.files.entries_template import iter_examples, make_xlsx
from commitments.files.entry_rows import COLUMNS, LARGEST, make_csv
from commitments.files.errors import FileRefused
from commitments.files.preview import preview_changes
from commitments.forms.entries import FileForm
from commitments.models import Entry
from commitments.pages import labels
from commitments.pages.base import PlanView
from commitments.register import permissions
from commitments.register.opening import find_opening, open_plan
from commitments.views.form_page import FileLoadingView, FormPageView

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class EntriesForm(FileForm):
    largest = LARGEST
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy("With the columns of the entries file; CSV in UTF-8."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )


class OneSideForm(EntriesForm):
    """For an administrator, once the plan is open."""

    side = forms.ChoiceField(label=gettext_lazy("Whose rows these are"))
    field_order = ["side"]

    def __init__(self, *args: Any, sides: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = [(code, labels.side(code)) for code in sides]  # type: ignore[attr-defined]


class LoadEntries(PlanView, UserPassesTestMixin, FileLoadingView):
    """A manager loads entries of their own side, an administrator of any; once the plan is open, of
    one at a time.
    """

    template_name = "commitments/entry_files/load.html"
    form_class = EntriesForm
    # whose rows are accepted; None for those of any side
    side: str | None = None

    def test_func(self) -> bool:
        return permissions.can_load_entries(self.page.rights)

    @cached_property
    def opening(self) -> Entry | None:
        return find_opening(self.page.plan)

    def make_form(self, *args: Any, **kwargs: Any) -> EntriesForm:
        if self.opening and self.page.rights.is_administrator:
            return OneSideForm(*args, sides=self.page.plan.sides, **kwargs)
        return EntriesForm(*args, **kwargs)

    def get_form(self, form_class: type[FileForm] | None = None) -> EntriesForm:
        return self.make_form(**self.get_form_kwargs())

    def form_to_load(self, form: FileForm, content: bytes) -> EntriesForm:
        return self.make_form(initial={"side": self.side, **FileForm.carrying(content)})

    def form_valid(self, form: FileForm) -> HttpResponse:
        rights = self.page.rights
        self.side = None if rights.is_administrator else rights.side
        if isinstance(form, OneSideForm):
            self.side = form.cleaned_data["side"]
        return super().form_valid(form)

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        template = request.GET.get("template")
        if template == "csv":
            rows = iter_examples(self.page.plan)
            # by the mark at the beginning Excel knows that it is UTF-8
            content = BOM_UTF8 + make_csv(COLUMNS, rows, line_end="\r\n")
            return self._download(content, "text/csv; charset=utf-8", "csv")
        if template == "xlsx":
            return self._download(make_xlsx(self.page.plan), XLSX, "xlsx")
        return self.show(self.make_form())

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
        plan = self.page.plan
        now = clock.now(plan.timezone)
        reading = append_rows(plan, file, now=now, by=self.request.user.pk, side=self.side)
        if reading.errors:
            raise FileRefused(reading.errors)
        return reading

    def _download(self, content: bytes, content_type: str, ending: str) -> HttpResponse:
        name = f"{self.page.plan.slug}-entries.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(content, content_type=content_type, headers=headers)

    def get_context_data(self, **context: object) -> dict[str, object]:
        return super().get_context_data(
            page=self.page,
            opening=self.opening,
            can_open_plan=permissions.can_open_plan(self.page.rights),
            **context,
        )


class OpenPlan(PlanView, UserPassesTestMixin, FormPageView[forms.Form]):
    """An administrator opens the plan, once and for good."""

    template_name = "commitments/entry_files/open.html"
    form_class = forms.Form

    def test_func(self) -> bool:
        return permissions.can_open_plan(self.page.rights)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        plan = self.page.plan
        opening = open_plan(plan, by=self.request.user.pk, now=clock.now(plan.timezone))
        text = _("The plan is open.") if opening else _("The plan is open already.")
        messages.success(self.request, text)
        return redirect(self.page.url("register"))

    def get_context_data(self, **context: object) -> dict[str, object]:
        opening = find_opening(self.page.plan)
        return super().get_context_data(page=self.page, opening=opening, **context)
