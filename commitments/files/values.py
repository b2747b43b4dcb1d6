"""Single values of a file: amounts as they must be written, and any value as a message shows it."""

import re
import reprlib
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from commitments.text import name_odd_signs

_short_repr = reprlib.Repr()
_short_repr.maxstring = 80
_short_repr.maxother = 80
_short_repr.maxlevel = 2


def parse_amount(text: object) -> Decimal | None:
    """A plain positive decimal of at most four places, the most that a currency has; or None."""
    if not isinstance(text, str):
        return None
    if not re.fullmatch(r"\d{1,15}(\.\d{1,4})?", text, re.ASCII):
        return None
    amount = Decimal(text)
    return amount if amount > 0 else None


def show_value(value: object) -> str:
    """A value in a message, with the names of characters in it that look like others."""
    shown = show_short(value)
    if not isinstance(value, str) or value.isascii():
        return shown
    signs = name_odd_signs(value[:80])
    return f"{shown} ({signs})" if signs else shown


def show_short(value: object) -> str:
    """One short line, however long or deep the value is in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return _short_repr.repr(value)
    except ValueError:
        return _("a number of thousands of digits")
