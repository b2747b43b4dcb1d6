"""The pages on which people record: report, move, decide, withdraw, confirm, dispute, ask to redact."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments import clock
from commitments.forms.entries import (
    AskForm,
    DecideForm,
    EntryForm,
    MoveForm,
    ReasonForm,
    RedactForm,
    ReportForm,
    SayForm,
    TermForm,
)
from commitments.models import Action, Entry, Obligation, Plan, Standing
from commitments.pages import labels
from commitments.pages.base import PlanView
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.held import HeldRow, as_typed, describe_held, find_sent_back
from commitments.pages.meetings import Meeting, meetings_on
from commitments.register import clearance, permissions, redaction, services
from commitments.register.entry_types import REDACTION_ASKED
from commitments.register.held import waiting_for
from commitments.register.histories import read_action_history
from commitments.register.inbox import MOST
from commitments.register.validation import Context, sides_to_agree
from commitments.rules import dates
from commitments.rules.actions import ActionHistory
from commitments.rules.events import Event, Terms
from commitments.rules.states import SETTLED, State
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
        """How the subject stands, for the preview: asked while the entry is recorded."""
        return None

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        super().open_page(request, slug)
        self.page = replace(self.page, on=self.page.today, known=self.page.today)

    def get_initial(self) -> dict[str, object]:
        """Today, and what was being written here when the session ended."""
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
        """What was kept of this form when the session of its author ended."""
        draft = self.request.session.get("draft", {})
        if self.request.method != "GET" or draft.get("path") != self.request.path:
            return {}
        values: dict[str, str] = draft["values"]
        return values

    def _newest_number(self) -> int:
        """The number of the newest entry about the action or contribution of the address."""
        entries = Entry.objects.without_plan_entries().filter(plan=self.page.plan)
        newest = entries.filter(ref=self.kwargs.get("ref")).aggregate(number=Max("number"))
        return newest["number"] or 0

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context = {"page": self.page, "subject": self.subject, "held": self.held_about_subject()}
        return super().get_context_data(**kwargs, **context)

    def held_about_subject(self) -> list[HeldRow]:
        """What waits for release already on the reader's side."""
        ref = getattr(self.subject, "ref", "")
        if not (ref and self.page.held_version):
            return []
        reports = waiting_for(self.page.rights, self.page.plan).filter(ref=ref)
        return describe_held(reports, self.page)

    def form_valid(self, form: EntryForm) -> HttpResponse:
        """Preview, record, or give the text back with what stands against it."""
        newest_seen = form.cleaned_data["seen"] or 0
        try:
            if "preview" in self.request.POST:
                outcome, doubts = self.preview(form, newest_seen)
                return self.show(form, preview=outcome, unusual=doubts)
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
        """How the subject would stand, and what is unusual about the entry."""
        try:
            return self._record_for_preview(form, newest_seen), []
        except services.NewerEntries:
            return self._record_for_preview(form, None), []
        except services.Unusual as unusual:
            return self._record_for_preview(form, None), unusual.messages

    def _record_for_preview(self, form: EntryForm, newest_seen: int | None) -> Any:
        """The entry is recorded for real, and then taken back."""
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
        """What each service is told: by whom, when, under which key; and the fields of these names."""
        fields = {name: form.cleaned_data.get(name) or "" for name in names}
        now = clock.now(self.page.plan.timezone)
        return {"by": self.request.user, "now": now, "key": form.cleaned_data["key"], **fields}


class MeetingChoice(RecordingView):
    """A decision, which may name the meeting at which it was taken."""

    @cached_property
    def meetings(self) -> dict[int, Meeting]:
        """Those that have been, by the number of their entry."""
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
        """The latest ones."""
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
        """The unit that is counted, and the periods that are short of it."""
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
        """What a manager sent back to the author, who reports it again."""
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
    """The state that a start or completion of today would lead to, where it would be another."""
    state = history.judge(today, today).state
    outcomes = {}
    for kind in ("started", "completed"):
        event = Event(kind, sys.maxsize, today, today, today)
        outcome = replace(history, events=[*history.events, event]).judge(today, today).state
        if outcome != state:
            outcomes[kind] = outcome
    return outcomes


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


