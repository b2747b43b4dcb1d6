"""The kinds of entry that move money: paid in, paid back, spent; and what makes one unsound."""

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.models import Plan
from commitments.register.entries import Draft
from commitments.register.entry_types import EntryType
from commitments.register.validation import ERRORS, WARNINGS, Context
from funding.currencies import decimals_of, has_its_decimals, is_currency
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
        group="money",
        is_confirmable=True,
    ),
    EntryType(
        name="refunded",
        label=gettext_lazy("refunded"),
        needs=("amount", "currency"),
        takes_instalment=True,
        about=("contribution",),
        group="money",
        is_confirmable=True,
    ),
    EntryType(
        name="spent",
        label=gettext_lazy("spent"),
        needs=("amount", "currency", "words"),
        about=("action", "contribution", "plan"),
        names=_names_of_purposes,
        group="money",
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
    terms = context.payloads.get((draft.ref, draft.instalment or 1))
    if terms is None or not terms["stated"]:
        return
    if draft.currency not in dict(terms["stated"]):
        yield _("%(currency)s is not a currency in which %(ref)s is stated") % {
            "currency": draft.currency,
            "ref": draft.ref,
        }
        return
    stated = Decimal(dict(terms["stated"])[draft.currency])
    if draft.amount is not None and draft.amount > stated:
        yield _("the amount is larger than what the plan states for this instalment of %(ref)s") % {
            "ref": draft.ref
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
    if draft.currency and not is_currency(draft.currency):
        yield _("“%(code)s” is no currency of ISO 4217: give a code such as EUR or GBP.") % {
            "code": draft.currency
        }
    if draft.amount is not None and not _is_sound_amount(draft.amount, draft.currency):
        amount = f"{draft.amount:f} {draft.currency}".strip()
        yield _(
            "“%(amount)s” is no amount in this currency: it must be above zero; decimals at most: %(count)s."
        ) % {"amount": amount, "count": decimals_of(draft.currency)}


def _is_sound_amount(amount: Decimal, currency: str) -> bool:
    return amount.is_finite() and 0 < amount <= LARGEST and has_its_decimals(amount, currency)


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
