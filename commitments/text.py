"""Words made plain for searching: small letters without accents, the same on every database; and
numbers of commitments as JSON has them.
"""

import re
import unicodedata

# letters that stand for two, or that Unicode does not take apart, and what keyboards make of '
_LETTERS = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "`": "'",
        "´": "'",
    }
)


def plain(text: str) -> str:
    """The text without accents and ligatures (Élève becomes eleve, œuvre oeuvre), so that words are
    found however a keyboard writes them.
    """
    visible = plain_dashes(without_invisible(text))
    decomposed = unicodedata.normalize("NFKD", visible.casefold().translate(_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def number_or_text(number: str) -> int | str:
    """A commitment's number as JSON and sheets have it: whole where it is written as one."""
    if number.isascii() and number.isdigit() and not number.startswith("0"):
        return int(number)
    return number


# characters that nobody sees: of no width, of the direction of writing, the soft hyphen, fillers,
# and what chooses the form of a character
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_APOSTROPHES = re.compile(
    "[\u0060\u00b4\u02b9\u02bb\u02bc\u05f3\u1fbd\u1fbf\u2018\u2019\u201b\u2032\ua78c\uff07\uff40]"
)
# what Unicode takes for a digit or letter of another size: 1.1 with a note is not 1.12
_RAISED = ("<super>", "<sub>", "<fraction>")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


def without_invisible(text: str) -> str:
    """The text without invisible characters. It is for codes and numbers: in sentences of some
    languages such characters have a meaning.
    """
    return _INVISIBLE.sub("", text)


def plain_dashes(text: str) -> str:
    return _DASHES.sub("-", text)


def fold(text: str) -> str:
    """What names that look alike have in common: without capitals, with one way of composing
    accents, one apostrophe, dash and space, and no invisible characters.
    """
    return " ".join(look_of(text).casefold().split())


def look_of(text: str) -> str:
    """The text as a keyboard writes it, in the same letters and capitals."""
    text = _APOSTROPHES.sub("'", plain_dashes(without_invisible(text)))
    return "".join(
        sign
        if unicodedata.decomposition(sign).startswith(_RAISED)
        else unicodedata.normalize("NFKC", sign)
        for sign in unicodedata.normalize("NFC", text)
    )


def name_odd_signs(text: str) -> str:
    """The names of characters that look like others or like nothing; empty where there are none."""
    has_latin = any(sign.isascii() and sign.isalnum() for sign in text)
    return ", ".join(
        name_sign(sign) for sign in dict.fromkeys(text) if _is_odd(sign, has_latin=has_latin)
    )


def name_control_signs(text: str) -> str:
    """The numbers of line breaks and other signs that are no part of a line."""
    return ", ".join(name_sign(sign) for sign in dict.fromkeys(text) if not sign.isprintable())


def name_sign(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".rstrip()


def _is_odd(sign: str, *, has_latin: bool) -> bool:
    if sign.isascii():
        return False
    if unicodedata.category(sign)[0] in "LMN":
        return has_latin and not unicodedata.name(sign, "").startswith(("LATIN", "COMBINING"))
    return True


def unify_line_ends(text: str) -> str:
    """The text with one line end throughout: browsers and spreadsheets end a line in different
    ways.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")
