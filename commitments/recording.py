"""The forms in which people record: report, move, decide, withdraw, confirm, dispute. Each is one call of a service."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from commitments import clock, services, standings
from commitments.action_views import ActionView
from commitments.facts import Fact
from commitments.forms import ConfirmForm, DecideForm, EntryForm, MoveForm, ReasonForm, RedactForm, ReportForm
from commitments.kinds import Context
from commitments.labels import REDACTED
from commitments.models import Action, Entry, Role, Standing
from commitments.pages import Page, PlanView
from commitments.presentation import present, register_of
from commitments.states import State

Record = Callable[[int | None], Entry]


class RecordingView(PlanView):
    """Shows a form, says what would change, records; a colleague's newer entry is shown before.

    What is recorded is recorded today, so these pages are always about today, whatever day was shown before.
    """

    template = ""

    def open(self, request: HttpRequest, slug: str | None) -> Page:
        page = super().open(request, slug)
        return replace(page, on=page.today, known=page.today)

    def initial(self, **values: Any) -> dict[str, Any]:
        """What a fresh form holds: today, and what was being written here when the session ended."""
        kept = self.request.session.get("draft", {})
        if kept.get("path") == self.request.path and self.request.method == "GET":
            values |= kept["values"]
            messages.info(self.request, _("What you had written is back in the form. It has not been recorded yet."))
            del self.request.session["draft"]
        return {"day": self.page.today, **values}

    def said(self, form: EntryForm, *names: str) -> dict[str, Any]:
        """What each service is told: by whom, when, under which key; and the fields of these names."""
        data = form.cleaned_data
        found = {name: data.get(name) or "" for name in names}
        return {"by": self.page.user, "now": self.moment(), "key": data["key"], **found}

    def handle(
        self, request: HttpRequest, form: EntryForm, record: Record, look: Callable[[], Any], done: str, **context: Any
    ) -> HttpResponse:
        """POST: preview, record, or give the text back with what stands against it.

        `record` appends the entry, `look` reads what the page then says, `done` is where to go after.
        """
        context |= {"page": self.page, "form": form}
        if not form.is_valid():
            return render(request, self.template, context, status=422)
        seen = None if "anyway" in request.POST else form.cleaned_data["seen"] or 0
        try:
            if "preview" in request.POST:
                context["preview"] = self.preview(record, look)
                return render(request, self.template, context)
            entry = record(seen)
        except services.NewerEntries as newer:
            context["newer"] = present(newer.entries, self.page)
            return render(request, self.template, context, status=409)
        except ValidationError as error:
            for message in error.messages:
                form.add_error(None, message)
            return render(request, self.template, context, status=422)
        messages.success(request, _("Recorded as entry %(number)s of the register.") % {"number": entry.number})
        return HttpResponseRedirect(done)

    def preview(self, record: Record, look: Callable[[], Any]) -> Any:
        """What will be said once this is recorded: recorded for real, looked at, and taken back."""
        with transaction.atomic():
            record(None)
            found = look()
            transaction.set_rollback(True)
        return found

    def seen(self, ref: str) -> int:
        """The number of the newest entry about an action or contribution."""
        newest = Entry.objects.reported().filter(plan=self.page.plan, ref=ref).aggregate(newest=Max("number"))
        return newest["newest"] or 0

    def moment(self) -> datetime:
        return clock.now(self.page.plan.timezone)


class ActionRecording(RecordingView, ActionView):
    """Recording about one action."""

    def answer(self, request: HttpRequest, action: Action, form: EntryForm, record: Record) -> HttpResponse:
        return self.handle(
            request,
            form,
            record,
            look=lambda: self.standing(action),
            done=self.page.url("action", action.ref),
            action=action,
            row=self.standing(action),
        )


class Report(ActionRecording):
    template = "commitments/report.html"

    def _form(self, action: Action, *data: Any) -> ReportForm:
        terms = Context(self.page.plan, self.page.today, action.ref).terms[action.ref]
        return ReportForm(
            *data,
            plan=self.page.plan,
            by=self.page.user.pk,
            terms=terms,
            bodies=list(self.page.plan.bodies.all()),
            outcomes=self.outcomes(action),
            seen=self.seen(action.ref),
            initial=self.initial(),
        )

    def outcomes(self, action: Action) -> dict[str, State]:
        """The state that a report of today would lead to, where it would be another."""
        history, today = standings.Histories(self.page.plan, [action]).action(action.pk), self.page.today
        found = {}
        for kind in ("started", "completed"):
            fact = Fact(kind, sys.maxsize, today, today, today)
            verdict = replace(history, facts=[*history.facts, fact], judged={}).judge(today, today)
            if verdict.state != history.judge(today, today).state:
                found[kind] = verdict.state
        return found

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.action(ref)
        if not self.may_report(action):
            raise PermissionDenied
        context = {"page": self.page, "action": action, "row": self.standing(action), "form": self._form(action)}
        return render(request, self.template, context)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.action(ref)
        if not self.may_report(action):
            raise PermissionDenied
        form = self._form(action, request.POST, request.FILES)

        def record(seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.report(
                action=action,
                seen=seen,
                words=form.words(),
                quantity=data.get("quantity") if data["kind"] == "delivered" else None,
                files=form.evidence,
                **self.said(form, "kind", "effective", "reason", "note", "source", "confidence"),
            )

        return self.answer(request, action, form, record)


class Decision(ActionRecording):
    """A manager's decision about an action of theirs."""

    form_class: type[EntryForm]

    def allowed(self, ref: str) -> Action:
        action = self.action(ref)
        if not (self.is_manager and self.may_report(action)):
            raise PermissionDenied
        return action

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.allowed(ref)
        form = self.form_class(seen=self.seen(action.ref), initial=self.initial())
        context = {"page": self.page, "action": action, "row": self.standing(action), "form": form}
        return render(request, self.template, context)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.allowed(ref)
        form = self.form_class(request.POST, seen=self.seen(action.ref), initial=self.initial())

        def record(seen: int | None) -> Entry:
            kind = form.cleaned_data.get("kind", "moved")
            said = self.said(form, "effective", "reason", "when", "decided_by")
            return services.decide(action=action, kind=kind, seen=seen, **said)

        return self.answer(request, action, form, record)


