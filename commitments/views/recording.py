"""The forms in which people record: report, move, decide, withdraw, confirm, dispute. Each is one
call of a service.
"""

import sys
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from commitments import clock
from commitments.forms.entries import (
    ConfirmForm,
    DecideForm,
    EntryForm,
    MoveForm,
    ReasonForm,
    RedactForm,
    ReportForm,
)
from commitments.models import Action, Entry, Standing
from commitments.pages.base import PlanView
from commitments.pages.entries import EntryRow, describe_entries, entries_on
from commitments.pages.labels import REDACTED
from commitments.register import permissions, services
from commitments.register.histories import read_action_history
from commitments.register.validation import Context
from commitments.rules.events import Event
from commitments.rules.states import State
from commitments.views.actions import ActionView


class RecordingView(PlanView):
    """Shows a form, says what would change, records; a colleague's newer entry is shown before.

    What is recorded is recorded today, so these pages are always about today, whatever day was
    shown before. The address names one subject: an action, a contribution, an entry …
    """

    template = ""

    def subject(self, key: Any) -> Any:
        """What is recorded about. Raises Http404, PermissionDenied."""
        raise NotImplementedError

    def form(self, subject: Any, *data: Any) -> EntryForm:
        raise NotImplementedError

    def record(self, subject: Any, form: Any, seen: int | None) -> Entry:
        """Append the entry of a valid form."""
        raise NotImplementedError

    def look(self, subject: Any, form: Any) -> Any:
        """What the page says of the subject, for the preview."""

    def context(self, subject: Any) -> dict[str, Any]:
        """What the page shows beside the form."""
        raise NotImplementedError

    def done(self, subject: Any) -> str:
        """Where to go after."""
        raise NotImplementedError

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        super().open_page(request, slug)
        self.page = replace(self.page, on=self.page.today, known=self.page.today)

    def get(self, request: HttpRequest, **named: Any) -> HttpResponse:
        subject = self.subject(*named.values())
        return self.show(subject, self.form(subject))

    def post(self, request: HttpRequest, **named: Any) -> HttpResponse:
        """Preview, record, or give the text back with what stands against it."""
        subject = self.subject(*named.values())
        form = self.form(subject, request.POST, request.FILES)
        if not form.is_valid():
            return self.show(subject, form, status=422)
        seen = None if "anyway" in request.POST else form.cleaned_data["seen"] or 0
        try:
            if "preview" in request.POST:
                return self.show(subject, form, preview=self.preview(subject, form))
            entry = self.record(subject, form, seen)
        except services.NewerEntries as newer:
            rows = describe_entries(newer.entries, self.page)
            return self.show(subject, form, status=409, newer=rows)
        except ValidationError as error:
            for message in error.messages:
                form.add_error(None, message)
            return self.show(subject, form, status=422)
        messages.success(
            request, _("Recorded as entry %(number)s of the register.") % {"number": entry.number}
        )
        return HttpResponseRedirect(self.done(subject))

    def show(self, subject: Any, form: EntryForm, status: int = 200, **more: Any) -> HttpResponse:
        context = {"page": self.page, "form": form, **self.context(subject), **more}
        return render(self.request, self.template, context, status=status)

    def preview(self, subject: Any, form: EntryForm) -> Any:
        """What will be said once this is recorded: recorded for real, looked at, and taken back."""
        with transaction.atomic():
            self.record(subject, form, None)
            found = self.look(subject, form)
            transaction.set_rollback(True)
        return found

    def initial(self, **values: Any) -> dict[str, Any]:
        """What a fresh form holds: today, and what was being written here when the session ended."""
        kept = self.request.session.get("draft", {})
        if kept.get("path") == self.request.path and self.request.method == "GET":
            values |= kept["values"]
            messages.info(
                self.request,
                _("What you had written is back in the form. It has not been recorded yet."),
            )
            del self.request.session["draft"]
        return {"day": self.page.today, **values}

    def said(self, form: EntryForm, *names: str) -> dict[str, Any]:
        """What each service is told: by whom, when, under which key; and the fields of these names."""
        data = form.cleaned_data
        found = {name: data.get(name) or "" for name in names}
        now = clock.now(self.page.plan.timezone)
        return {"by": self.request.user, "now": now, "key": data["key"], **found}

    def seen(self, ref: str) -> int:
        """The number of the newest entry about an action or contribution."""
        newest = (
            Entry.objects.without_plan_entries()
            .filter(plan=self.page.plan, ref=ref)
            .aggregate(newest=Max("number"))
        )
        return newest["newest"] or 0


class ActionRecording(RecordingView, ActionView):
    """Recording about one action on which the account may report."""

    def subject(self, key: str) -> Action:
        action = self.action(key)
        if not permissions.can_report(self.page.rights, action):
            raise PermissionDenied
        return action

    def look(self, subject: Action, form: EntryForm) -> Standing:
        return self.standing(subject)

    def context(self, subject: Action) -> dict[str, Any]:
        return {"action": subject, "standing": self.standing(subject)}

    def done(self, subject: Action) -> str:
        return self.page.url("action", subject.ref)


