"""Forms for what people record; what makes an entry sound is decided in `register.validation`."""

import base64
import binascii
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from commitments.evidence import file_types, storage
from commitments.models import Action, Body, Evidence, Plan
from commitments.pages import labels
from commitments.register.entry_types import KINDS
from commitments.register.validation import (
    LONGEST_WORDS,
    NEEDS_EVIDENCE,
    is_met_by_deliveries,
    source_errors,
    takes_deliveries,
)
from commitments.rules.dates import DateError, parse
from commitments.rules.events import Terms
from commitments.rules.states import State
from commitments.written_dates import AskedBack, edtf

LONG = 4000
# an empty one would end silence without a word
SAY_NOTHING_ALONE = ("progress", "note")


class EntryForm(forms.Form):
    """Carries what its author had seen, and a key that makes a second sending the same entry."""

    key = forms.CharField(
        widget=forms.HiddenInput, max_length=40, initial=lambda: secrets.token_hex(16)
    )
    # the number of the newest entry that the page shows to the author
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)


class ReasonForm(EntryForm):
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=LONG
    )


class FileForm(forms.Form):
    """A file that is first looked at and then sent again, byte for byte, to be loaded: in between
    it is in the form.
    """

    largest = 4 * 1024 * 1024
    file = forms.FileField(required=False)
    content = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "file" not in self.errors and not data.get("file") and not data.get("content"):
            self.add_error("file", _("Choose a file."))
        return data

    def clean_content(self) -> bytes:
        try:
            return base64.b64decode(self.cleaned_data["content"], validate=True)
        except (binascii.Error, ValueError):
            raise forms.ValidationError(
                _("The file did not come back as it was sent: choose it again.")
            ) from None

    def given(self) -> bytes:
        """One byte more than may be loaded shows that it is too large."""
        file = self.cleaned_data.get("file")
        if file:
            return bytes(file.read(self.largest + 1))
        return bytes(self.cleaned_data["content"])

    @staticmethod
    def carrying(content: bytes) -> dict[str, str]:
        return {"content": base64.b64encode(content).decode()}


def action_choices(actions: Iterable[Action]) -> list[tuple[str, str]]:
    """Each action by its ref, with its title in the reader's language."""
    return [(action.ref, f"{action.ref} {labels.text(action.title)}") for action in actions]


