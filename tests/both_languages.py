"""Errors of files in both languages of the site: the same lines and values, and no word of the
other language.
"""

import re
from collections.abc import Callable, Iterable

from django.utils.translation import override

from commitments.files.errors import FileError

# what a message takes from the file or from the rules: texts in quotes, numbers, days, refs
VALUE = re.compile(r"""'[^']*'|"[^"]*"|\d[\w./-]*\b""")


def in_both(errors: Callable[[], Iterable[FileError]]) -> list[FileError]:
    """The errors in English, once those in French say as much."""
    with override("en"):
        english = list(errors())
    with override("fr"):
        french = list(errors())
    assert _values(french) == _values(english)
    assert not {error.text for error in french} & {error.text for error in english}
    return english


def _values(errors: Iterable[FileError]) -> list[tuple[int, list[str]]]:
    return sorted((error.line, sorted(VALUE.findall(error.text))) for error in errors)
