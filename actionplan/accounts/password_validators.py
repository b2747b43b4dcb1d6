"""Which passwords are taken, beside Django's own rules, and what ends with a password.

zxcvbn was looked at: it knows English words alone. The words here are those of xkcdpass, French and
English, without accents (common_words.LICENSE).
"""

import gzip
import re
import unicodedata
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actionplan.models import User

WORDS_FILE = Path(__file__).parent / "common_words.txt.gz"


@cache
def _read_words() -> frozenset[str]:
    return frozenset(gzip.decompress(WORDS_FILE.read_bytes()).decode().split())


@cache
def _longest_word() -> int:
    return max(len(word) for word in _read_words())


def plain_letters(text: str) -> str:
    """The letters of a text, small and without accents."""
    expanded = text.casefold().replace("œ", "oe").replace("æ", "ae")
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", expanded))


def is_of_two_words(letters: str) -> bool:
    """Whether the letters are a common word or two, or one that is said again and again."""
    words = _read_words()
    # a word that repeats is found in its own double, before the double's second half
    period = (letters + letters).find(letters, 1)
    if letters in words or letters[:period] in words:
        return True
    if len(letters) > 2 * _longest_word():
        return False
    splits = ((letters[:place], letters[place:]) for place in range(1, len(letters)))
    return any(first in words and second in words for first, second in splits)


class CommonWordsValidator:
    """Refuses a word or two of the dictionary, whatever digits and marks stand around them."""

    def validate(self, password: str, user: User | None = None) -> None:
        letters = plain_letters(password)
        if not letters or is_of_two_words(letters):
            raise ValidationError(
                _("This is a word or two of the dictionary: take more words, or others."),
                code="password_of_common_words",
            )

    def get_help_text(self) -> str:
        return ""


class TokensEndWithPassword:
    """No rule on passwords: Django tells validators when one was changed, by whatever way.

    Who changes a password may do so because somebody else knew it, and could have made tokens.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        pass

    def get_help_text(self) -> str:
        return ""

    def password_changed(self, password: str, user: User) -> None:
        user.tokens.all().delete()
