"""Files spoilt at random, as slips of the pen and of the editor spoil them: lines and words gone,
doubled, replaced.

`python -m tests.mutations 5000` tries so many of each kind of file on a real database, an SQLite
file of its own, and prints a table; with names of kinds it tries these alone. Each must be loaded
whole or refused within two seconds, without a traceback.
"""

import argparse
import os
import random
import re
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.spoilt_files import FileKind

# so many made-up examples of a property, everyday and in the quick run
EXAMPLES, QUICK_EXAMPLES = 20, 10
# seconds of the processor that one of them may take
LONGEST = 2
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


def for_each_slip(config: pytest.Config, kind: "FileKind") -> None:
    """So many spoilt texts; with --attacks as many as it says, at most 5,000."""
    examples = QUICK_EXAMPLES if config.getoption("--quick") else EXAMPLES
    if config.getoption("--attacks"):
        examples = min(config.getoption("--attacks"), 5000)

    @hypothesis.settings(max_examples=examples, database=None)
    @hypothesis.given(spoilt_texts(kind.make_text()))
    def check(spoilt: str) -> None:
        begun = time.process_time()
        kind.load(spoilt)
        assert time.process_time() - begun < LONGEST

    check()


# Many at once


@dataclass
class Tally:
    """What became of the spoilt files of one kind."""

    kind: str
    loaded: int = 0
    refused: int = 0
    half_loads: int = 0
    tracebacks: int = 0
    slowest: float = 0

    def attempt(self, load: Callable[[str], bool], text: str) -> bool:
        """Whether all was as it should be."""
        begun = time.process_time()
        try:
            if load(text):
                self.loaded += 1
            else:
                self.refused += 1
            is_sound = True
        except AssertionError:
            traceback.print_exc()
            self.half_loads += 1
            is_sound = False
        except Exception:
            traceback.print_exc()
            self.tracebacks += 1
            is_sound = False
        seconds = time.process_time() - begun
        self.slowest = max(self.slowest, seconds)
        return is_sound and seconds < LONGEST

    def __str__(self) -> str:
        counts = (self.loaded, self.refused, self.half_loads, self.tracebacks)
        cells = [self.kind, sum(counts), *counts, f"{self.slowest:.2f}"]
        return f"| {' | '.join(map(str, cells))} |"


HEADER = "| kind | mutants | loaded whole | refused | half loads | tracebacks | slowest, s |"


def try_kind(kind: "FileKind", count: int, seed: int) -> Tally:
    """Says with which seed a spoilt file went wrong, to try it again alone."""
    text = kind.make_text()
    lines = text.split("\n")
    tally = Tally(kind.name)
    assert kind.load(text), f"the sound file of {kind.name} is refused"
    for number in range(seed, seed + count):
        spoilt = "\n".join(_spoil(lines, make_slips(random.Random(number))))
        if not tally.attempt(kind.load, spoilt):
            print(f"{kind.name}: --seed {number}", flush=True)
    return tally


def make_slips(chance: random.Random) -> list[Slip]:
    return [
        Slip(
            chance.choice(KINDS),
            chance.randrange(10**6),
            chance.randrange(10**6),
            chance.choice(ODD),
        )
        for _ in range(chance.randint(1, 3))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="of each kind")
    parser.add_argument("--kind", action="append", help="only these kinds")
    parser.add_argument("--seed", type=int, default=1, help="of the first one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        set_up(Path(folder))
        from tests import spoilt_files

        print(HEADER)
        print("|---" * (HEADER.count("|") - 1) + "|")
        for kind in spoilt_files.prepare_kinds(Path(folder)):
            if options.kind is None or kind.name in options.kind:
                print(try_kind(kind, options.count, options.seed), flush=True)


def set_up(folder: Path) -> None:
    """A site of its own in the folder."""
    os.environ |= {
        "ACTIONPLAN_TODAY": "2015-01-12",
        "ACTIONPLAN_TRIAL": "1",
        "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
        "DJANGO_SETTINGS_MODULE": "actionplan.settings",
        "MEDIA_ROOT": f"{folder}/files",
        "SECRET_KEY": "only-for-files-that-are-thrown-away",
    }
    import django

    django.setup()


if __name__ == "__main__":
    main()