class Report(ActionRecording):
    template = "commitments/report.html"

    def form(self, subject: Action, *data: Any) -> ReportForm:
        return ReportForm(
            *data,
            plan=self.page.plan,
            by=self.request.user.pk,
            terms=Context(self.page.plan, self.page.today, [subject.ref]).terms[subject.ref],
            bodies=list(self.page.plan.bodies.all()),
            outcomes=self.outcomes(subject),
            seen=self.seen(subject.ref),
            initial=self.initial(),
        )

    def outcomes(self, action: Action) -> dict[str, State]:
        """The state that a report of today would lead to, where it would be another."""
        history = read_action_history(self.page.plan, action.ref)
        today = self.page.today
        found = {}
        for kind in ("started", "completed"):
            event = Event(kind, sys.maxsize, today, today, today)
            verdict = replace(history, events=[*history.events, event]).judge(today, today)
            if verdict.state != history.judge(today, today).state:
                found[kind] = verdict.state
        return found

    def record(self, subject: Action, form: ReportForm, seen: int | None) -> Entry:
        data = form.cleaned_data
        return services.report(
            action=subject,
            seen=seen,
            words=form.words(),
            quantity=data.get("quantity") if data["kind"] == "delivered" else None,
            files=form.evidence,
            **self.said(form, "kind", "effective", "reason", "note", "source", "confidence"),
        )


class Decision(ActionRecording):
    """A manager's decision about an action of theirs."""

    form_class: type[EntryForm]

    def subject(self, key: str) -> Action:
        action = super().subject(key)
        if not permissions.can_decide(self.page.rights, action):
            raise PermissionDenied
        return action

    def form(self, subject: Action, *data: Any) -> EntryForm:
        return self.form_class(*data, seen=self.seen(subject.ref), initial=self.initial())

    def record(self, subject: Action, form: EntryForm, seen: int | None) -> Entry:
        kind = form.cleaned_data.get("kind", "moved")
        said = self.said(form, "effective", "reason", "when", "decided_by")
        return services.decide(action=subject, kind=kind, seen=seen, **said)


class Move(Decision):
    template, form_class = "commitments/move.html", MoveForm


class Decide(Decision):
    template, form_class = "commitments/decide.html", DecideForm


class EntryRecording(RecordingView):
    """Recording about one entry."""

    def subject(self, key: int) -> Entry:
        found: Entry | None = entries_on(self.page).filter(number=key).first()
        if found is None:
            raise Http404
        found.plan = self.page.plan
        if not self.allowed(found):
            raise PermissionDenied
        return found

    def allowed(self, entry: Entry) -> bool:
        raise NotImplementedError

    def row(self, entry: Entry) -> EntryRow:
        (row,) = describe_entries([entry], self.page)
        return row


class NamingView(EntryRecording):
    """An entry that names another: it withdraws, confirms or disputes it."""

    kind = ""
    form_class: type[EntryForm] = ReasonForm

    def allowed(self, entry: Entry) -> bool:
        page = self.page
        acts = permissions.acts_on_entries(page.rights, page.plan, [entry], today=page.today)
        entry_acts = acts.get(entry.pk, permissions.EntryActs())
        return entry_acts.can_withdraw if self.kind == "withdrawn" else entry_acts.can_confirm

    def form(self, subject: Entry, *data: Any) -> EntryForm:
        return self.form_class(*data, initial=self.initial())

    def record(self, subject: Entry, form: EntryForm, seen: int | None) -> Entry:
        return services.annotate_entry(entry=subject, kind=self.kind, **self.said(form, "reason"))

    def look(self, subject: Entry, form: EntryForm) -> Standing | None:
        return (
            Standing.objects.filter(obligation=subject.obligation_id)
            .on(self.page.on, self.page.perspective)
            .first()
        )

    def action(self, entry: Entry) -> Action | None:
        return Action.objects.filter(plan=self.page.plan, ref=entry.ref).first()

    def context(self, subject: Entry) -> dict[str, Any]:
        found = {"row": self.row(subject), "action": self.action(subject)}
        return {**found, "dispute": self.kind == "disputed"}

    def done(self, subject: Entry) -> str:
        return (
            self.page.url("action", subject.ref) if self.action(subject) else self.page.url("fund")
        )


class Withdraw(NamingView):
    template, kind = "commitments/withdraw.html", "withdrawn"


class Confirm(NamingView):
    template, kind, form_class = "commitments/confirm.html", "confirmed", ConfirmForm


class Dispute(NamingView):
    template, kind = "commitments/confirm.html", "disputed"


class Redact(EntryRecording):
    """Removes the text or the files of one entry for good; the entry says so ever after."""

    template = "commitments/redact.html"

    def allowed(self, entry: Entry) -> bool:
        return permissions.can_redact(self.page.rights, entry)

    def form(self, subject: Entry, *data: Any) -> RedactForm:
        # a form sent twice asks for what is gone already; the service knows it by its key
        sent = [data[0].get("what")] if data else []
        offered = [what for what in REDACTED if what in (*services.redactable(subject), *sent)]
        return RedactForm(*data, offered=offered)

    def record(self, subject: Entry, form: EntryForm, seen: int | None) -> Entry:
        return services.redact(entry=subject, **self.said(form, "what", "reason"))

    def context(self, subject: Entry) -> dict[str, Any]:
        return {"row": self.row(subject), "nothing": not services.redactable(subject)}

    def done(self, subject: Entry) -> str:
        return self.page.url("entry", subject.number)
