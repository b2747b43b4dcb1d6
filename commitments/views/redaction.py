"""The pages that ask for the removal of a text, and agree to it."""

from commitments.forms.entries import (
    EntryForm,
    RedactForm,
)
from commitments.models import Entry
from commitments.pages import labels
from commitments.pages.entries import describe_entries
from commitments.register import permissions, redaction
from commitments.register.entry_types import REDACTION_ASKED
from commitments.views.annotations import EntryRecording


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
