"""Faults in both languages of the site: the same lines and values, and no word of the other
language.
"""

import re
from collections.abc import Callable, Iterable

from django.utils.translation import override

from commitments.files.errors import FileError

# what a fault takes from the file or from the rules: texts in quotes, numbers, days, refs
VALUE = re.compile(r"""'[^']*'|"[^"]*"|\d[\w./-]*\b""")


def in_both(faults: Callable[[], Iterable[FileError]]) -> list[FileError]:
    """The faults in English, once those in French say as much."""
    with override("en"):
        english = list(faults())
    with override("fr"):
        french = list(faults())
    assert _values(french) == _values(english)
    assert not {fault.text for fault in french} & {fault.text for fault in english}
    return english


def _values(faults: Iterable[FileError]) -> list[tuple[int, list[str]]]:
    return sorted((fault.line, sorted(VALUE.findall(fault.text))) for fault in faults)
