"""The pages on which one side asks another and answers."""

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404

from commitments.forms.entries import (
    AskForm,
    SayForm,
)
from commitments.models import Entry, Obligation
from commitments.register import permissions, services
from commitments.views.annotations import Annotation
from commitments.views.recording import RecordingView


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
