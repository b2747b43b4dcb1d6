"""Forms for what people record; what makes an entry sound is decided in `register.validation`."""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from commitments.evidence import file_types, storage
from commitments.forms.written_dates import edtf
from commitments.models import Body, Evidence, Plan
from commitments.pages import labels
from commitments.register.entry_types import KINDS
from commitments.register.validation import NEEDS_EVIDENCE, source_errors
from commitments.rules.dates import DateError, parse
from commitments.rules.events import Terms
from commitments.rules.states import State

LONG = 4000


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


def day_field(**kwargs: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={"invalid": _("This is not a day: give it as 2014-10-15 or 15/10/2014.")},
        **kwargs,
    )


class DatedForm(EntryForm):
    """When it happened: a day, or no more than a month, a quarter, a season or a year."""

    day = day_field(label=_("Day on which it happened"), required=False)
    period = forms.CharField(
        label=_("Or, if you do not know the day"),
        help_text=_(
            "In words, such as “October 2014” or “autumn 2014”; it counts instead of the day."
        ),
        required=False,
        max_length=60,
    )

    def clean_period(self) -> str:
        """In EDTF; empty where none is given."""
        period = self.cleaned_data["period"].strip()
        if not period:
            return ""
        try:
            date_in_edtf = edtf(period, self.initial.get("day"))
            parse(date_in_edtf)
        except DateError:
            raise forms.ValidationError(
                _(
                    "Give a month, season, quarter or year, such as “October 2014”, “Q4 2014” or 2014-10."
                )
            ) from None
        return date_in_edtf

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        day, period = data.get("day"), data.get("period", "")
        if not day and not period and not {"day", "period"} & self.errors.keys():
            self.add_error("day", _("Say when it happened: a day, or below it a month or a year."))
        data["effective"] = period or (day.isoformat() if day else "")
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
            "PDF, Word, Excel, PNG, JPG or CSV, at most 5 of 20 MB each. Pictures lose what a camera adds, such as the "
            "place; other documents are stored as they are, with the names that they hold."
        ),
        required=False,
        max_length=255,
        widget=FilesInput(attrs={"accept": ".pdf,.docx,.xlsx,.png,.jpg,.jpeg,.csv"}),
    )

    def __init__(self, *args: Any, plan: Plan, by: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan, self.by = plan, by
        self.evidence: list[Evidence] = []
        if not self.is_bound:
            del self.fields["kept"]

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
    kind = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)
    quantity = forms.IntegerField(
        label=_("How many"), required=False, min_value=1, max_value=2_000_000_000
    )
    body = forms.ChoiceField(label=_("Whose consent"), required=False)
    event = forms.CharField(label=_("Which event"), required=False, max_length=200)
    note = forms.CharField(
        label=_("What there is to say"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=LONG,
    )
    confidence = forms.ChoiceField(
        label=_("Confidence for what comes next"),
        required=False,
        choices=[("", _("unchanged")), *labels.COLOURS.items()],
    )
    reason = forms.CharField(
        label=_("Reason, if not green"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=LONG,
    )
    # the others follow as they are declared
    field_order = ("kind", "quantity", "body", "event", "day", "period", "note")

    # fields that only one kind has, and needs
    kinds_of_fields = {"quantity": "delivered", "body": "consent", "event": "event"}
    texts_of_missing = {
        "quantity": _("Say how many were delivered."),
        "body": _("Say whose consent it is."),
        "event": _("Say which event it is."),
    }

    def __init__(
        self,
        *args: Any,
        terms: Terms,
        bodies: Sequence[Body],
        outcomes: Mapping[str, State],
        **kwargs: Any,
    ) -> None:
        """`bodies`: those whose consent the action needs; `outcomes`: the state that each kind would
        lead to, where it would be another.
        """
        super().__init__(*args, **kwargs)
        if self.plan.evidence_required:
            self.fields["source"].help_text = _(
                "A link, or the reference of a document. This plan asks for evidence before a completion is recorded."
            )
        kinds = kinds_to_report(terms)
        self._set_choices("kind", [(kind, _kind_label(kind, outcomes)) for kind in kinds])
        names = [(body.code, labels.text(body.name) or body.code) for body in bodies]
        self._set_choices("body", [("", "—"), *names])
        self.fields["event"].initial = terms.deadline.of
        for field, kind in self.kinds_of_fields.items():
            if kind not in kinds:
                del self.fields[field]

    def _set_choices(self, field: str, choices: list[tuple[str, str]]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        kind = data.get("kind")
        for field, kind_of_field in self.kinds_of_fields.items():
            if kind != kind_of_field:
                data[field] = None
            elif not data.get(field) and field not in self.errors:
                self.add_error(field, self.texts_of_missing[field])
        if data.get("confidence") in ("amber", "red") and not data.get("reason"):
            self.add_error("reason", _("Give a reason for amber or red."))
        if kind == "completed" and self.plan.evidence_required and not self._has_evidence(data):
            self.add_error("source", NEEDS_EVIDENCE)
        return data

    def _has_evidence(self, data: Mapping[str, Any]) -> bool:
        """What was given and refused has its own error."""
        was_refused = bool({"source", "uploads"} & self.errors.keys())
        return bool(self.evidence or data.get("source")) or was_refused


def kinds_to_report(terms: Terms) -> list[str]:
    """What can be said of an action, the likeliest first."""
    kinds = ["progress"]
    if terms.deadline.quantity is not None:
        kinds.append("delivered")
    kinds.append("started")
    if terms.deadline.target is None:
        kinds.append("completed")
    if terms.consents:
        kinds.append("consent")
    if terms.deadline.kind == "within":
        kinds.append("event")
    return [*kinds, "note"]


def _kind_label(kind: str, outcomes: Mapping[str, State]) -> str:
    label = KINDS[kind].label
    if kind not in outcomes:
        return str(label)
    context = {"label": label, "outcome": outcomes[kind]}
    return render_to_string("commitments/recording/kind.html", context)


class DecisionForm(ReasonForm, DatedForm):
    day = day_field(label=_("Day on which it was decided"), required=False)


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
            return edtf(self.cleaned_data["when"])
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


class RedactForm(ReasonForm):
    """What of an entry is to go for good, and why."""

    what = forms.ChoiceField(label=_("What is removed"), widget=forms.RadioSelect)
    field_order = ["what"]

    def __init__(self, *args: Any, removable: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what = self.fields["what"]
        what.choices = [(part, labels.REDACTED[part]) for part in removable]  # type: ignore[attr-defined]
        what.initial = removable[-1] if removable else ""
        self.fields["reason"].help_text = _(
            "Do not repeat what is removed: the reason stays for everybody to read."
        )
