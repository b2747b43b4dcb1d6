"""Money in words: €5 million, 5 millions d'euros; amounts in columns with their code."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal, get_currency_name
from django import template
from django.utils.translation import gettext as _

from commitments.pages.labels import language

register = template.Library()
MILLION = Decimal(1_000_000)
NO_BREAK = "\u00a0"


@register.filter
def amount(value: Decimal | str, currency: str) -> str:
    """€5 million, €750,000 or €0.50; in French 5 millions d'euros, 750 000 euros, 0,50 euro."""
    return _said(Decimal(value), currency, language())


@lru_cache(maxsize=4096)
def _said(number: Decimal, currency: str, language: str) -> str:
    return _french(number, currency) if language == "fr" else _english(number, currency)


def _english(number: Decimal, currency: str) -> str:
    if _in_millions(number):
        plain = format_currency(
            number / MILLION, currency, "¤#,##0.###", locale="en", currency_digits=False
        )
        return f"{plain}{NO_BREAK}million"
    pattern = "¤#,##0" if number == number.to_integral() else "¤#,##0.00"
    return format_currency(number, currency, pattern, locale="en", currency_digits=False)


def _french(number: Decimal, currency: str) -> str:
    if _in_millions(number):
        millions = number / MILLION
        word = "million" if millions < 2 else "millions"
        name = get_currency_name(currency, count=2, locale="fr")
        of = "d’" if name[:1].lower() in "aeiouéè" else "de "
        return f"{format_decimal(millions, '#,##0.###', locale='fr')}{NO_BREAK}{word} {of}{name}"
    name = get_currency_name(currency, count=2 if abs(number) >= 2 else 1, locale="fr")
    pattern = "#,##0" if number == number.to_integral() else "#,##0.00"
    return f"{format_decimal(number, pattern, locale='fr')}{NO_BREAK}{name}"


def _in_millions(number: Decimal) -> bool:
    """Said in millions where that says it exactly, to the thousand."""
    return abs(number) >= MILLION and number % 1000 == 0


@register.filter
def money(amounts: Mapping[str, Decimal | str] | None) -> str:
    """The stated amounts in their order, the first with the others in brackets; nothing stated is
    not zero.
    """
    if not amounts:
        return _("not stated")
    first, *others = [amount(value, currency) for currency, value in amounts.items()]
    return first + "".join(f" ({other})" for other in others)


@register.filter
def figure(value: Decimal | str) -> str:
    """An amount for a column: grouped, with its cents only where it has any."""
    return _figure(Decimal(value), language())


@lru_cache(maxsize=4096)
def _figure(number: Decimal, language: str) -> str:
    pattern = "#,##0" if number == number.to_integral() else "#,##0.00"
    return str(format_decimal(number, pattern, locale=language))
