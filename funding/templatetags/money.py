"""Money in words: €5 million, 5 millions d'euros; amounts in columns with their code."""

from collections.abc import Mapping
from decimal import Decimal

from babel.lists import format_list
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_symbol,
)
from django import template
from django.utils.translation import gettext as _

from commitments.pages.labels import language
from funding.currencies import decimals_of

register = template.Library()
MILLION = Decimal(1_000_000)
NO_BREAK = "\u00a0"
WHOLE, IN_MILLIONS = "#,##0", "#,##0.###"


@register.filter
def amount(value: Decimal | str, currency: str) -> str:
    """€5 million, €750,000 or €0.50; in French 5 millions d'euros, 750 000 euros, 0,50 euro."""
    number = Decimal(value)
    if language() == "fr":
        return _format_french(number, currency)
    return _format_english(number, currency)


def _format_english(number: Decimal, currency: str) -> str:
    if not _is_given_in_millions(number):
        return _english_currency(number, currency, _pattern(number, currency))
    return f"{_english_currency(number / MILLION, currency, IN_MILLIONS)}{NO_BREAK}million"


def _english_currency(number: Decimal, currency: str, pattern: str) -> str:
    symbol = get_currency_symbol(currency, locale="en")
    # letters do not stand close to a figure
    space = NO_BREAK if symbol[-1:].isalpha() else ""
    return format_currency(
        number, currency, f"¤{space}{pattern}", locale="en", currency_digits=False
    )


def _format_french(number: Decimal, currency: str) -> str:
    if not _is_given_in_millions(number):
        # the plural begins at two
        count = 2 if abs(number) >= 2 else 1
        name = get_currency_name(currency, count=count, locale="fr")
        return f"{format_decimal(number, _pattern(number, currency), locale='fr')}{NO_BREAK}{name}"
    millions = number / MILLION
    word = "million" if millions < 2 else "millions"
    name = get_currency_name(currency, count=2, locale="fr")
    of = "d’" if name[:1].lower() in "aeiouéè" else "de "
    return f"{format_decimal(millions, IN_MILLIONS, locale='fr')}{NO_BREAK}{word} {of}{name}"


def _is_given_in_millions(number: Decimal) -> bool:
    """Whether the amount is written in millions: where that gives it exactly, to the thousand."""
    return abs(number) >= MILLION and number % 1000 == 0


def _pattern(number: Decimal, currency: str = "EUR") -> str:
    """The pattern of the number: whole where that is exact, else with as many decimals as the
    currency has (ISO 4217).
    """
    decimals = decimals_of(currency)
    if number == number.to_integral() or not decimals:
        return WHOLE
    return f"{WHOLE}.{'0' * decimals}"


def _amounts_in_words(amounts: Mapping[str, Decimal | str]) -> list[str]:
    return [amount(value, currency) for currency, value in amounts.items()]


@register.filter
def money(amounts: Mapping[str, Decimal | str] | None) -> str:
    """The stated amounts in their order, the first with the others in brackets; nothing stated is
    not zero.
    """
    if not amounts:
        return _("not stated")
    first, *others = _amounts_in_words(amounts)
    return first + "".join(f" ({other})" for other in others)


@register.filter
def same_money(amounts: Mapping[str, Decimal | str] | None) -> str:
    """One promise in the currencies of the text: €15 million (£12 million, the same money)."""
    if not amounts or len(amounts) == 1:
        return money(amounts)
    first, *others = _amounts_in_words(amounts)
    return _("%(first)s (%(others)s, the same money)") % {
        "first": first,
        "others": ", ".join(others),
    }


@register.filter(name="amounts")
def different_money(amounts: Mapping[str, Decimal | str]) -> str:
    """Sums of which each came on top of the others: €3 million and £1 million."""
    return format_list(_amounts_in_words(amounts), locale=language())


@register.filter
def figure(value: Decimal | str) -> str:
    """An amount for a column: grouped, with its cents only where it has any."""
    number = Decimal(value)
    return str(format_decimal(number, _pattern(number), locale=language()))