class EntryRecording(RecordingView):
    """Recording about one entry."""

    @cached_property
    def subject(self) -> Entry:
        entries = entries_on(self.page)
        entry = get_object_or_404(entries, number=self.kwargs["number"])
        entry.plan = self.page.plan
        if not self.is_allowed(entry):
            raise PermissionDenied
        return entry

    def is_allowed(self, entry: Entry) -> bool:
        raise NotImplementedError

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        (row,) = describe_entries([self.subject], self.page)
        return super().get_context_data(**kwargs, row=row)


class Annotation(EntryRecording):
    """An entry that names another: it withdraws, confirms or disputes it."""

    kind: str
    form_class: type[EntryForm] = ReasonForm

    def is_allowed(self, entry: Entry) -> bool:
        # who comes after a colleague reads on the form that it is said, and one that is sent twice
        # finds its entry by its key
        context = Context(self.page.plan, self.page.today, [entry.ref])
        return entry.pk in permissions.find_answerable(self.page.rights, [entry], context)

    def _acts(self, entry: Entry) -> permissions.EntryActs:
        page = self.page
        acts = permissions.acts_on_entries(page.rights, page.plan, [entry], today=page.today)
        return acts.get(entry.pk, permissions.EntryActs())

    @cached_property
    def action(self) -> Action | None:
        """What the entry is about, if that is an action and not money."""
        return Action.objects.filter(plan=self.page.plan, ref=self.subject.ref).first()

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs, action=self.action)

    def record(self, form: Any, newest_seen: int | None) -> Entry:
        arguments = self.arguments(form, "reason")
        return services.annotate_entry(entry=self.subject, kind=self.kind, **arguments)

    def outcome(self, form: EntryForm) -> Standing | None:
        rows = Standing.objects.filter(obligation=self.subject.obligation_id)
        return rows.on(self.page.on, self.page.perspective).first()

    def get_success_url(self) -> str:
        if not self.subject.ref:
            return self.page.url("entry", self.subject.number)
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

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """The own side's disputes, which a confirmation withdraws, and whether it is a proposal."""
        disputes = services.disputes_by(self.page.rights.side, self.subject)
        context = Context(self.page.plan, self.page.today, [self.subject.ref])
        is_proposal = bool(sides_to_agree(self.subject, context))
        return super().get_context_data(**kwargs, disputes=disputes, is_proposal=is_proposal)


class ConfirmSeveral(RecordingView):
    """The entries that the address names are confirmed at once, or none of them."""

    template_name = "commitments/confirm_several.html"
    form_class = EntryForm

    @cached_property
    def subject(self) -> list[Entry]:
        page = self.page
        if not permissions.can_write(page.rights):
            raise PermissionDenied
        marked = self.request.GET.getlist("entry")
        numbers = [text for text in marked if re.fullmatch("[0-9]{1,9}", text)]
        rows = entries_on(page).filter(number__in=numbers).select_related("plan")
        entries = list(rows.order_by("number")[:MOST])
        context = Context(page.plan, page.today, {entry.ref for entry in entries})
        answerable = permissions.find_answerable(page.rights, entries, context)
        if not all(entry.pk in answerable for entry in entries):
            raise PermissionDenied
        return entries

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        rows = describe_entries(self.subject, self.page)
        return super().get_context_data(**kwargs, rows=rows)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        if not self.subject:
            raise ValidationError(_("Mark at least one entry."))
        arguments = self.arguments(form)
        return services.confirm_several(entries=self.subject, **arguments)[-1]

    def get_success_url(self) -> str:
        return self.page.url("mine")


class Dispute(Annotation):
    template_name = "commitments/confirm.html"
    kind = "disputed"
    extra_context = {"dispute": True}


class AskingView(RecordingView):
    """A question to another side."""

    template_name = "commitments/ask.html"
    form_class = AskForm

    @property
    def sides(self) -> list[str]:
        return [side for side in self.page.plan.sides if side != self.page.rights.side]

    def get_form_kwargs(self) -> dict[str, object]:
        return {**super().get_form_kwargs(), "sides": self.sides}

    def record(self, form: Any, newest_seen: int | None) -> Entry:
        subject = self.subject
        return services.ask(
            plan=self.page.plan,
            ref=subject.ref,
            to=subject if isinstance(subject, Entry) else None,
            when=form.cleaned_data["due"],
            **self.arguments(form, "side", "note"),
        )


