"""Files spoilt at random, as slips of the pen and of the editor spoil them: lines and words gone,
doubled, replaced.
"""

import re
from collections.abc import Callable, Sequence

import hypothesis
import pytest
from hypothesis import strategies as st

# so many made-up examples of a property, everyday and in the quick run
EXAMPLES, QUICK_EXAMPLES = 40, 10
WORD = re.compile(r"\w+|[^\w\s]|\s+")
ODD = [
    *(
        "",
        " ",
        '"',
        "'",
        ",",
        ";",
        "[",
        "]",
        "{",
        "}",
        "=",
        "#",
        "\\",
        "../",
        "-",
        ".",
        "\n",
        "\r",
        "\t",
        "\x00",
        "\ufeff",
    ),
    *(
        "0",
        "-1",
        "1",
        "2",
        "31",
        "32767",
        "99999999999999999999",
        "1e400",
        "NaN",
        "0x10",
        "1014",
        "9999",
        "2014-02-30",
    ),
    *(
        "true",
        "none",
        "firm",
        "start",
        "recurring",
        "within",
        "EUR",
        "XXX",
        "GB",
        "moved",
        "withdrawn",
        "paid",
        "completed",
    ),
    *("é", "١", "＝", "\u2028", "x" * 300, "[" * 2000, "=1+1", "en", "when", "1.1", "4.4"),
]


def spoilt(text: str) -> st.SearchStrategy[str]:
    """The text after one to three slips."""
    lines = text.split("\n")
    slip = st.tuples(
        st.sampled_from(
            ["cut", "double", "swap", "move", "word", "word", "word", "odd", "odd", "odd"]
        ),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.sampled_from(ODD),
    )
    return st.lists(slip, min_size=1, max_size=3).map(lambda slips: "\n".join(_spoil(lines, slips)))


def _spoil(lines: Sequence[str], slips: Sequence[tuple[str, int, int, str]]) -> list[str]:
    found = list(lines)
    for kind, first, second, odd in slips:
        place, other = first % len(found), second % len(found)
        if kind == "cut" and len(found) > 1:
            del found[place]
        elif kind == "double":
            found.insert(place, found[place])
        elif kind == "swap":
            found[place], found[other] = found[other], found[place]
        elif kind == "move":
            found.insert(other, found.pop(place))
        else:
            found[place] = _reword(
                found[place], second, odd if kind == "odd" else None, found[other]
            )
    return found


def _reword(line: str, number: int, odd: str | None, elsewhere: str) -> str:
    """One word gone, or replaced by an odd one or by one from another line."""
    words = WORD.findall(line)
    if not words:
        return odd or elsewhere
    place = number % len(words)
    others = WORD.findall(elsewhere) or [""]
    words[place] = others[number % len(others)] if odd is None else odd
    return "".join(words)


def for_each_slip(config: pytest.Config, text: str, holds: Callable[[str], None]) -> None:
    """So many spoilt texts; with --attacks as many as it says, at most 5,000."""
    examples = QUICK_EXAMPLES if config.getoption("--quick") else EXAMPLES
    if config.getoption("--attacks"):
        examples = min(config.getoption("--attacks"), 5000)

    @hypothesis.settings(max_examples=examples, database=None)
    @hypothesis.given(spoilt(text))
    def each(one: str) -> None:
        holds(one)

    each()
