"""Amounts in words, in the form of each language."""

from decimal import Decimal

import pytest
from django.utils import translation

from funding.templatetags.money import amount


@pytest.mark.parametrize(
    ("value", "currency", "english", "french"),
    [
        ("5000000", "EUR", "€5 million", "5 millions d’euros"),
        ("0.5", "EUR", "€0.50", "0,50 euro"),
        ("1500000", "TND", "TND 1.5 million", "1,5 million de dinars tunisiens"),
        ("1234.567", "TND", "TND 1,234.567", "1 234,567 dinars tunisiens"),
        ("1234.5", "CHF", "CHF 1,234.50", "1 234,50 francs suisses"),
        ("5000", "JPY", "¥5,000", "5 000 yens japonais"),
        ("2000", "CAD", "CA$2,000", "2 000 dollars canadiens"),
        ("1000.25", "IQD", "IQD 1,000.250", "1 000,250 dinars irakiens"),
    ],
)
def test_a_currency_has_its_decimals_and_letters_stand_apart(
    value: str, currency: str, english: str, french: str
) -> None:
    for language, words in (("en", english), ("fr", french)):
        with translation.override(language):
            shown = amount(Decimal(value), currency)
        assert shown.replace("\u00a0", " ").replace("\u202f", " ") == words
