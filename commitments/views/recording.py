"""The pages on which people record: report, move, decide, withdraw, confirm, dispute, redact."""

import sys
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments import clock
from commitments.forms.entries import (
    DecideForm,
    EntryForm,
    MoveForm,
    ReasonForm,
    RedactForm,
    ReportForm,
)
from commitments.models import Action, Entry, Standing
from commitments.pages.base import PlanView
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.labels import REDACTED
from commitments.register import permissions, services
from commitments.register.histories import read_action_history
from commitments.register.validation import Context
from commitments.rules.events import Event
from commitments.rules.states import State
from commitments.views.form_page import FormPageView


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
        """How the subject stands, for the preview: asked while the entry is recorded."""
        return None

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        super().open_page(request, slug)
        self.page = replace(self.page, on=self.page.today, known=self.page.today)

    def get_initial(self) -> dict[str, Any]:
        """Today, and what was being written here when the session ended."""
        initial = {"day": self.page.today, "seen": self._newest_number()}
        draft = self.request.session.get("draft", {})
        if self.request.method == "GET" and draft.get("path") == self.request.path:
            initial |= draft["values"]
            text = _("What you had written is back in the form. It has not been recorded yet.")
            messages.info(self.request, text)
            del self.request.session["draft"]
        return initial

    def _newest_number(self) -> int:
        """The number of the newest entry about the action or contribution of the address."""
        entries = Entry.objects.without_plan_entries().filter(plan=self.page.plan)
        newest = entries.filter(ref=self.kwargs.get("ref")).aggregate(number=Max("number"))
        return newest["number"] or 0

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, page=self.page, subject=self.subject)

    def form_valid(self, form: EntryForm) -> HttpResponse:
        """Preview, record, or give the text back with what stands against it."""
        newest_seen = form.cleaned_data["seen"] or 0
        try:
            if "preview" in self.request.POST:
                return self.show(form, preview=self.preview(form))
            entry = self.record(form, None if "anyway" in self.request.POST else newest_seen)
        except services.NewerEntries as newer:
            return self.show(form, status=409, newer=describe_entries(newer.entries, self.page))
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        text = _("Recorded as entry %(number)s of the register.") % {"number": entry.number}
        messages.success(self.request, text)
        return HttpResponseRedirect(self.get_success_url())

    def preview(self, form: EntryForm) -> Any:
        """How the subject would stand: the entry is recorded for real, and then taken back."""
        with transaction.atomic():
            self.record(form, None)
            outcome = self.outcome(form)
            transaction.set_rollback(True)
        return outcome

    def arguments(self, form: EntryForm, *names: str) -> dict[str, Any]:
        """What each service is told: by whom, when, under which key; and the fields of these names."""
        fields = {name: form.cleaned_data.get(name) or "" for name in names}
        now = clock.now(self.page.plan.timezone)
        return {"by": self.request.user, "now": now, "key": form.cleaned_data["key"], **fields}


class ActionRecording(RecordingView):
    """Recording about one action on which the account may report."""

    @cached_property
    def subject(self) -> Action:
        actions = Action.objects.select_related("plan")
        action: Action = get_object_or_404(actions, plan=self.page.plan, ref=self.kwargs["ref"])
        if not self.is_allowed(action):
            raise PermissionDenied
        return action

    def is_allowed(self, action: Action) -> bool:
        return permissions.can_report(self.page.rights, action)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        standing = self.outcome()
        return super().get_context_data(**kwargs, action=self.subject, standing=standing)

    def get_success_url(self) -> str:
        return self.page.url("action", self.subject.ref)

    def outcome(self, form: EntryForm | None = None) -> Standing:
        standings_today = self.page.standings.select_related("obligation__action")
        standing: Standing = get_object_or_404(standings_today, obligation=self.subject)
        return standing


class Report(ActionRecording):
    template_name = "commitments/report.html"
    form_class = ReportForm

    def get_form_kwargs(self) -> dict[str, Any]:
        plan, action = self.page.plan, self.subject
        terms = Context(plan, self.page.today, [action.ref]).terms[action.ref]
        return {
            **super().get_form_kwargs(),
            "plan": plan,
            "by": self.request.user.pk,
            "terms": terms,
            "bodies": list(plan.bodies.filter(code__in=terms.consents)),
            "outcomes": outcomes_of_reports(action, self.page.today),
        }

    def record(self, form: ReportForm, newest_seen: int | None) -> Entry:
        return services.report(
            action=self.subject,
            seen=newest_seen,
            words=form.cleaned_data["body"] or form.cleaned_data["event"] or "",
            quantity=form.cleaned_data["quantity"],
            evidence=form.evidence,
            **self.arguments(form, "kind", "effective", "reason", "note", "source", "confidence"),
        )


