"""Forms for what people record; what makes an entry sound is asked of `kinds`, not decided here."""

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commitments import labels
from commitments.dates import DateError, parse, parse_deadline
from commitments.facts import Terms
from commitments.kinds import KINDS
from commitments.models import Body

LONG = 4000


class EntryForm(forms.Form):
    """Carries what its author had seen, and a key that makes a second sending the same entry."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, seen: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = secrets.token_hex(16)
        self.fields["seen"].initial = seen


def day_field(**kwargs: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={"invalid": _("This is no day: give it as 2014-10-15 or 15/10/2014.")},
        **kwargs,
    )


class DatedForm(EntryForm):
    """When it happened: a day, or no more than a month, a quarter, a season or a year."""

    day = day_field(label=_("Day on which it happened"), required=False)
    period = forms.CharField(
        label=_("Or, if you do not know the day"),
        help_text=_("A month as 2014-10, a quarter as 2014-36, a season as 2014-23, a year as 2014."),
        required=False,
        max_length=10,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        day, period = data.get("day"), (data.get("period") or "").strip()
        if period:
            try:
                parse(period)
            except DateError:
                self.add_error("period", _("Give a month as 2014-10, a quarter as 2014-36, or a year as 2014."))
        elif not day and "day" not in self.errors:
            self.add_error("day", _("Say when it happened: a day, or below it a month or a year."))
        data["effective"] = period or (day.isoformat() if day else "")
        return data


class ReportForm(DatedForm):
    kind = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)
    quantity = forms.IntegerField(label=_("How many"), required=False, min_value=1, max_value=2_000_000_000)
    body = forms.ChoiceField(label=_("Whose consent"), required=False)
    event = forms.CharField(label=_("Which event"), required=False, max_length=200)
    note = forms.CharField(
        label=_("What there is to say"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=LONG,
    )
    source = forms.CharField(
        label=_("Evidence"),
        help_text=_("A link, or the reference of a document."),
        required=False,
        max_length=1000,
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
    field_order = ["kind", "quantity", "body", "event", "day", "period", "note", "source", "confidence", "reason"]

    def __init__(self, *args: Any, terms: Terms, bodies: list[Body], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms = terms
        offered = self._offered()
        self.fields["kind"].choices = [(kind, KINDS[kind].label) for kind in offered]  # type: ignore[attr-defined]
        language = labels.language()
        self.fields["body"].choices = [("", "—")] + [  # type: ignore[attr-defined]
            (body.code, body.name.get(language) or body.code) for body in bodies if body.code in terms.consents
        ]
        for field, kind in (("quantity", "delivered"), ("body", "consent"), ("event", "event")):
            if kind not in offered:
                del self.fields[field]
        if "event" in self.fields:
            self.fields["event"].initial = terms.deadline.of

    def _offered(self) -> list[str]:
        """What can be said of this action, the likeliest first."""
        deadline = self.terms.deadline
        kinds = ["progress"]
        if deadline.quantity is not None:
            kinds.append("delivered")
        kinds.append("started")
        if deadline.target is None:
            kinds.append("completed")
        if self.terms.consents:
            kinds.append("consent")
        if deadline.kind == "within":
            kinds.append("event")
        return [*kinds, "note"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        kind = data.get("kind")
        if kind == "delivered" and not data.get("quantity") and "quantity" not in self.errors:
            self.add_error("quantity", _("Say how many were delivered."))
        if kind == "consent" and not data.get("body"):
            self.add_error("body", _("Say whose consent it is."))
        if kind == "event" and not data.get("event"):
            self.add_error("event", _("Say which event it is."))
        if data.get("confidence") in ("amber", "red") and not data.get("reason"):
            self.add_error("reason", _("Give a reason for amber or red."))
        return data

    def words(self) -> str:
        by_kind = {"consent": "body", "event": "event"}
        name = by_kind.get(self.cleaned_data["kind"], "")
        return str(self.cleaned_data.get(name) or "")


def reason_field() -> forms.CharField:
    return forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=LONG)


class MoveForm(DatedForm):
    when = forms.CharField(
        label=_("New deadline"),
        help_text=_("A day as 2015-03-31, or a month, quarter, season or year; with ../ before it for “by”."),
        max_length=13,
    )
    decided_by = forms.CharField(label=_("Who decided"), required=False, max_length=500)
    reason = reason_field()
    field_order = ["when", "reason", "decided_by", "day", "period"]

    def clean_when(self) -> str:
        when = str(self.cleaned_data["when"]).strip()
        try:
            parse_deadline(when)
        except DateError:
            raise forms.ValidationError(
                _("Give a day as 2015-03-31, a month as 2015-03, a year as 2015, or ../2015-03-31 for “by”.")
            ) from None
        return when


class DecideForm(DatedForm):
    kind = forms.ChoiceField(
        label=_("Decision"),
        widget=forms.RadioSelect,
        choices=[(kind, KINDS[kind].label) for kind in ("not-pursued", "superseded", "reopened")],
    )
    reason = reason_field()
    field_order = ["kind", "reason", "day", "period"]


class ReasonForm(EntryForm):
    reason = reason_field()


class ConfirmForm(EntryForm):
    """Nothing to say but yes."""