class Move(Decision):
    template, form_class = "commitments/move.html", MoveForm


class Decide(Decision):
    template, form_class = "commitments/decide.html", DecideForm


class NamingView(RecordingView):
    """An entry that names another: it withdraws, confirms or disputes it."""

    kind = ""
    form_class: type[EntryForm] = ReasonForm

    def entry(self, number: int) -> Entry:
        found: Entry | None = register_of(self.page).reported().filter(number=number).first()
        if found is None:
            raise Http404
        found.plan = self.page.plan
        (shown,) = present([found], self.page)
        allowed = shown.can_withdraw if self.kind == "withdrawn" else shown.can_confirm
        if not allowed or self.page.membership is None or self.page.membership.role == Role.VIEWER:
            raise PermissionDenied
        return found

    def context(self, entry: Entry) -> dict[str, Any]:
        (shown,) = present([entry], self.page)
        action = Action.objects.filter(plan=self.page.plan, ref=entry.ref).first()
        return {"entry": shown, "action": action, "dispute": self.kind == "disputed"}

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        shown = self.context(self.entry(number))
        context = {"page": self.page, "form": self.form_class(initial=self.initial()), **shown}
        return render(request, self.template, context)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        entry, form = self.entry(number), self.form_class(request.POST)
        context = self.context(entry)

        def record(_seen: int | None) -> Entry:
            return services.name_entry(entry=entry, kind=self.kind, **self.said(form, "reason"))

        def look() -> Standing | None:
            return Standing.objects.filter(obligation=entry.obligation_id).on(self.page.on, self.page.lens).first()

        done = self.page.url("action", entry.ref) if context["action"] else self.page.url("fund")
        return self.handle(request, form, record, look, done, **context)


class Withdraw(NamingView):
    template, kind = "commitments/withdraw.html", "withdrawn"


class Confirm(NamingView):
    template, kind, form_class = "commitments/confirm.html", "confirmed", ConfirmForm


class Dispute(NamingView):
    template, kind = "commitments/confirm.html", "disputed"


class Redact(RecordingView):
    """Removes the text or the files of one entry for good; the entry says so ever after."""

    template = "commitments/redact.html"

    def entry(self, number: int) -> Entry:
        found: Entry | None = register_of(self.page).filter(number=number).first()
        if found is None:
            raise Http404
        found.plan = self.page.plan
        if not services.may_redact(found, self.page.user, self.page.membership):
            raise PermissionDenied
        return found

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        entry = self.entry(number)
        form = self.form(entry)
        return render(request, self.template, {"page": self.page, "form": form, **self.context(entry)})

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        entry = self.entry(number)
        form = self.form(entry, request.POST)

        def record(_seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.redact(
                entry=entry,
                what=data["what"],
                by=self.page.user,
                now=self.moment(),
                key=data["key"],
                reason=data["reason"],
            )

        done = self.page.url("entry", number)
        return self.handle(request, form, record, lambda: None, done, **self.context(entry))

    def form(self, entry: Entry, *data: Any) -> RedactForm:
        # a form sent twice asks for what is gone already; the service knows it by its key
        sent = [data[0].get("what")] if data else []
        return RedactForm(*data, offered=[what for what in REDACTED if what in (*services.redactable(entry), *sent)])

    def context(self, entry: Entry) -> dict[str, Any]:
        (shown,) = present([entry], self.page)
        return {"entry": shown, "nothing": not services.redactable(entry)}
