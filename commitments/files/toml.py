"""Read TOML together with the line of each key, so that every error can name its line.

`tomllib` parses. It tells the line of a syntax error and of nothing else, so `find_lines` looks for
the lines of keys and headers in a text that `tomllib` has accepted. tomlkit was looked at: it keeps
comments and spaces but no line numbers either, and takes nine times as long.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commitments.files.errors import FileRefused, FileReport, say_full
from commitments.text import name_sign

# the keys and places that lead to a value, such as ("commitments", 0, "actions", 2, "ref")
Path = tuple[str | int, ...]

# Every repetition is possessive (`++`): what it took is never tried again in shorter pieces, so that
# the time grows with the length of the text and not with its square.
_PART = r"""(?:"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|[\w-]++)"""
_NAME = rf"(?P<name>{_PART}(?:\s*+\.\s*+{_PART})*+)"
_HEADER = re.compile(rf"\s*+(?P<brackets>\[\[?)\s*+{_NAME}\s*+\]")
_KEY = re.compile(rf"\s*+{_NAME}\s*+=")
# strings and comments, which may hold brackets without meaning them; brackets; ends of lines
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]''',
    re.DOTALL,
)
# A key of forty parts, or forty brackets that stay open: no plan has these, and `tomllib` would
# fill the memory with millions of them.
_TOO_DEEP = re.compile(
    rf"(?<![\w-])(?:{_PART}[ \t]*+\.[ \t]*+){{40}}|(?:[\[{{][^\[\]{{}}]*+){{40}}"
)
# a month or a year without a day, which a plan file holds between quotes
_BARE_DATE = re.compile(r"=\s*(\.\./)?\d{4}-\d{1,2}\s*(?:[,}#]|$)")
# what word processors make of a quotation mark
_QUOTES = re.compile("[\u00ab\u00bb\u201c-\u201f\u2033\uff02]")
# How a message of the parser begins, and what it means to somebody who writes a plan. The first
# pattern that fits counts, and the last one always fits.
PLAIN_WORDS = {
    "nested|maximum recursion": gettext_noop("nested too deeply"),
    "Exceeds": gettext_noop("a number has thousands of digits"),
    "Cannot|Duplicate": gettext_noop("a key or a table stands twice"),
    "Expected '='": gettext_noop("after a key comes =, and then its value"),
    "Expected newline": gettext_noop(
        "the line goes on after its end: each key stands on a line of its own"
    ),
    "Expected ']": gettext_noop("a header ends with as many brackets as it begins with"),
    "Unclosed": gettext_noop("a bracket or brace is not closed, or a comma is missing"),
    r"Unterminated|Expected|.*'\\n'": gettext_noop(
        "a text is not closed: a quotation mark is missing at its end"
    ),
    "Invalid date": gettext_noop("there is no such day or time"),
    "Invalid value": gettext_noop("this value cannot be read: a text stands in quotes"),
    "Invalid hex|Unescaped|Escaped": gettext_noop(
        "in a text between double quotes each backslash is doubled"
    ),
    "Invalid": gettext_noop("a line begins with a key, a header in brackets or #"),
    ".*character": gettext_noop("it has a character that no text may hold"),
    "": gettext_noop("this line cannot be read"),
}


@dataclass
class TomlFile(FileReport):
    """A parsed file with the lines of its keys; whoever reads it adds the errors.

    `languages` are those in which its texts stand, as soon as they have been read.
    """

    tree: dict[str, object] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """The line of the key, or of the nearest table that holds it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            first_of_list = (*path, 0)
            if first_of_list in self.lines:
                return self.lines[first_of_list]
            path = path[:-1]
        return self.lines.get((), 1)

    def add_error_at(self, path: Path, text: str, /, **values: object) -> None:
        """`values` fill the named places of the text. Raises FileRefused when there are enough."""
        line = self.line_of(path)
        self.add_error(line, text % values)
        if self.is_full:
            self.add_error(line, say_full())
            raise FileRefused(self.errors)


def parse_toml(text: str) -> TomlFile:
    """The file's tree and lines. A text that is no TOML has an empty tree and a single error."""
    too_deep = _TOO_DEEP.search(text)
    if too_deep:
        return _refuse_syntax(text.count("\n", 0, too_deep.start()) + 1, _plain_words("nested"))
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return _explain_syntax_error(text, str(error))
    file = TomlFile(tree=tree, lines=find_lines(text))
    _refuse_null_characters(file)
    return file


def _explain_syntax_error(text: str, message: str) -> TomlFile:
    stated = re.search(r"\(at line (\d+)", message)
    line = text.count("\n") + 1
    if stated:
        line = int(stated[1])
    if _BARE_DATE.search(text.split("\n")[line - 1]):
        words = _(
            'a month, a quarter or a year in place of a day stands in quotes, such as "2014-10"'
        )
        return _refuse_syntax(line, words)
    statement = text.split("\n")[line - 1]
    column = re.search(r"column (\d+)\)", message)
    sign = statement[int(column[1]) - 1 :][:1] if column else ""
    if sign.isascii():
        # a text may have begun or ended with it, so that the reader stopped further on
        sign = "".join(_QUOTES.findall(statement))
    return _refuse_syntax(line, _plain_words(message), sign)


def _plain_words(message: str) -> str:
    for pattern, words in PLAIN_WORDS.items():
        if re.match(pattern, message):
            return _(words)
    raise AssertionError("the last pattern fits everything")


def _refuse_syntax(line: int, words: str, sign: str = "") -> TomlFile:
    """`sign` is the character at which the reader stopped, where it is an odd one."""
    file = TomlFile()
    if sign:
        name = ", ".join(map(name_sign, dict.fromkeys(sign)))
        words = _("%(what)s (here stands %(signs)s)") % {"what": words, "signs": name}
    file.add_error(line, _("this is not TOML: %(what)s"), what=words)
    return file


def _refuse_null_characters(file: TomlFile) -> None:
    """No database holds the character U+0000 in a text."""
    for path, text in _iter_texts((), file.tree):
        if "\x00" in text:
            file.add_error_at(
                path, _("this text holds the character U+0000, which no text may hold")
            )


def _iter_texts(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _iter_texts((*path, key), item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _iter_texts((*path, place), item)


def find_lines(text: str) -> dict[Path, int]:
    """The line on which each key and each table of a sound TOML text first stands."""
    lines: dict[Path, int] = {}
    table: Path = ()
    list_lengths: dict[Path, int] = {}
    for number, statement in _iter_statements(text):
        header = _HEADER.match(statement)
        if header:
            is_list_item = header["brackets"] == "[["
            table = _resolve_header(header["name"], list_lengths, is_list_item=is_list_item)
            lines.setdefault(table, number)
            continue
        key = _KEY.match(statement)
        if key:
            path = table
            for part in _split_dotted(key["name"]):
                path = (*path, part)
                lines.setdefault(path, number)
    return lines


def _iter_statements(text: str) -> Iterator[tuple[int, str]]:
    """Each line that begins outside of every string, list and inline table, with its number."""
    lines = text.split("\n")
    number = 1
    depth = 0
    yield number, lines[0].rstrip("\r")
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in ("[", "{"):
            depth += 1
        elif mark in ("]", "}"):
            depth -= 1
        number += mark.count("\n")
        if mark == "\n" and depth == 0:
            yield number, lines[number - 1].rstrip("\r")


def _split_dotted(name: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, name)]


def _resolve_header(name: str, list_lengths: dict[Path, int], *, is_list_item: bool) -> Path:
    """The path of a table header: below the last item of each list of tables on the way.

    The header of a list item, `[[name]]`, adds an item to its list.
    """
    path: Path = ()
    parts = _split_dotted(name)
    for position, part in enumerate(parts, 1):
        path = (*path, part)
        if is_list_item and position == len(parts):
            list_lengths[path] = list_lengths.get(path, 0) + 1
        if path in list_lengths:
            path = (*path, list_lengths[path] - 1)
    return path
