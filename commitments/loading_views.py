"""Past facts loaded from a file in the browser: first what they would change, then the loading itself."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments import clock, entries_file
from commitments.entries_file import LARGEST, Reading
from commitments.models import Role, Standing
from commitments.pages import PlanView


class EntriesForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("UTF-8, with the columns of the entries file."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    content = forms.CharField(required=False, widget=forms.HiddenInput, max_length=LARGEST, strip=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("file") and not data.get("content"):
            self.add_error("file", _("Choose a file."))
        return data

    def given(self) -> bytes:
        file = self.cleaned_data.get("file")
        return bytes(file.read(LARGEST + 1)) if file else str(self.cleaned_data["content"]).encode()


@dataclass
class Change:
    """An action or instalment whose state would be another."""

    name: str
    before: str
    after: str


class LoadEntries(PlanView):
    """A manager loads entries of their own side, an administrator of any."""

    template = "commitments/load_entries.html"

    @property
    def side(self) -> str | None:
        membership = self.page.membership
        if self.page.user.is_superuser:
            return None
        if membership is None or membership.role != Role.MANAGER:
            raise PermissionDenied
        return membership.side

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, EntriesForm(), side=self.side)

    def post(self, request: HttpRequest) -> HttpResponse:
        side, form = self.side, EntriesForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form, status=422)
        content = form.given()
        if "load" not in request.POST:
            reading, changes = self._preview(content, side)
            text = content.decode("utf-8-sig", errors="replace")
            again = form if reading.faults else EntriesForm(initial={"content": text})
            status = 422 if reading.faults else 200
            return self._show(request, again, status=status, reading=reading, changes=changes)
        reading = self._load(content, side)
        if reading.faults:
            return self._show(request, form, status=422, reading=reading)
        found = {"new": len(reading.rows), "there": reading.skipped}
        messages.success(request, _("%(new)s entries recorded, %(there)s were there already.") % found)
        return HttpResponseRedirect(self.page.url("register"))

    def _load(self, content: bytes, side: str | None) -> Reading:
        plan = self.page.plan
        return entries_file.load(plan, content, now=clock.now(plan.timezone), by=self.page.user.pk, side=side)

    def _preview(self, content: bytes, side: str | None) -> tuple[Reading, list[Change]]:
        """Loaded for real, looked at, and taken back."""
        with transaction.atomic():
            before = self._states()
            reading = self._load(content, side)
            after = self._states()
            transaction.set_rollback(True)
        changes = [
            Change(name, before.get(name, ""), state) for name, state in after.items() if state != before.get(name)
        ]
        return reading, changes

    def _states(self) -> dict[str, str]:
        rows = Standing.objects.filter(plan=self.page.plan).on(self.page.on, self.page.lens)
        return {str(row.obligation): row.state for row in rows.select_related("obligation")}

    def _show(self, request: HttpRequest, form: EntriesForm, status: int = 200, **context: Any) -> HttpResponse:
        return render(request, self.template, {"page": self.page, "form": form, **context}, status=status)
