"""Past facts loaded from a file in the browser: first what they would change, then the loading
itself.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments import clock
from commitments.files import entries, entries_template
from commitments.files.entries import LARGEST, Reading
from commitments.forms.entries import FileForm
from commitments.models import Plan, Standing
from commitments.pages.base import PlanView
from commitments.register.permissions import can_load_entries
from commitments.rules.events import Perspective


class EntriesForm(FileForm):
    largest = LARGEST
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy("With the columns of the entries file; CSV in UTF-8."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )


@dataclass
class Change:
    """An action or instalment whose state would be another."""

    name: str
    before: str
    after: str


def states(plan: Plan, on: date, lens: Perspective) -> dict[str, str]:
    """How each action and instalment stands on a day."""
    rows = Standing.objects.filter(plan=plan).on(on, lens)
    return {str(row.obligation): row.state for row in rows.select_related("obligation")}


def changes_of(before: dict[str, str], after: dict[str, str]) -> list[Change]:
    return [
        Change(name, before.get(name, ""), state)
        for name, state in after.items()
        if state != before.get(name)
    ]


TEMPLATES = {
    "csv": (entries_template.as_csv, "text/csv; charset=utf-8"),
    "xlsx": (
        entries_template.as_xlsx,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}


class LoadEntries(PlanView):
    """A manager loads entries of their own side, an administrator of any."""

    template = "commitments/load_entries.html"

    @property
    def side(self) -> str | None:
        if not can_load_entries(self.page.rights):
            raise PermissionDenied
        if self.page.rights.is_administrator:
            return None
        return self.page.rights.side

    def get(self, request: HttpRequest) -> HttpResponse:
        side, form = self.side, request.GET.get("template", "")
        if form in TEMPLATES:
            make, kind = TEMPLATES[form]
            named = {
                "Content-Disposition": f'attachment; filename="{self.page.plan.slug}-entries.{form}"'
            }
            return HttpResponse(make(self.page.plan), content_type=kind, headers=named)
        return self._show(request, EntriesForm(), side=side)

    def post(self, request: HttpRequest) -> HttpResponse:
        side, form = self.side, EntriesForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form, status=422)
        content = form.given()
        if "load" not in request.POST:
            reading, changes = self._preview(content, side)
            again = form if reading.errors else EntriesForm(initial=FileForm.carrying(content))
            status = 422 if reading.errors else 200
            return self._show(request, again, status=status, reading=reading, changes=changes)
        reading = self._load(content, side)
        if reading.errors:
            return self._show(request, form, status=422, reading=reading)
        found = {"new": len(reading.rows), "there": reading.skipped}
        messages.success(request, _("Entries recorded: %(new)s; there already: %(there)s.") % found)
        return HttpResponseRedirect(self.page.url("register"))

    def _load(self, content: bytes, side: str | None) -> Reading:
        plan = self.page.plan
        return entries.load_entries(
            plan, content, now=clock.now(plan.timezone), by=self.request.user.pk, side=side
        )

    def _preview(self, content: bytes, side: str | None) -> tuple[Reading, list[Change]]:
        """Loaded for real, looked at, and taken back."""
        about = self.page.plan, self.page.on, self.page.lens
        with transaction.atomic():
            before = states(*about)
            reading = self._load(content, side)
            after = states(*about)
            transaction.set_rollback(True)
        return reading, changes_of(before, after)

    def _show(
        self, request: HttpRequest, form: EntriesForm, status: int = 200, **context: Any
    ) -> HttpResponse:
        return render(
            request, self.template, {"page": self.page, "form": form, **context}, status=status
        )
