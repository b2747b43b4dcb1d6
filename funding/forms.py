"""The forms in which a manager records money."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_name
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from commitments.forms.entries import LONG, EvidenceForm, action_choices
from commitments.models import Action
from commitments.pages import labels
from commitments.rules.dates import parse
from commitments.templatetags.plan import localized
from funding.amounts import AmountError, parse_amount
from funding.currencies import is_currency
from funding.instalments import InstalmentOnDay
from funding.models import Purpose
from funding.templatetags.money import money


class MoneyForm(EvidenceForm):
    amount = forms.CharField(
        label=_("Amount"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, help_text=_("Its code: EUR, GBP …")
    )
    note = forms.CharField(
        label=_("Details"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=LONG,
    )

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        """`currencies` are the choices; where the plan states no amount, any code is taken."""
        super().__init__(*args, **kwargs)
        if currencies:
            self.fields["currency"] = _make_currency_field(currencies)

    def clean_amount(self) -> Decimal:
        try:
            return parse_amount(self.cleaned_data["amount"])
        except AmountError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).strip().upper()
        if not is_currency(code):
            raise forms.ValidationError(
                _("This is no currency of ISO 4217: give a code such as EUR or GBP.")
            )
        return code

    def clean_day(self) -> str:
        date_in_edtf = super().clean_day()
        adopted = self.plan.adopted_on
        if parse(date_in_edtf).last < adopted:
            text = gettext("The plan was adopted on %(day)s: money is recorded from that day on.")
            raise forms.ValidationError(text % {"day": labels.day(adopted)})
        return date_in_edtf


def _make_currency_field(currencies: Sequence[str]) -> forms.ChoiceField:
    """With several currencies none is chosen beforehand: a wrong one would not be noticed."""
    language = labels.language()
    choices = [
        (code, f"{code} – {get_currency_name(code, locale=language)}") for code in currencies
    ]
    if len(currencies) > 1:
        choices.insert(0, ("", "—"))
    error = gettext("Choose a currency of the plan: %(codes)s.") % {"codes": ", ".join(currencies)}
    return forms.ChoiceField(
        label=_("Currency"),
        choices=choices,
        error_messages={"invalid_choice": error, "required": error},
    )


class PaymentForm(MoneyForm):
    kind = forms.ChoiceField(
        label=_("What happened"),
        choices=[("paid", _("paid")), ("refunded", _("refunded"))],
        widget=forms.RadioSelect,
        initial="paid",
    )
    instalment = forms.TypedChoiceField(label=_("Instalment"), coerce=int)
    field_order = ["kind", "instalment", "amount", "currency", "day", "note"]

    def __init__(self, *args: Any, instalments: Sequence[InstalmentOnDay], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(instalment.number, _instalment_label(instalment)) for instalment in instalments]
        self.fields["instalment"].choices = choices  # type: ignore[attr-defined]
        self.fields["instalment"].initial = _first_unpaid(instalments)


def _first_unpaid(instalments: Sequence[InstalmentOnDay]) -> int | None:
    for instalment in instalments:
        if any(instalment.outstanding.values()):
            return instalment.number
    return None


def _instalment_label(instalment: InstalmentOnDay) -> str:
    due = labels.day(instalment.due) if instalment.due else gettext("no date")
    return f"{instalment.number}, {due}{labels.colon()}{money(instalment.stated)}"


class SpendingForm(MoneyForm):
    purpose = forms.ChoiceField(label=_("Purpose"), widget=forms.RadioSelect)
    ref = forms.ChoiceField(label=_("Action, if one is known"), required=False)
    field_order = ["purpose", "ref", "amount", "currency", "day", "note"]

    def __init__(
        self, *args: Any, purposes: Iterable[Purpose], actions: Iterable[Action], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (purpose.code, localized(purpose.title)) for purpose in purposes
        ]
        choices = [("", "—"), *action_choices(actions)]
        self.fields["ref"].choices = choices  # type: ignore[attr-defined]
