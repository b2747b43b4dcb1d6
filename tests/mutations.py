"""Files spoilt at random, as slips of the pen and of the editor spoil them: lines and words gone,
doubled, replaced.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import strategies as st

# so many made-up examples of a property, everyday and in the quick run
EXAMPLES, QUICK_EXAMPLES = 40, 10
WORD = re.compile(r"\w+|[^\w\s]|\s+")
ODD_SIGNS = ["", " ", "\n", "\r", "\t", "\x00", "\ufeff", *"\"',;[]{}=#\\-.", "../"]
ODD_NUMBERS = ["0", "-1", "1", "2", "31", "32767", "99999999999999999999", "1e400", "NaN", "0x10"]
ODD_DATES = ["1014", "9999", "2014-02-30"]
ODD_WORDS = ["true", "none", "firm", "start", "recurring", "within", "moved", "withdrawn", "paid"]
ODD_CODES = ["completed", "EUR", "XXX", "GB", "en", "when", "1.1", "4.4", "é", "١", "＝", "=1+1"]
ODD_LENGTHS = ["\u2028", "x" * 300, "[" * 2000]
ODD = [*ODD_SIGNS, *ODD_NUMBERS, *ODD_DATES, *ODD_WORDS, *ODD_CODES, *ODD_LENGTHS]


@dataclass(frozen=True)
class Slip:
    """`first` and `second` choose lines and words; `odd` is what may stand there instead."""

    kind: str
    first: int
    second: int
    odd: str


KINDS = ["cut", "double", "swap", "move", "word", "word", "word", "odd", "odd", "odd"]
NUMBERS = st.integers(0, 10**6)
SLIPS = st.builds(
    Slip,
    kind=st.sampled_from(KINDS),
    first=NUMBERS,
    second=NUMBERS,
    odd=st.sampled_from(ODD),
)


def spoilt_texts(text: str) -> st.SearchStrategy[str]:
    """The text after one to three slips."""
    lines = text.split("\n")
    slips = st.lists(SLIPS, min_size=1, max_size=3)
    return slips.map(lambda made: "\n".join(_spoil(lines, made)))


def _spoil(lines: Sequence[str], slips: Sequence[Slip]) -> list[str]:
    spoilt = list(lines)
    for slip in slips:
        place, other = slip.first % len(spoilt), slip.second % len(spoilt)
        if slip.kind == "cut" and len(spoilt) > 1:
            del spoilt[place]
        elif slip.kind == "double":
            spoilt.insert(place, spoilt[place])
        elif slip.kind == "swap":
            spoilt[place], spoilt[other] = spoilt[other], spoilt[place]
        elif slip.kind == "move":
            spoilt.insert(other, spoilt.pop(place))
        else:
            odd = slip.odd if slip.kind == "odd" else None
            spoilt[place] = _replace_word(spoilt[place], slip.second, odd, spoilt[other])
    return spoilt


def _replace_word(line: str, number: int, odd: str | None, elsewhere: str) -> str:
    """One word of the line replaced by the odd one, or by one from another line."""
    words = WORD.findall(line)
    if not words:
        return odd or elsewhere
    others = WORD.findall(elsewhere) or [""]
    words[number % len(words)] = others[number % len(others)] if odd is None else odd
    return "".join(words)


def for_each_slip(config: pytest.Config, text: str, holds: Callable[[str], None]) -> None:
    """So many spoilt texts; with --attacks as many as it says, at most 5,000."""
    examples = QUICK_EXAMPLES if config.getoption("--quick") else EXAMPLES
    if config.getoption("--attacks"):
        examples = min(config.getoption("--attacks"), 5000)

    @hypothesis.settings(max_examples=examples, database=None)
    @hypothesis.given(spoilt_texts(text))
    def check(spoilt: str) -> None:
        holds(spoilt)

    check()