class Ask(AskingView):
    """About an action or a contribution."""

    @cached_property
    def subject(self) -> Obligation:
        obligations = Obligation.objects.filter(plan=self.page.plan, ref=self.kwargs["ref"])
        obligation = obligations.select_related("action").order_by("instalment").first()
        if obligation is None:
            raise Http404
        if not permissions.can_ask(self.page.rights, self.page.plan):
            raise PermissionDenied
        return obligation

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        action = getattr(self.subject, "action", None)
        standing = self.page.standings.filter(obligation=self.subject).first()
        return super().get_context_data(**kwargs, action=action, standing=standing)

    def get_success_url(self) -> str:
        if self.subject.instalment:
            return self.page.url("fund")
        return self.page.url("action", self.subject.ref)


class AskAbout(AskingView, Annotation):
    """About an entry, of the side whose entry it is."""

    template_name = "commitments/ask.html"
    form_class = AskForm

    def is_allowed(self, entry: Entry) -> bool:
        return self._acts(entry).can_ask

    @property
    def sides(self) -> list[str]:
        return [self.subject.side]


class Answer(Annotation):
    """What one's own side says to a question."""

    template_name = "commitments/answer.html"
    form_class = SayForm

    def is_allowed(self, entry: Entry) -> bool:
        # a form that is sent twice finds its question answered; the service knows it by its key
        if self.request.method == "POST":
            return permissions.can_answer(self.page.rights, entry)
        return self._acts(entry).can_answer

    def record(self, form: Any, newest_seen: int | None) -> Entry:
        return services.answer(question=self.subject, **self.arguments(form, "note"))


class AskForRedaction(EntryRecording):
    """Asks that the text or the files of one entry be removed for good, which somebody else must
    agree to.
    """

    template_name = "commitments/redact.html"
    form_class = RedactForm

    def is_allowed(self, entry: Entry) -> bool:
        return permissions.can_ask_for_redaction(self.page.rights, entry)

    def get_form_kwargs(self) -> dict[str, object]:
        entry = self.subject
        can_hide = permissions.can_hide(self.page.rights) and not redaction.was_hidden(entry)
        return {
            **super().get_form_kwargs(),
            "removable": redaction.redactable(entry),
            "can_hide": can_hide,
        }

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        sides = [labels.side(side) for side in redaction.sides_concerned(self.subject)]
        return super().get_context_data(**kwargs, sides=sides)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        return redaction.ask_for_redaction(
            entry=self.subject,
            hide=bool(form.cleaned_data.get("hide")),
            **self.arguments(form, "what", "reason"),
        )

    def get_success_url(self) -> str:
        return self.page.url("entry", self.subject.number)


class AgreeToRedaction(EntryRecording):
    """Agrees to what another asked for; the last agreement that was missing carries it out."""

    template_name = "commitments/agree.html"
    form_class = EntryForm

    def is_allowed(self, entry: Entry) -> bool:
        # a form that is sent twice finds its redaction carried out; the service knows it by its key
        asked_for = self._redaction(entry)
        if asked_for is None:
            return self.request.method == "POST" and entry.kind == REDACTION_ASKED
        return redaction.can_agree(self.page.rights, asked_for)

    @property
    def about(self) -> Entry:
        assert self.subject.to is not None
        return self.subject.to

    def _redaction(self, request: Entry) -> redaction.Redaction | None:
        if request.kind != REDACTION_ASKED or request.to is None:
            return None
        latest = redaction.find_redaction(request.to)
        return latest if latest and latest.request == request else None

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        (about,) = describe_entries([self.about], self.page)
        return super().get_context_data(**kwargs, about=about)

    def record(self, form: EntryForm, newest_seen: int | None) -> Entry:
        return redaction.agree_to_redaction(request=self.subject, **self.arguments(form))

    def get_success_url(self) -> str:
        return self.page.url("entry", self.about.number)
