"""Dates as people write them in a form: October 2014, automne 2014, Q4 2014, by 31 March 2015,
October 5, 2014, lundi 6 octobre 2014.

Numbers are read day first, as the pages write them. What has two readings, or is a span of days, is
asked back with what it could mean. Codes of the format, such as 2014-23, are no way to write a date.

dateparser and python-dateutil were looked at: both settle two readings in silence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import get_day_names, get_month_names
from django.utils.translation import gettext as _

from commitments.rules.dates import DAY, DateError, parse, parse_deadline
from commitments.text import plain, plain_dashes, without_invisible

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
_FILLERS = _ENGLISH_FILLERS | _FRENCH_FILLERS
# words that say that the date is the last day
_LAST_DAY_WORDS = frozenset(("by", "plus", "tard", "ici"))
_NO_LATER = re.compile(r"\b(?:no|not) later than\b|\bat (?:the )?latest\b")
# of a deadline; what happened until March is a span
_UNTIL = re.compile(r"^(?:until|till|jusqu)\b")
_END_WORDS = frozenset(("end", "fin"))
# what happened early in March happened in March; as a deadline nobody knows which day is meant
_PART_WORDS = frozenset(("early", "mid", "middle", "late", "beginning", "debut", "mi", "milieu"))
_WEEK_WORDS = frozenset(("week", "semaine"))
# words at the ends of a span, and the hyphen between them
_SPAN_WORDS = frozenset(
    ("from", "to", "until", "till", "since", "between", "and", "entre", "et", "jusqu", "depuis")
)
_SPAN_HYPHEN = re.compile(r"[^\W\d_]\s*-\s*\w|\w\s*-\s*[^\W\d_]")
# a doubt, an open end, a number that is a fraction: to leave them out would change what was meant
_UNREADABLE_SIGNS = re.compile(r"[?~%*<>=±≈≤≥⁄]|\.\.")
_RANGE_SHAPES = (
    "nnm",
    "nmnm",
    "mm",
    "nnmy",
    "nmnmy",
    "nmynmy",
    "mmy",
    "mymy",
    "yy",
    "nnynny",
    "nynny",
    "nyny",
)
_ISO = re.compile(r"(?:\.\./)?\d{4}(?:-(?:0[1-9]|1[0-2])(?:-\d\d)?)?", re.ASCII)


class AskedBack(DateError):
    """A date that is not settled; its text says in the reader's language what it could mean."""


@dataclass(frozen=True)
class Part:
    """A word or number of a date. Kinds: y(ear), m(onth), n(umber), s(eason), p(art of a year),
    w(eekday).
    """

    kind: str
    value: int


# mardi, or March
_MAR = Part("mar", 3)


def edtf(
    text: str,
    today: date | None = None,
    *,
    for_deadline: bool = False,
    month_first: bool = False,
) -> str:
    """The date in EDTF; a month or day without its year is the latest by `today`. Raises DateError.

    `for_deadline`: the end of a month is by its last day. `month_first`: some readers of the plan
    write the month before the day.
    """
    text = plain_dashes(without_invisible(text)).strip()
    if _ISO.fullmatch(text):
        parse_deadline(text)
        return text
    simple = _NO_LATER.sub(" by ", plain(text))
    if for_deadline:
        simple = _UNTIL.sub(" by ", simple)
    if _UNREADABLE_SIGNS.search(simple):
        raise DateError(text)
    words = re.findall(r"[^\W\d_]+|\d+", simple)
    said = {*words}
    skipped = _FILLERS | _LAST_DAY_WORDS | _END_WORDS | _WEEK_WORDS | _SPAN_WORDS
    if not for_deadline:
        skipped |= _PART_WORDS
    parts = [_read_word(word) for word in words if word not in skipped]
    parts = _settle_mar(parts)
    _refuse_spans(text, simple, parts, said)
    date_in_edtf = _edtf(parts, today, month_first=month_first)
    parse(date_in_edtf)
    is_last_day = bool(said & _LAST_DAY_WORDS) or (for_deadline and bool(said & _END_WORDS))
    return f"../{date_in_edtf}" if is_last_day else date_in_edtf


def read_one_day(text: str, today: date, *, month_first: bool = False) -> date:
    """The one day that was written. Raises DateError, also for a month and for what is no day."""
    date_in_edtf = edtf(text, today, month_first=month_first)
    if not DAY.fullmatch(date_in_edtf):
        raise DateError(text)
    return parse(date_in_edtf).first


def writes_month_first(languages: Iterable[str], timezone: str) -> bool:
    """Whether a language of the plan writes 10/5 for the fifth of October.

    English without a region is that of the plan's time zone.
    """
    territory = get_global("zone_territories").get(timezone, "GB")
    for language in languages:
        name = f"en_{territory}" if language == "en" else language.replace("-", "_")
        try:
            pattern = Locale.parse(name).date_formats["short"].pattern
        except (UnknownLocaleError, ValueError):
            continue
        if pattern.lower().startswith("m"):
            return True
    return False


