"""What all pages share on which people record: form, preview, and one call of a service."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from commitments import clock
from commitments.forms.entries import EntryForm
from commitments.models import Entry
from commitments.pages import labels
from commitments.pages.base import PlanView
from commitments.pages.entries import describe_entries
from commitments.pages.held import HeldRow, describe_held
from commitments.register import clearance, services
from commitments.register.held import waiting_for
from commitments.views.form_page import FormPageView
from commitments.written_dates import writes_month_first


class RecordingView(PlanView, FormPageView[EntryForm]):
    """A form whose entry can be previewed, and recorded by one call of a service.

    What is recorded is recorded today, so these pages are always about today, whatever day was
    shown before. The address names one subject: an action, a contribution, an entry …
    """

    @cached_property
    def subject(self) -> Any:
        """What is recorded about. Raises Http404, PermissionDenied."""
        raise NotImplementedError

    def record(self, form: Any, newest_seen: int | None) -> Entry:
        """Append the entry of a valid form; `newest_seen` as `seen` of the services."""
        raise NotImplementedError

    def outcome(self, form: Any) -> Any:
        """How the subject stands. The preview asks this while the entry is recorded."""
        return None

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        super().open_page(request, slug)
        self.page = replace(self.page, on=self.page.today, known=self.page.today)

    def get_initial(self) -> dict[str, object]:
        """The initial values: today, and what was being written here when the session ended."""
        plan = self.page.plan
        initial = {
            "day": labels.day(self.page.today),
            "today": self.page.today,
            "seen": self._newest_number(),
            "month_first": writes_month_first(plan.languages, plan.timezone),
        }
        if self.draft:
            initial |= self.draft
            text = _("What you had written is back in the form. It has not been recorded yet.")
            messages.info(self.request, text)
            del self.request.session["draft"]
        return initial

    @cached_property
    def draft(self) -> dict[str, str]:
        """The fields of this form as they were kept when the session of its author ended; empty
        where nothing was.
        """
        draft = self.request.session.get("draft", {})
        if self.request.method != "GET" or draft.get("path") != self.request.path:
            return {}
        values: dict[str, str] = draft["values"]
        return values

    def _newest_number(self) -> int:
        """The number of the newest entry about the action or contribution of the address."""
        entries = Entry.objects.without_plan_entries().filter(plan=self.page.plan)
        return entries.filter(ref=self.kwargs.get("ref")).last_number()

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context = {"page": self.page, "subject": self.subject, "held": self.held_about_subject()}
        return super().get_context_data(**kwargs, **context)

    def held_about_subject(self) -> list[HeldRow]:
        """The reports about the subject that wait for release on the reader's side."""
        ref = getattr(self.subject, "ref", "")
        if not (ref and self.page.held_version):
            return []
        reports = waiting_for(self.page.rights, self.page.plan).filter(ref=ref)
        return describe_held(reports, self.page)

    def form_valid(self, form: EntryForm) -> HttpResponse:
        """Preview or record the entry. What stands against it is shown with the form."""
        newest_seen = form.cleaned_data["seen"] or 0
        try:
            if "preview" in self.request.POST:
                outcome, warnings = self.preview(form, newest_seen)
                return self.show(form, preview=outcome, unusual=warnings)
            entry = self.record(form, None if "anyway" in self.request.POST else newest_seen)
        except services.HeldForRelease:
            text = _(
                "A manager of your side has been asked to release it. Nothing is recorded yet."
            )
            messages.success(self.request, text)
            return HttpResponseRedirect(self.get_success_url())
        except services.NewerEntries as newer:
            rows = describe_entries(newer.entries, self.page, with_acts=True)
            return self.show(form, status=409, newer=rows)
        except services.Unusual as unusual:
            return self.show(form, status=409, unusual=unusual.messages)
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        messages.success(self.request, self.describe_success(entry))
        return HttpResponseRedirect(self.get_success_url())

    def describe_success(self, entry: Entry) -> str:
        return _("Recorded as entry %(number)s of the register.") % {"number": entry.number}

    def preview(self, form: EntryForm, newest_seen: int) -> tuple[Any, Sequence[str]]:
        """How the subject would stand, and the warnings about the entry."""
        try:
            return self._record_for_preview(form, newest_seen), []
        except services.NewerEntries:
            return self._record_for_preview(form, None), []
        except services.Unusual as unusual:
            return self._record_for_preview(form, None), unusual.messages

    def _record_for_preview(self, form: EntryForm, newest_seen: int | None) -> Any:
        """Record the entry, ask for the outcome, and roll both back."""
        with transaction.atomic():
            try:
                self.record(form, newest_seen)
            except services.HeldForRelease as held_back:
                now = clock.now(self.page.plan.timezone)
                for report in held_back.reports:
                    clearance.append_held(report, now, {})
            outcome = self.outcome(form)
            transaction.set_rollback(True)
        return outcome

    def arguments(self, form: EntryForm, *names: str) -> dict[str, Any]:
        """The arguments that every service takes (by whom, when, under which key), and the fields
        of these names.
        """
        fields = {name: form.cleaned_data.get(name) or "" for name in names}
        now = clock.now(self.page.plan.timezone)
        return {"by": self.request.user, "now": now, "key": form.cleaned_data["key"], **fields}