def outcomes_of_reports(action: Action, today: date) -> dict[str, State]:
    """The state that a start or completion of today would lead to, where it would be another."""
    history = read_action_history(action.plan, action.ref)
    state = history.judge(today, today).state
    outcomes = {}
    for kind in ("started", "completed"):
        event = Event(kind, sys.maxsize, today, today, today)
        outcome = replace(history, events=[*history.events, event]).judge(today, today).state
        if outcome != state:
            outcomes[kind] = outcome
    return outcomes


class Decision(ActionRecording):
    """A manager's decision about an action of theirs."""

    def is_allowed(self, action: Action) -> bool:
        return permissions.can_decide(self.page.rights, action)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        return services.decide(
            action=self.subject,
            kind=form.cleaned_data.get("kind", "moved"),
            seen=newest_seen,
            **self.arguments(form, "effective", "reason", "when", "decided_by"),
        )


class Move(Decision):
    template_name = "commitments/move.html"
    form_class = MoveForm


class Decide(Decision):
    template_name = "commitments/decide.html"
    form_class = DecideForm


class EntryRecording(RecordingView):
    """Recording about one entry."""

    @cached_property
    def subject(self) -> Entry:
        entries = entries_on(self.page)
        entry: Entry = get_object_or_404(entries, number=self.kwargs["number"])
        entry.plan = self.page.plan
        if not self.is_allowed(entry):
            raise PermissionDenied
        return entry

    def is_allowed(self, entry: Entry) -> bool:
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        (row,) = describe_entries([self.subject], self.page)
        return super().get_context_data(**kwargs, row=row)


class Annotation(EntryRecording):
    """An entry that names another: it withdraws, confirms or disputes it."""

    kind: str
    form_class: type[EntryForm] = ReasonForm

    def is_allowed(self, entry: Entry) -> bool:
        return self._acts(entry).can_confirm

    def _acts(self, entry: Entry) -> permissions.EntryActs:
        page = self.page
        acts = permissions.acts_on_entries(page.rights, page.plan, [entry], today=page.today)
        return acts.get(entry.pk, permissions.EntryActs())

    @cached_property
    def action(self) -> Action | None:
        """What the entry is about, if that is an action and not money."""
        actions = Action.objects.filter(plan=self.page.plan, ref=self.subject.ref)
        action: Action | None = actions.first()
        return action

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, action=self.action)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        arguments = self.arguments(form, "reason")
        return services.annotate_entry(entry=self.subject, kind=self.kind, **arguments)

    def outcome(self, form: EntryForm) -> Standing | None:
        rows = Standing.objects.filter(obligation=self.subject.obligation_id)
        return rows.on(self.page.on, self.page.perspective).first()

    def get_success_url(self) -> str:
        if self.action is None:
            return self.page.url("fund")
        return self.page.url("action", self.action.ref)


class Withdraw(Annotation):
    template_name = "commitments/withdraw.html"
    kind = "withdrawn"

    def is_allowed(self, entry: Entry) -> bool:
        return self._acts(entry).can_withdraw


class Confirm(Annotation):
    template_name = "commitments/confirm.html"
    kind = "confirmed"
    form_class = EntryForm


class Dispute(Annotation):
    template_name = "commitments/confirm.html"
    kind = "disputed"
    extra_context = {"dispute": True}


class Redact(EntryRecording):
    """Removes the text or the files of one entry for good; the entry says so ever after."""

    template_name = "commitments/redact.html"
    form_class = RedactForm

    def is_allowed(self, entry: Entry) -> bool:
        return permissions.can_redact(self.page.rights, entry)

    def get_form_kwargs(self) -> dict[str, Any]:
        removable = services.redactable(self.subject)
        # a form sent twice asks for what is gone already; the service knows it by its key
        asked_for = self.request.POST.get("what")
        choices = [what for what in REDACTED if what in (*removable, asked_for)]
        return {**super().get_form_kwargs(), "removable": choices}

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        return services.redact(entry=self.subject, **self.arguments(form, "what", "reason"))

    def get_success_url(self) -> str:
        return self.page.url("entry", self.subject.number)
