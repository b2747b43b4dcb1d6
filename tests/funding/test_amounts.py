"""Amounts as people write them: understood in one reading, refused in two, never guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.amounts import AmountError, parse_amount

AMOUNTS = st.decimals(min_value="0.01", max_value="999999999999.99", places=2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5000000", "5000000"),
        ("5000000.5", "5000000.5"),
        ("5 000 000,00", "5000000.00"),
        ("5\u202f000\u202f000,25", "5000000.25"),
        ("5\u00a0000", "5000"),
        ("5,000,000.00", "5000000.00"),
        ("5,000,000", "5000000"),
        ("5.000.000,00", "5000000.00"),
        ("5'000'000", "5000000"),
        ("0,50", "0.50"),
        (" 12 ", "12"),
    ],
)
def test_an_amount_with_one_reading_is_understood(text: str, value: str) -> None:
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["5,000", "5.000", "750,000", "1.234"])
def test_an_amount_with_two_readings_is_refused_and_both_are_offered(text: str) -> None:
    digits = text.replace(",", "").replace(".", "")
    with pytest.raises(AmountError, match=digits):
        parse_amount(text)


@pytest.mark.parametrize(
    "text",
    (
        *(
            "",
            "0",
            "-0",
            "-5",
            "NaN",
            "Infinity",
            "1e400",
            "1.234.5",
            "1,2,3",
            "5.000,000.00",
            "5,000,000,00",
        ),
        *("12.345678", "€5", "five", "5 00", "1_000", "٥٠", "9" * 40, "5 000,000", "1.000 000,00"),
    ),
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        parse_amount(text)


@given(AMOUNTS)
def test_an_amount_written_in_either_language_is_the_same_to_the_cent(value: Decimal) -> None:
    english, french = f"{value:,.2f}", f"{value:,.2f}".replace(",", "\u202f").replace(".", ",")
    assert parse_amount(english) == parse_amount(french) == parse_amount(f"{value:.2f}") == value
