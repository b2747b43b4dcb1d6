"""The pages that record on an action, and the report."""

import sys
from dataclasses import replace
from datetime import date
from functools import cached_property

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments.forms.entries import EntryForm, ReportForm
from commitments.models import Action, Entry, Standing
from commitments.pages import labels
from commitments.pages.held import HeldRow, as_typed, find_sent_back
from commitments.register import permissions, services
from commitments.register.histories import read_action_history
from commitments.rules.actions import ActionHistory
from commitments.rules.events import Event, Terms
from commitments.rules.states import State
from commitments.views.recording import RecordingView


class ActionRecording(RecordingView):
    """Recording about one action on which the account may report."""

    @cached_property
    def subject(self) -> Action:
        actions = Action.objects.select_related("plan")
        action = get_object_or_404(actions, plan=self.page.plan, ref=self.kwargs["ref"])
        if not self.is_allowed(action):
            raise PermissionDenied
        return action

    def is_allowed(self, action: Action) -> bool:
        return permissions.can_report(self.page.rights, action)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        standing = self.outcome()
        return super().get_context_data(**kwargs, action=self.subject, standing=standing)

    def get_success_url(self) -> str:
        return self.page.url("action", self.subject.ref)

    def outcome(self, form: EntryForm | None = None) -> Standing:
        standings_today = self.page.standings.select_related("obligation__action")
        return get_object_or_404(standings_today, obligation=self.subject)


class Report(ActionRecording):
    template_name = "commitments/report.html"
    form_class = ReportForm

    @cached_property
    def history(self) -> ActionHistory:
        return read_action_history(self.page.plan, self.subject.ref)

    @property
    def terms(self) -> Terms:
        """The latest terms of the action."""
        return self.history.versions[-1].terms

    def get_form_kwargs(self) -> dict[str, object]:
        plan = self.page.plan
        terms = self.terms
        return {
            **super().get_form_kwargs(),
            "plan": plan,
            "by": self.request.user.pk,
            "terms": terms,
            "bodies": list(plan.bodies.filter(code__in=terms.consents)),
            "outcomes": outcomes_of_reports(self.history, self.page.today),
            **self._about_quantity(),
        }

    def _about_quantity(self) -> dict[str, str]:
        """The label with the unit to be counted, and the periods that are short of it."""
        today = self.page.today
        recurrence = self.history.recurrence(today, today)
        unit = labels.text(self.subject.unit)
        if recurrence is None or not unit:
            return {}
        short = [
            _("%(period)s: %(delivered)s of %(target)s")
            % {"period": labels.edtf(p.name), "delivered": p.delivered, "target": p.target}
            for p in recurrence.periods
            if p.delivered < p.target and (p.is_short or p.state == "open")
        ]
        label = _("How many (%(unit)s)") % {"unit": unit}
        return {"quantity_label": label, "short_periods": "; ".join(short[-4:])}

    @cached_property
    def sent_back(self) -> HeldRow | None:
        """The report that a manager sent back to the author, who reports it again."""
        number = self.request.GET.get("again", "")
        return find_sent_back(self.page, self.request.user.pk, self.subject.ref, number)

    def get_initial(self) -> dict[str, object]:
        initial = super().get_initial()
        if self.sent_back is None:
            return initial
        # what was being written when the session ended is later
        return initial | as_typed(self.sent_back.report) | self.draft

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs, terms=self.terms, sent_back=self.sent_back)

    def record(self, form: ReportForm, newest_seen: int | None) -> Entry:
        return services.report(
            action=self.subject,
            seen=newest_seen,
            words=form.cleaned_data["body"] or form.cleaned_data["event"] or "",
            quantity=form.cleaned_data["quantity"],
            evidence=form.evidence,
            **self.arguments(form, "kind", "effective", "reason", "note", "source", "confidence"),
        )


def outcomes_of_reports(history: ActionHistory, today: date) -> dict[str, State]:
    """The state to which a start or a completion of today would lead, by kind; kinds that would
    change nothing are left out.
    """
    state = history.judge(today, today).state
    outcomes = {}
    for kind in ("started", "completed"):
        event = Event(kind, sys.maxsize, today, today, today)
        outcome = replace(history, events=[*history.events, event]).judge(today, today).state
        if outcome != state:
            outcomes[kind] = outcome
    return outcomes
