"""The kinds of entry that move money: paid in, paid back, spent."""

from collections.abc import Iterator
from decimal import Decimal

from babel.numbers import list_currencies
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.register.entries import Draft
from commitments.register.entry_types import Context, Kind
from funding.models import Instalment, Purpose

LARGEST = Decimal("999999999999999.99")


def _money(draft: Draft) -> Iterator[str]:
    amount = draft.amount
    if draft.currency and draft.currency not in list_currencies():
        yield _("“%(code)s” is no currency of ISO 4217: give a code such as EUR or GBP.") % {
            "code": draft.currency
        }
    exponent = amount.as_tuple().exponent if amount is not None else 0
    if amount is not None and (
        not isinstance(exponent, int) or exponent < -2 or not 0 < amount <= LARGEST
    ):
        yield _("An amount is above zero and has at most two decimals.")


def _paid(draft: Draft, context: Context) -> Iterator[str]:
    yield from _money(draft)
    known = sorted(context.instalments.get(draft.ref, []))
    if draft.instalment is None and len(known) > 1:
        numbers = ", ".join(str(number) for number in known)
        yield _("Say which instalment of %(ref)s it belongs to: %(numbers)s.") % {
            "ref": draft.ref,
            "numbers": numbers,
        }


def _unusual_payment(draft: Draft, context: Context) -> Iterator[str]:
    if draft.currency not in _stated(context).get(
        (draft.ref, draft.instalment or 1), [draft.currency]
    ):
        yield _("%(currency)s is not a currency in which %(ref)s is stated") % {
            "currency": draft.currency,
            "ref": draft.ref,
        }


def _stated(context: Context) -> dict[tuple[str, int], list[str]]:
    """The currencies in which each instalment is stated."""
    if "stated" not in context.cache:
        found: dict[tuple[str, int], list[str]] = {}
        for instalment in Instalment.objects.filter(**context.about):
            terms = instalment.entries.filter(kind="terms").order_by("-number").first()
            stated = (terms.terms or {})["stated"] if terms else []
            if stated:
                found[instalment.ref, instalment.instalment] = [
                    currency for currency, _amount in stated
                ]
        context.cache["stated"] = found
    cached: dict[tuple[str, int], list[str]] = context.cache["stated"]
    return cached


def _spent(draft: Draft, context: Context) -> Iterator[str]:
    yield from _money(draft)
    if "purposes" not in context.cache:
        found = Purpose.objects.filter(fund__plan=context.plan).values_list("code", flat=True)
        context.cache["purposes"] = set(found)
    if draft.words and draft.words not in context.cache["purposes"]:
        known = ", ".join(sorted(context.cache["purposes"]))
        yield _(
            "“%(purpose)s” is no purpose of a fund of the plan: it must be one of %(known)s."
        ) % {
            "purpose": draft.words,
            "known": known,
        }


MONEY = ("amount", "currency")
KINDS = [
    Kind(
        "paid",
        gettext_lazy("paid"),
        MONEY,
        ("instalment",),
        ("contribution",),
        _paid,
        _unusual_payment,
    ),
    Kind(
        "refunded",
        gettext_lazy("refunded"),
        MONEY,
        ("instalment",),
        ("contribution",),
        _paid,
        _unusual_payment,
    ),
    Kind(
        *(
            "spent",
            gettext_lazy("spent"),
            (*MONEY, "words"),
            (),
            ("action", "contribution", "plan"),
            _spent,
        ),
        names=lambda plan: dict(
            Purpose.objects.filter(fund__plan=plan).values_list("code", "title")
        ),
    ),
]