class DatedForm(EntryForm):
    """When it happened, as people write it: a day, or no more than a month, a season or a year."""

    day = forms.CharField(
        label=_("Date it happened"),
        help_text=_(
            "Today is filled in. If you only know the month or season, write “October 2014”, "
            "“end of March 2015”, “autumn 2014” or “Q4 2014”."
        ),
        required=False,
        max_length=60,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # whether a reader of the plan may write 10/5 for the fifth of October
        self.month_first = bool(self.initial.get("month_first"))

    def clean_day(self) -> str:
        """In EDTF."""
        text = str(self.cleaned_data["day"]).strip()
        if not text:
            raise forms.ValidationError(_("Enter the date it happened, or a month or a year."))
        try:
            date_in_edtf = edtf(text, self.initial.get("today"), month_first=self.month_first)
            parse(date_in_edtf)
        except AskedBack as question:
            raise forms.ValidationError(str(question)) from None
        except DateError:
            raise forms.ValidationError(
                _("“%(text)s” is not a date. Write it as “15 October 2014” or “October 2014”."),
                params={"text": text},
            ) from None
        return date_in_edtf

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["effective"] = data.get("day", "")
        return data


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files at once, as a list."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(FilesField, self).clean(file, initial) for file in data or []]


class StoredFilesField(forms.MultipleChoiceField):
    """Files that are stored already, each by a token; what is not marked any more is left out."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: str) -> bool:
        return True


class EvidenceForm(DatedForm):
    """A link or a reference, and files. What was sent once is kept while the form goes to and fro."""

    # a page folds them away together
    evidence_names = ("source", "kept", "uploads")

    source = forms.CharField(
        label=_("Evidence"),
        help_text=_("A link, or the reference of a document."),
        required=False,
        max_length=1000,
    )
    kept = StoredFilesField(label=_("Files that are kept until you record"), required=False)
    uploads = FilesField(
        label=_("Files as evidence"),
        help_text=_(
            "PDF, Word, Excel, PNG, JPG or CSV, at most 5 of 20 MB each. We remove location "
            "data from photos. Other files are kept as they are, including names in them."
        ),
        required=False,
        max_length=255,
        widget=FilesInput(attrs={"accept": ".pdf,.docx,.xlsx,.png,.jpg,.jpeg,.csv"}),
    )

    def __init__(self, *args: Any, plan: Plan, by: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        self.by = by
        self.evidence: list[Evidence] = []
        if not self.is_bound:
            del self.fields["kept"]

    @property
    def evidence_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.evidence_names if name in self.fields]

    @property
    def is_evidence_open(self) -> bool:
        """What was given, is wrong or is asked for is not hidden."""
        names = set(self.evidence_names)
        is_given = any(field.value() for field in self.evidence_fields)
        return self.plan.evidence_required or is_given or bool(names & self.errors.keys())

    def clean_source(self) -> str:
        source = str(self.cleaned_data["source"])
        for message in source_errors(source):
            self.add_error("source", message)
        return source

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.evidence = list(storage.drafts(data.get("kept", []), plan=self.plan, by=self.by))
        for upload in data.get("uploads", []):
            if len(self.evidence) == storage.MOST:
                text = _("An entry carries at most %(n)s files.") % {"n": storage.MOST}
                self.add_error("uploads", text)
                break
            self._store(upload)
        self._carry_stored_files()
        return data

    def _store(self, upload: UploadedFile) -> None:
        try:
            self.evidence.append(storage.store(upload))
        except file_types.Refused as refused:
            name = file_types.shown_name(upload.name)
            self.add_error("uploads", _("%(name)s: %(fault)s") % {"name": name, "fault": refused})

    def _carry_stored_files(self) -> None:
        """The form as it is shown again names the files that are stored, all of them marked."""
        if not self.evidence:
            del self.fields["kept"]
            return
        tokens = [storage.token(file, plan=self.plan, by=self.by) for file in self.evidence]
        names = [f"{file.name} ({filesizeformat(file.size)})" for file in self.evidence]
        self.fields["kept"].choices = list(zip(tokens, names, strict=True))  # type: ignore[attr-defined]
        data = QueryDict(mutable=True)
        data.update(self.data)
        data.setlist("kept", tokens)
        self.data = data


class ReportForm(EvidenceForm):
    kind = forms.ChoiceField(label=_("What do you want to report?"), widget=forms.RadioSelect)
    quantity = forms.IntegerField(
        label=_("How many"), required=False, min_value=0, max_value=2_000_000_000
    )
    body = forms.ChoiceField(label=_("Whose consent"), required=False)
    event = forms.CharField(label=_("Which event"), required=False, max_length=200)
    note = forms.CharField(
        label=_("Details"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=LONG,
    )
    confidence = forms.ChoiceField(
        label=_("Delivery confidence"),
        required=False,
        choices=[("", _("unchanged")), *labels.COLOURS.items()],
    )
    reason = forms.CharField(
        label=_("Why it is amber or red"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=LONG,
    )
    # the others follow as they are declared
    field_order = ("kind", "quantity", "body", "event", "day", "note")

    # fields that only some kinds have, and need
    kinds_of_fields = {
        "quantity": ("delivered", "reading"),
        "body": ("consent",),
        "event": ("event",),
    }
    texts_of_missing = {
        "quantity": _("Say how many there are."),
        "body": _("Say whose consent it is."),
        "event": _("Say which event it is."),
    }

    def __init__(
        self,
        *args: Any,
        terms: Terms,
        bodies: Sequence[Body],
        outcomes: Mapping[str, State],
        quantity_label: str = "",
        short_periods: str = "",
        **kwargs: Any,
    ) -> None:
        """`bodies`: those whose consent the action needs; `outcomes`: the state that each kind would
        lead to, where it would be another; `short_periods`: those that a delivery would complete.
        """
        super().__init__(*args, **kwargs)
        if self.plan.evidence_required:
            self.fields["source"].help_text = _(
                "A link, or the reference of a document. This plan asks for evidence before a completion is recorded."
            )
        kinds = self.kinds_offered(terms)
        self._set_choices("kind", [(kind, _kind_label(kind, outcomes)) for kind in kinds])
        is_counted = "delivered" in kinds and terms.deadline.every
        self.fields["kind"].initial = "delivered" if is_counted else kinds[0]
        self.fields["quantity"].label = quantity_label or self.fields["quantity"].label
        self.fields["quantity"].help_text = short_periods
        names = [(body.code, labels.text(body.name) or body.code) for body in bodies]
        self._set_choices("body", [("", "—"), *names])
        self.fields["event"].initial = terms.deadline.of or ", ".join(terms.needs[:1])
        if terms.needs:
            events = ", ".join(name for name in (terms.deadline.of, *terms.needs) if name)
            self.fields["event"].help_text = _("Waited for: %(events)s") % {"events": events}
        for field, kinds_of_field in self.kinds_of_fields.items():
            if not set(kinds_of_field) & set(kinds):
                del self.fields[field]

    def kinds_offered(self, terms: Terms) -> list[str]:
        return kinds_to_report(terms)

    def _set_choices(self, field: str, choices: Sequence[tuple[str, Any]]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        kind = data.get("kind")
        for field, kinds_of_field in self.kinds_of_fields.items():
            if kind not in kinds_of_field:
                data[field] = None
            elif data.get(field) in (None, "") and field not in self.errors:
                self.add_error(field, self.texts_of_missing[field])
        if kind == "delivered" and data.get("quantity") == 0:
            self.add_error("quantity", _("Only a reading can be zero."))
        if data.get("confidence") in ("amber", "red") and not data.get("reason"):
            self.add_error("reason", _("Give a reason for amber or red."))
        has_words = data.get("note") or "note" in self.errors or self._has_evidence(data)
        if kind in SAY_NOTHING_ALONE and not has_words:
            self.add_error("note", _("Say it in a few words, or add a file or a source."))
        if kind == "completed" and self.plan.evidence_required and not self._has_evidence(data):
            self.add_error("source", NEEDS_EVIDENCE)
        return data

    def _has_evidence(self, data: Mapping[str, Any]) -> bool:
        """What was given and refused has its own error."""
        was_refused = bool({"source", "uploads"} & self.errors.keys())
        return bool(self.evidence or data.get("source")) or was_refused


def kinds_to_report(terms: Terms) -> list[str]:
    """What can be said of an action, the likeliest first."""
    deadline = terms.deadline
    kinds = ["progress"]
    if deadline.level is not None:
        kinds.append("reading")
    if takes_deliveries(deadline):
        kinds.append("delivered")
    if deadline.level is None:
        kinds.append("started")
    if not is_met_by_deliveries(deadline) and deadline.level is None:
        kinds.append("completed")
    if terms.consents:
        kinds.append("consent")
    if deadline.of or terms.needs:
        kinds.append("event")
    return [*kinds, "note"]


HINTS = {
    "progress": _("Work goes on, and something was done."),
    "started": _("Work has begun."),
    "completed": _("All that was promised is done."),
    "delivered": _("A number of what was promised."),
    "reading": _("The figure that was reached, such as a number of posts."),
    "consent": _("An organisation has agreed."),
    "event": _("What the promise waits for has happened."),
    "note": _("Something to know that changes no status."),
}


def _kind_label(kind: str, outcomes: Mapping[str, State]) -> str:
    context = {"label": KINDS[kind].label, "outcome": outcomes.get(kind), "hint": HINTS[kind]}
    return render_to_string("commitments/recording/kind.html", context)


class DecisionForm(ReasonForm, DatedForm):
    """`meetings`: those at which it may have been taken, by the number of their entry."""

    meeting = forms.ChoiceField(label=_("Decided at the meeting"), required=False)

    def __init__(
        self, *args: Any, meetings: Mapping[int, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].label = _("Date of the decision")
        if not meetings:
            del self.fields["meeting"]
            return
        choices = [("", "—"), *meetings.items()]
        self.fields["meeting"].choices = choices  # type: ignore[attr-defined]


class MoveForm(DecisionForm):
    when = forms.CharField(
        label=_("New deadline"),
        help_text=_("Such as “31 March 2015”, “March 2015”, “spring 2015” or “by 31 March 2015”."),
        max_length=60,
    )
    decided_by = forms.CharField(label=_("Who decided"), required=False, max_length=500)
    field_order = ["when", "reason", "decided_by"]

    def clean_when(self) -> str:
        try:
            when = self.cleaned_data["when"]
            return edtf(when, for_deadline=True, month_first=self.month_first)
        except AskedBack as question:
            raise forms.ValidationError(str(question)) from None
        except DateError:
            raise forms.ValidationError(
                _(
                    "Give a day, month, season, quarter or year with its year, such as “31 March 2015” or 2015-03-31."
                )
            ) from None


class TermForm(DecisionForm):
    """Another last day of the plan."""

    when = forms.CharField(
        label=_("Last day of the plan"),
        help_text=_("Such as “31 March 2027” or “2027”; left empty, the plan runs without end."),
        required=False,
        max_length=60,
    )
    field_order = ["when", "reason"]

    def clean_when(self) -> str:
        when = self.cleaned_data["when"].strip()
        if not when:
            return ""
        try:
            return edtf(when).removeprefix("../")
        except DateError:
            raise forms.ValidationError(
                _(
                    "Give a day, month, season, quarter or year with its year, such as “31 March 2015” or 2015-03-31."
                )
            ) from None


class DecideForm(DecisionForm):
    kind = forms.ChoiceField(
        label=_("Decision"),
        widget=forms.RadioSelect,
        choices=[(kind, KINDS[kind].label) for kind in ("not-pursued", "superseded", "reopened")],
    )
    field_order = ["kind", "reason"]


class MeetingForm(DatedForm):
    name = forms.CharField(label=_("Name of the meeting"), max_length=LONGEST_WORDS)
    place = forms.CharField(label=_("Place"), required=False, max_length=500)
    field_order = ["name", "day", "place"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].label = _("Date of the meeting")
        self.fields["day"].help_text = _(
            "One to come plans the meeting; one that has come says that it was held."
        )


class ConclusionForm(EvidenceForm):
    note = forms.CharField(
        label=_("What was concluded"), widget=forms.Textarea(attrs={"rows": 4}), max_length=LONG
    )
    ref = forms.ChoiceField(label=_("About the action"), required=False)
    field_order = ["note", "ref"]

    def __init__(self, *args: Any, actions: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # it is of the day of the meeting
        del self.fields["day"]
        choices = [("", _("the plan as a whole")), *actions]
        self.fields["ref"].choices = choices  # type: ignore[attr-defined]


class SayForm(EntryForm):
    """What is asked or answered, in words."""

    note = forms.CharField(
        label=_("Answer"), widget=forms.Textarea(attrs={"rows": 4}), max_length=LONG
    )


class AskForm(SayForm):
    """A question for one of `sides`; where there is one alone, there is nothing to choose."""

    side = forms.ChoiceField(label=_("Which side is asked"))
    due = forms.CharField(
        label=_("Answer by"),
        help_text=_("If there is such a day: “15 October 2014”, or “October 2014”."),
        required=False,
        max_length=60,
    )
    field_order = ["side", "note", "due"]

    def __init__(self, *args: Any, sides: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("Question")
        choices = [(side, labels.side(side)) for side in sides]
        self.fields["side"].choices = choices  # type: ignore[attr-defined]
        if len(sides) == 1:
            self.fields["side"].initial = sides[0]
            self.fields["side"].widget = forms.HiddenInput()

    def clean_due(self) -> str:
        text = self.cleaned_data["due"].strip()
        if not text:
            return ""
        try:
            month_first = bool(self.initial.get("month_first"))
            return edtf(text, for_deadline=True, month_first=month_first).removeprefix("../")
        except AskedBack as question:
            raise forms.ValidationError(str(question)) from None
        except DateError:
            raise forms.ValidationError(
                _("“%(text)s” is not a date. Write it as “15 October 2014” or “October 2014”."),
                params={"text": text},
            ) from None


class ReleaseForm(DatedForm):
    """What an official wrote, as the manager who releases it may still edit it: what it says."""

    quantity = forms.IntegerField(
        label=_("How many"), required=False, min_value=0, max_value=2_000_000_000
    )
    note = forms.CharField(
        label=_("Details"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=LONG,
    )
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=LONG
    )
    source = forms.CharField(label=_("Source"), required=False, max_length=2000)

    def __init__(self, *args: Any, content: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content = content
        for name in ("quantity", "note", "reason", "source"):
            if content[name] in (None, ""):
                del self.fields[name]
            else:
                self.initial[name] = content[name]
        self.fields["day"].help_text = ""
        # an entry about another one is of the day on which it is recorded
        if content["to"] is not None:
            del self.fields["day"]
        self.initial["day"] = labels.edtf(content["effective"])

    def clean_day(self) -> str:
        if "day" not in self.changed_data:
            return str(self.content["effective"])
        return super().clean_day()

    @property
    def changes(self) -> dict[str, Any]:
        """The fields of a Draft that the manager edited."""
        changes = {name: self.cleaned_data[name] for name in self.changed_data}
        if "day" in changes:
            changes["effective"] = changes.pop("day")
        for name in ("key", "seen"):
            changes.pop(name, None)
        return changes


class RedactForm(ReasonForm):
    """What of an entry is to go for good, and why. `can_hide`: it can be hidden at once."""

    what = forms.ChoiceField(label=_("What is removed"), widget=forms.RadioSelect)
    hide = forms.BooleanField(
        label=_("Hide it at once"),
        help_text=_(
            "Only where the law leaves no time: every page says so. "
            "After 7 days it shows again, unless its removal was agreed to."
        ),
        required=False,
    )
    field_order = ["what", "reason"]

    def __init__(
        self, *args: Any, removable: list[str], can_hide: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not can_hide:
            del self.fields["hide"]
        what = self.fields["what"]
        what.choices = [(part, labels.REDACTED[part]) for part in removable]  # type: ignore[attr-defined]
        what.initial = removable[-1] if removable else ""
        self.fields["reason"].help_text = _(
            "Do not repeat what is removed: the reason stays for everybody to read."
        )
