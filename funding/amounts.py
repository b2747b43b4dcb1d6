"""Amounts as people write them, in either language: understood in one reading, refused where there
are two.
"""

import re
from decimal import Decimal

from django.utils.translation import gettext as _

SPACES = re.compile(r"[\s\u00a0\u202f\u2009]")
PLAIN = re.compile(r"\d+([.,]\d{1,2})?", re.ASCII)
# groups of three with one kind of mark, then other marks for the decimals
GROUPED = re.compile(r"\d{1,3}(?:([ .,'’])\d{3})+(?:([.,])\d{1,2})?", re.ASCII)
AMBIGUOUS = re.compile(r"(\d{1,3})[.,](\d{3})", re.ASCII)
LONGEST = 24


class AmountError(ValueError):
    """Not an amount; the message says what would be right."""


def parse_amount(text: str) -> Decimal:
    """An amount above zero with at most two decimals, from "5000000", "5 000 000,00" or
    "5,000,000.00".
    """
    given = SPACES.sub(" ", text.strip())
    if len(given) > LONGEST:
        raise AmountError(_("That is too long for an amount."))
    if match := AMBIGUOUS.fullmatch(given):
        thousands, units = match[1] + match[2], f"{match[1]}.{match[2][:2]}"
        raise AmountError(
            _(
                "“%(text)s” has two readings: write %(thousands)s, or %(units)s if the mark stands before decimals."
            )
            % {"text": text, "thousands": thousands, "units": units}
        )
    plain = _plain(given)
    if plain is None:
        raise AmountError(
            _(
                "“%(text)s” is not an amount: write a number above zero with at most two decimals, "
                "such as 4000000 or 4000000.50."
            )
            % {"text": text}
        )
    value = Decimal(plain)
    if value <= 0:
        raise AmountError(_("An amount is above zero; money paid back is recorded as a refund."))
    return value


def _plain(given: str) -> str | None:
    if PLAIN.fullmatch(given):
        return given.replace(",", ".")
    match = GROUPED.fullmatch(given)
    if (
        not match
        or match[1] == match[2]
        or len(set(re.findall(r"[ .,'’](?=\d{3}(?!\d))", given))) > 1
    ):
        return None
    whole, mark, cents = given.rpartition(match[2]) if match[2] else (given, "", "")
    return re.sub(r"\D", "", whole) + (f".{cents}" if mark else "")
