"""The kinds of entry that move money: paid in, paid back, spent; and what makes one unsound."""

from collections.abc import Iterator
from decimal import Decimal

from babel.numbers import list_currencies
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.models import Plan
from commitments.register.entries import Draft
from commitments.register.entry_types import EntryType
from commitments.register.validation import ERRORS, WARNINGS, Context
from funding.models import Purpose

LARGEST = Decimal("999999999999999.99")


def _names_of_purposes(plan: Plan) -> dict[str, dict[str, str]]:
    return dict(Purpose.objects.filter(fund__plan=plan).values_list("code", "title"))


KINDS = [
    EntryType(
        name="paid",
        label=gettext_lazy("paid"),
        needs=("amount", "currency"),
        takes_instalment=True,
        about=("contribution",),
    ),
    EntryType(
        name="refunded",
        label=gettext_lazy("refunded"),
        needs=("amount", "currency"),
        takes_instalment=True,
        about=("contribution",),
    ),
    EntryType(
        name="spent",
        label=gettext_lazy("spent"),
        needs=("amount", "currency", "words"),
        about=("action", "contribution", "plan"),
        names=_names_of_purposes,
    ),
]


def _payment_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _money_errors(draft)
    known = sorted(context.instalments.get(draft.ref, []))
    if draft.instalment is None and len(known) > 1:
        numbers = ", ".join(str(number) for number in known)
        yield _("Say which instalment of %(ref)s it belongs to: %(numbers)s.") % {
            "ref": draft.ref,
            "numbers": numbers,
        }


def _payment_warnings(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.instalment_terms.get((draft.ref, draft.instalment or 1))
    if terms is None or not terms["stated"]:
        return
    if draft.currency not in dict(terms["stated"]):
        yield _("%(currency)s is not a currency in which %(ref)s is stated") % {
            "currency": draft.currency,
            "ref": draft.ref,
        }


def _spending_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _money_errors(draft)
    purposes = context.codes["spent"]
    if draft.words and draft.words not in purposes:
        known = ", ".join(sorted(purposes))
        yield _(
            "“%(purpose)s” is no purpose of a fund of the plan: it must be one of %(known)s."
        ) % {
            "purpose": draft.words,
            "known": known,
        }


def _money_errors(draft: Draft) -> Iterator[str]:
    if draft.currency and draft.currency not in list_currencies():
        yield _("“%(code)s” is no currency of ISO 4217: give a code such as EUR or GBP.") % {
            "code": draft.currency
        }
    if draft.amount is not None and not _is_sound_amount(draft.amount):
        yield _("An amount is above zero and has at most two decimals.")


def _is_sound_amount(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    # the exponent of what is no number is a letter
    return isinstance(exponent, int) and exponent >= -2 and 0 < amount <= LARGEST


ERRORS.update(
    {
        "paid": _payment_errors,
        "refunded": _payment_errors,
        "spent": _spending_errors,
    }
)
WARNINGS.update(
    {
        "paid": _payment_warnings,
        "refunded": _payment_warnings,
    }
)
