"""The forms in which people record: report, move, decide, withdraw, confirm, dispute. Each is one call of a service."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from commitments import clock, services
from commitments.forms import ConfirmForm, DecideForm, EntryForm, MoveForm, ReasonForm, ReportForm
from commitments.kinds import Context
from commitments.models import Action, Entry, Role, Standing
from commitments.presentation import present, register_of
from commitments.views import ActionView

Record = Callable[[int | None], Entry]


class RecordingView(ActionView):
    """Shows a form, says what the state would become, records; a colleague's newer entry is shown before."""

    template = ""

    def handle(
        self, request: HttpRequest, action: Action, form: EntryForm, record: Record, **context: Any
    ) -> HttpResponse:
        """POST: preview, record, or give the text back with what stands against it."""
        context |= {"page": self.page, "action": action, "row": self.standing(action), "form": form}
        if not form.is_valid():
            return render(request, self.template, context, status=422)
        seen = None if "anyway" in request.POST else form.cleaned_data["seen"] or 0
        try:
            if "preview" in request.POST:
                context["preview"] = self.preview(action, record)
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
        return HttpResponseRedirect(self.page.url("action", action.ref))

    def preview(self, action: Action, record: Record) -> Standing:
        """What the action will read once this is recorded: recorded for real, looked at, and taken back."""
        with transaction.atomic():
            record(None)
            row = self.standing(action)
            transaction.set_rollback(True)
        return row

    def seen(self, action: Action) -> int:
        newest = Entry.objects.reported().filter(plan=action.plan, ref=action.ref).aggregate(newest=Max("number"))
        return newest["newest"] or 0

    def moment(self) -> Any:
        return clock.now(self.page.plan.timezone)


class Report(RecordingView):
    template = "report.html"

    def _form(self, action: Action, data: Any = None) -> ReportForm:
        terms = Context(self.page.plan, self.page.today).terms[action.ref]
        return ReportForm(
            data, terms=terms, bodies=list(self.page.plan.bodies.all()), seen=self.seen(action), initial=self._initial()
        )

    def _initial(self) -> dict[str, Any]:
        return {"day": self.page.today}

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
        form = self._form(action, request.POST)

        def record(seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.report(
                action=action,
                kind=data["kind"],
                effective=data["effective"],
                by=self.page.user,
                now=self.moment(),
                key=data["key"],
                seen=seen,
                words=form.words(),
                quantity=data.get("quantity") if data["kind"] == "delivered" else None,
                reason=data["reason"],
                note=data["note"],
                source=data["source"],
                confidence=data["confidence"],
            )

        return self.handle(request, action, form, record)


class Decision(RecordingView):
    """A manager's decision about an action of theirs."""

    form_class: type[EntryForm]

    def allowed(self, ref: str) -> Action:
        action = self.action(ref)
        if not (self.is_manager and self.may_report(action)):
            raise PermissionDenied
        return action

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.allowed(ref)
        form = self.form_class(seen=self.seen(action), initial={"day": self.page.today})
        context = {"page": self.page, "action": action, "row": self.standing(action), "form": form}
        return render(request, self.template, context)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = self.allowed(ref)
        form = self.form_class(request.POST, seen=self.seen(action))

        def record(seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.decide(
                action=action,
                kind=data.get("kind", "moved"),
                effective=data["effective"],
                by=self.page.user,
                now=self.moment(),
                key=data["key"],
                seen=seen,
                reason=data["reason"],
                when=data.get("when", ""),
                decided_by=data.get("decided_by", ""),
            )

        return self.handle(request, action, form, record)


class Move(Decision):
    template, form_class = "move.html", MoveForm


class Decide(Decision):
    template, form_class = "decide.html", DecideForm


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

    def context(self, entry: Entry, form: EntryForm) -> dict[str, Any]:
        (shown,) = present([entry], self.page)
        return {"page": self.page, "entry": shown, "form": form, "kind": self.kind}

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        entry = self.entry(number)
        return render(request, self.template, self.context(entry, self.form_class()))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        entry, form = self.entry(number), self.form_class(request.POST)
        if form.is_valid():
            try:
                services.name_entry(
                    entry=entry,
                    kind=self.kind,
                    by=self.page.user,
                    now=self.moment(),
                    key=form.cleaned_data["key"],
                    reason=form.cleaned_data.get("reason", ""),
                )
            except ValidationError as error:
                for message in error.messages:
                    form.add_error(None, message)
            else:
                messages.success(request, _("Recorded in the register."))
                is_action = Action.objects.filter(plan=self.page.plan, ref=entry.ref).exists()
                return HttpResponseRedirect(self.page.url("action", entry.ref) if is_action else self.page.url("fund"))
        return render(request, self.template, self.context(entry, form), status=422)


class Withdraw(NamingView):
    template, kind = "withdraw.html", "withdrawn"


class Confirm(NamingView):
    template, kind, form_class = "confirm.html", "confirmed", ConfirmForm


class Dispute(NamingView):
    template, kind = "dispute.html", "disputed"
