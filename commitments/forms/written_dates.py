"""Dates as people write them in a form: October 2014, automne 2014, Q4 2014, by 31 March 2015."""

import re
from datetime import date
from functools import cache

from babel.dates import get_month_names

from commitments.rules.dates import DateError, parse_deadline
from commitments.text import plain

_ORDINALS = {
    **dict.fromkeys(("first", "premier", "premiere"), ("n", 1)),
    **dict.fromkeys(("second", "deuxieme"), ("n", 2)),
    **dict.fromkeys(("third", "troisieme"), ("n", 3)),
    **dict.fromkeys(("fourth", "quatrieme"), ("n", 4)),
}
# parts of a year and the number in EDTF that the first of them has
_SEASONS = {
    **dict.fromkeys(("spring", "printemps"), ("s", 21)),
    **dict.fromkeys(("summer", "ete"), ("s", 22)),
    **dict.fromkeys(("autumn", "fall", "automne"), ("s", 23)),
    **dict.fromkeys(("winter", "hiver"), ("s", 24)),
    **dict.fromkeys(("q", "quarter", "t", "trimestre"), ("p", 33)),
    **dict.fromkeys(("half", "h", "semestre", "s"), ("p", 40)),
}
# words that stand in dates and say nothing, in English and in French
_ENGLISH_FILLERS = frozenset(("in", "on", "the", "of", "st", "nd", "rd", "th"))
_FRENCH_FILLERS = frozenset(
    ("en", "au", "a", "de", "du", "d", "le", "la", "l", "er", "ere", "e", "eme")
)
# words that say that the date is the last day
_LAST_DAY_WORDS = frozenset(("by", "plus", "tard", "ici"))


def edtf(text: str, today: date | None = None) -> str:
    """The date in EDTF; a month without its year is the latest that has begun by `today`. Raises
    DateError.
    """
    try:
        parse_deadline(text.strip())
        return text.strip()
    except DateError:
        words = re.findall(r"[^\W\d_]+|\d+", plain(text))
    meanings = _meanings_of_words()
    parts = [
        meanings.get(word) or _read_number(word)
        for word in words
        if word not in _ENGLISH_FILLERS | _FRENCH_FILLERS | _LAST_DAY_WORDS
    ]
    shape = "".join(kind for kind, _value in parts)
    date_in_edtf = _edtf(shape, [value for _kind, value in parts], today)
    if _LAST_DAY_WORDS.intersection(words):
        date_in_edtf = f"../{date_in_edtf}"
    parse_deadline(date_in_edtf)
    return date_in_edtf


@cache
def _meanings_of_words() -> dict[str, tuple[str, int]]:
    """Words and what each of them says; the names of months are read when the first date is typed."""
    months = {
        plain(name).rstrip("."): ("m", number)
        for language in ("en", "fr")
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=language).items()
    }
    return {"sept": ("m", 9), **months, **_ORDINALS, **_SEASONS}


def _read_number(word: str) -> tuple[str, int]:
    if not (word.isascii() and word.isdigit()):
        raise DateError(word)
    return ("y" if len(word) == 4 else "n"), int(word[:9])


def _edtf(shape: str, values: list[int], today: date | None) -> str:
    match shape, values:
        case "y", [year]:
            return f"{year:04}"
        case (("my" | "ny" | "sy"), [part, year]):
            return f"{year:04}-{part:02}"
        case (("nmy" | "nny"), [day, month, year]):
            return f"{year:04}-{month:02}-{day:02}"
        case "npy", [number, first, year]:
            return f"{year:04}-{_within(number, first)}"
        case "pny", [first, number, year]:
            return f"{year:04}-{_within(number, first)}"
        case "m", [month] if today:
            return f"{today.year - (month > today.month):04}-{month:02}"
    raise DateError(shape)


def _within(number: int, first: int) -> int:
    if not 1 <= number <= (4 if first == 33 else 2):
        raise DateError(str(number))
    return first + number - 1
