"""Single values of a file: amounts as they must be written, and any value as a message shows it."""

import re
import reprlib
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

_short_repr = reprlib.Repr()
_short_repr.maxstring = 80
_short_repr.maxother = 80
_short_repr.maxlevel = 2


def parse_amount(text: object) -> Decimal | None:
    """A plain positive decimal of at most two places, or None."""
    if not isinstance(text, str):
        return None
    if not re.fullmatch(r"\d{1,15}(\.\d{1,2})?", text, re.ASCII):
        return None
    amount = Decimal(text)
    return amount if amount > 0 else None


def show_value(value: object) -> str:
    """A value in a message: one short line, however long or deep it is in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return _short_repr.repr(value)
    except ValueError:
        return _("a number of thousands of digits")
