"""Amounts as people write them, in either language: understood in one reading, refused where there
are two.

babel.numbers.parse_decimal reads one locale, and takes "5,000" for five thousand or for five
without a word; here both readings are offered.
"""

import re
from decimal import Decimal

from django.utils.translation import gettext as _

SPACES = re.compile(r"[\s\u00a0\u202f\u2009]")
PLAIN = re.compile(r"\d+([.,]\d{1,2})?", re.ASCII)
# groups of three with one kind of mark, then another mark before the decimals
GROUPED = re.compile(
    r"(?P<whole>\d{1,3}(?P<group>[ .,'’])\d{3}(?:(?P=group)\d{3})*)(?:[.,](?P<cents>\d{1,2}))?",
    re.ASCII,
)
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
        raise AmountError(
            _(
                "“%(text)s” has two readings: write %(thousands)s, or %(units)s if the mark stands before decimals."
            )
            % {
                "text": text,
                "thousands": match[1] + match[2],
                "units": f"{match[1]}.{match[2][:2]}",
            }
        )
    value = _parse_unambiguous(given)
    if value is None:
        raise AmountError(
            _(
                "“%(text)s” is not an amount: write a number above zero with at most two decimals, "
                "such as 4000000 or 4000000.50."
            )
            % {"text": text}
        )
    if value <= 0:
        raise AmountError(_("An amount is above zero; money paid back is recorded as a refund."))
    return value


def _parse_unambiguous(given: str) -> Decimal | None:
    if PLAIN.fullmatch(given):
        return Decimal(given.replace(",", "."))
    match = GROUPED.fullmatch(given)
    if match is None:
        return None
    mark = given[match.end("whole") : match.end("whole") + 1]
    if mark == match["group"]:
        return None
    whole = match["whole"].replace(match["group"], "")
    if match["cents"] is None:
        return Decimal(whole)
    return Decimal(f"{whole}.{match['cents']}")