@cache
def _meanings_of_words() -> dict[str, Part]:
    """Words and what each of them says; the names are read when the first date is typed."""
    meanings = {word: Part(*meaning) for word, meaning in {**_ORDINALS, **_SEASONS}.items()}
    for language in ("en", "fr"):
        for width in ("wide", "abbreviated"):
            for number, name in get_day_names(width, locale=language).items():
                meanings[plain(name).rstrip(".")] = Part("w", number)
            for number, name in get_month_names(width, locale=language).items():
                meanings[plain(name).rstrip(".")] = Part("m", number)
    return {"sept": Part("m", 9), **meanings, "mar": _MAR}


def _read_word(word: str) -> Part:
    meaning = _meanings_of_words().get(word)
    if meaning:
        return meaning
    if not (word.isascii() and word.isdigit()):
        raise DateError(word)
    return Part("y" if len(word) == 4 else "n", int(word[:9]))


def _settle_mar(parts: list[Part]) -> list[Part]:
    """Read “mar” as a day of the week beside a whole date, else as a month."""
    others = "".join(part.kind for part in parts if part != _MAR)
    is_weekday = "m" in others or others in ("nny", "ynn")
    meaning = Part("w", 1) if is_weekday else Part("m", 3)
    return [meaning if part == _MAR else part for part in parts]


def _refuse_spans(text: str, simple: str, parts: list[Part], said: set[str]) -> None:
    shape = "".join(part.kind for part in parts)
    has_span_words = bool(said & (_WEEK_WORDS | _SPAN_WORDS))
    has_two_ends = len(parts) > 3 and _SPAN_HYPHEN.search(simple)
    if has_span_words or has_two_ends or shape in _RANGE_SHAPES:
        message = _(
            "“%(text)s” is a span of days: give one day of it, or the month, such as “October 2014”."
        )
        raise AskedBack(message % {"text": text[:60]})


def _edtf(parts: list[Part], today: date | None, *, month_first: bool) -> str:
    weekdays = [part.value for part in parts if part.kind == "w"]
    parts = [part for part in parts if part.kind != "w"]
    shape = "".join(part.kind for part in parts)
    values = [part.value for part in parts]
    written = _write(shape, values, today, month_first=month_first)
    if weekdays and not (DAY.fullmatch(written) and parse(written).first.weekday() == weekdays[0]):
        raise DateError("another day of the week")
    return written


def _write(shape: str, values: list[int], today: date | None, *, month_first: bool) -> str:
    match shape, values:
        case "y", [year]:
            return f"{year:04}"
        case (("my" | "sy"), [part, year]):
            return f"{year:04}-{part:02}"
        case (("ym" | "ys"), [year, part]):
            return f"{year:04}-{part:02}"
        case ("ny", [month, year]) | ("yn", [year, month]) if 1 <= month <= 12:
            return f"{year:04}-{month:02}"
        case (
            ("nmy", [day, month, year]) | ("mny", [month, day, year]) | ("ynn", [year, month, day])
        ):
            return _write_day(year, month, day)
        case "nny", [first, second, year]:
            return _choose_reading(first, second, year, month_first=month_first)
        case ("npy", [number, first, year]) | ("pny", [first, number, year]):
            return f"{year:04}-{_within(number, first)}"
        case "ypn", [year, first, number]:
            return f"{year:04}-{_within(number, first)}"
        case "nm", [day, month] if today:
            return _write_day(_latest_year(month, day, today), month, day)
        case "m", [month] if today:
            return f"{today.year - (month > today.month):04}-{month:02}"
    raise DateError(shape)


def _latest_year(month: int, day: int, today: date) -> int:
    """The latest year in which the day has been. A day that is soon to come is more likely a slip
    than one of a year ago.
    """
    if (month, day) <= (today.month, today.day):
        return today.year
    if month - today.month < 2:
        raise DateError(f"{day} {month}")
    return today.year - 1


def _write_day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise DateError(f"{year}-{month}-{day}") from None


def _choose_reading(first: int, second: int, year: int, *, month_first: bool) -> str:
    """The reading with the day first. Where a reader may put the month first, it is the one that is
    a date; raises AskedBack where both are.
    """
    if not month_first or first == second:
        return _write_day(year, second, first)
    readings = []
    for month, day in ((second, first), (first, second)):
        try:
            readings.append(_write_day(year, month, day))
        except DateError:
            continue
    if len(readings) == 1:
        return readings[0]
    if not readings:
        raise DateError(f"{first}/{second}/{year}")
    message = _("This day has two readings, %(one)s and %(other)s: write the month in words.")
    raise AskedBack(message % {"one": readings[0], "other": readings[1]})


def _within(number: int, first: int) -> int:
    if not 1 <= number <= (4 if first == 33 else 2):
        raise DateError(str(number))
    return first + number - 1
