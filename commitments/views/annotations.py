"""The pages that say something of an entry: withdraw, confirm, dispute."""

import re
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments.forms.entries import (
    EntryForm,
    ReasonForm,
)
from commitments.models import Action, Entry, Standing
from commitments.pages.entries import describe_entries, entries_on
from commitments.register import permissions, services
from commitments.register.inbox import MOST
from commitments.register.validation import Context, sides_to_agree
from commitments.views.recording import RecordingView


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
        """The action that the entry is about; None where it is about money."""
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
        """The own side's confirmation, after which there is no second one; its disputes, which a
        confirmation withdraws; and whether it is a proposal.
        """
        side = self.page.rights.side
        disputes = services.disputes_by(side, self.subject)
        context = Context(self.page.plan, self.page.today, [self.subject.ref])
        first = context.answer_by(side, "confirmed", self.subject)
        is_proposal = bool(sides_to_agree(self.subject, context))
        return super().get_context_data(
            **kwargs, first=first, disputes=disputes, is_proposal=is_proposal
        )


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
