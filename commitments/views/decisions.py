"""The pages that move a deadline or the term of the plan, or say that an action is not pursued."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from commitments.forms.entries import (
    DecideForm,
    EntryForm,
    MoveForm,
    TermForm,
)
from commitments.models import Action, Entry, Plan
from commitments.pages.meetings import Meeting, meetings_on
from commitments.register import permissions, services
from commitments.register.validation import Context
from commitments.rules import dates
from commitments.rules.states import SETTLED, State
from commitments.views.recording import RecordingView
from commitments.views.reports import ActionRecording


class MeetingChoice(RecordingView):
    """A decision, which may name the meeting at which it was taken."""

    @cached_property
    def meetings(self) -> dict[int, Meeting]:
        """The meetings that have been, by the number of their entry."""
        meetings = meetings_on(self.page)
        return {
            meeting.entry.number: meeting
            for meeting in meetings
            if meeting.window.first <= self.page.today
        }

    def get_form_kwargs(self) -> dict[str, object]:
        choices = {number: str(meeting) for number, meeting in self.meetings.items()}
        return {**super().get_form_kwargs(), "meetings": choices}

    def arguments(self, form: EntryForm, *names: str) -> dict[str, Any]:
        number = form.cleaned_data.get("meeting")
        meeting = self.meetings[int(number)].entry if number else None
        return {**super().arguments(form, *names), "to": meeting}


class Decision(MeetingChoice, ActionRecording):
    """A manager's decision about an action of theirs."""

    def is_allowed(self, action: Action) -> bool:
        return permissions.can_decide(self.page.rights, action)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Whose managers must confirm it before it counts."""
        terms = Context(self.page.plan, self.page.today, [self.subject.ref]).terms(self.subject.ref)
        others: list[str] = []
        if terms and terms.is_joint:
            others = [side for side in terms.leading_sides if side != self.page.rights.side]
        return super().get_context_data(**kwargs, others=others)

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


@dataclass(frozen=True)
class TermOutcome:
    """The plan's last day, None without end, and the open actions that fall due by no day up to it."""

    last_day: date | None
    lapsing: list[str]


class MoveTerm(MeetingChoice):
    """A manager proposes another last day of the plan."""

    template_name = "commitments/term.html"
    form_class = TermForm

    @cached_property
    def subject(self) -> Plan:
        if not permissions.can_move_term(self.page.rights):
            raise PermissionDenied
        return self.page.plan

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        plan = self.subject
        others = [side for side in plan.sides if side != self.page.rights.side]
        return super().get_context_data(**kwargs, plan=plan, others=others)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        arguments = self.arguments(form, "effective", "reason", "when")
        return services.move_term(plan=self.subject, **arguments)

    def outcome(self, form: EntryForm) -> TermOutcome:
        """What would lapse with the new last day, as things stand today."""
        when = form.cleaned_data["when"]
        if not when:
            return TermOutcome(None, [])
        last_day = dates.parse(when).last
        unsettled = self.page.standings_with_actions().exclude(state__in=SETTLED)
        # what fell due and waits for nothing survives the plan
        survives = Q(last_day__lte=last_day) & ~Q(state=State.AWAITING)
        lapsing = unsettled.filter(scored=True).exclude(survives)
        in_order = lapsing.order_by("obligation__action__position", "obligation")
        return TermOutcome(last_day, [row.obligation.ref for row in in_order])

    def get_success_url(self) -> str:
        return self.page.url("register")
