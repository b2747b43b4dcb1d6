"""Reads TOML with every fault at once, each with its line and with what would be right; nothing is
guessed.

Faults are in the language of whoever asks: a reader's in the browser, English in a command.
"""

import re
import reprlib
import tomllib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commitments.files.errors import FileError

Path = tuple[str | int, ...]
# a year beyond this is a slip of the pen, and calendar arithmetic stays inside the calendar
LAST_YEAR = 9000
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]\[]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
# strings and comments, which may hold brackets without meaning them; brackets; ends of lines
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]''',
    re.DOTALL,
)
# no plan has keys of so many parts or so many brackets that stay open, and the parser would not
# bear millions
_DEEP = re.compile(r"(?<![^\s.=,#])(?:[^\s.=,#]++[ \t]*+\.[ \t]*+){40}|(?:[\[{][^\[\]{}]*+){40}")
# what a plan file holds between quotes and TOML knows no date of
_BARE_DATE = re.compile(r"=\s*(\.\./)?\d{4}-\d{1,2}\s*(?:[,}#]|$)")
# how the parser begins what it says, and what that means to somebody who writes a plan; the first
# that fits counts
_NOT_TOML = (
    ("nested|maximum recursion", gettext_noop("nested too deeply")),
    ("Exceeds", gettext_noop("a number has thousands of digits")),
    ("Cannot|Duplicate", gettext_noop("a key or a table stands twice")),
    ("Expected '='", gettext_noop("after a key comes =, and then its value")),
    (
        "Expected newline",
        gettext_noop("the line goes on after its end: each key stands on a line of its own"),
    ),
    ("Expected ']", gettext_noop("a header ends with as many brackets as it begins with")),
    ("Unclosed", gettext_noop("a bracket or brace is not closed, or a comma is missing")),
    (
        r"Unterminated|Expected|.*'\\n'",
        gettext_noop("a text is not closed: a quotation mark is missing at its end"),
    ),
    ("Invalid date", gettext_noop("there is no such day or time")),
    ("Invalid value", gettext_noop("this value cannot be read: a text stands in quotes")),
    (
        "Invalid hex|Unescaped|Escaped",
        gettext_noop("in a text between double quotes each backslash is doubled"),
    ),
    ("Invalid", gettext_noop("a line begins with a key, a header in brackets or #")),
    (".*character", gettext_noop("it has a character that no text may hold")),
    ("", gettext_noop("this line cannot be read")),
)
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlevel = 2


@dataclass
class Source:
    """A parsed file, the lines of its keys and the errors found so far."""

    tree: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)
    errors: list[FileError] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the key, or of the nearest table that holds it."""
        while path and path not in self.lines:
            # of a list of tables the first one has a line
            if (*path, 0) in self.lines:
                return self.lines[*path, 0]
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: Path, text: str, **values: object) -> None:
        """`text` has named places for the values."""
        found = FileError(self.line(path), text % values)
        if found not in self.errors:
            self.errors.append(found)

    def known(
        self, path: Path, what: str, names: Iterable[str], known: Container[str], lacking: str
    ) -> None:
        """Each name at the path must be a known one; `lacking` says that there is none such."""
        said = _("%(key)s of %(what)s names %(name)s: %(lacking)s")
        for name in names:
            if name not in known:
                self.error(path, said, key=path[-1], what=what, name=shown(name), lacking=lacking)

    def once(self, place: str, key: str, names: list[str]) -> None:
        """No name stands twice among those of a list of tables."""
        said = _("%(key)s %(name)s stands twice in %(place)s: each must be its own")
        for position, name in enumerate(names):
            if name and name in names[:position]:
                self.error((place, position, key), said, key=key, name=shown(name), place=place)


def parse(text: str) -> Source:
    """The file's tree and lines; one that is no TOML has a single fault."""
    if deep := _DEEP.search(text):
        return _not_toml(text.count("\n", 0, deep.start()) + 1, "nested")
    try:
        source = Source(tomllib.loads(text), _lines(text))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        line = re.search(r"\(at line (\d+)", str(error))
        number = int(line[1]) if line else text.count("\n") + 1
        return _not_toml(
            number, str(error), bare_date=bool(_BARE_DATE.search(text.split("\n")[number - 1]))
        )
    _refuse_null(source)
    return source


def _not_toml(line: int, error: str, *, bare_date: bool = False) -> Source:
    what = _(next(said for sign, said in _NOT_TOML if re.match(sign, error)))
    if bare_date:
        what = _(
            'a month, a quarter or a year in place of a day stands in quotes, such as "2014-10"'
        )
    return Source({}, errors=[FileError(line, _("this is not TOML: %(what)s") % {"what": what})])


def _refuse_null(source: Source) -> None:
    """No database holds the character U+0000 in a text."""
    left: list[tuple[Path, Any]] = [((), source.tree)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            left += [((*path, place), item) for place, item in enumerate(value)]
        elif isinstance(value, str) and "\x00" in value:
            source.error(path, _("this text holds the character U+0000, which no text may hold"))


def shown(value: Any) -> str:
    """A value in a message: one short line, however long or deep it is in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    try:
        return _SHORT.repr(value)
    except ValueError:
        return _("a number of thousands of digits")


def _lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in _statements(text):
        if header := _HEADER.fullmatch(line):
            table = _resolve(header[2], counts, new=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            parts = _split(key[1])
            for count in range(1, len(parts) + 1):
                lines.setdefault(table + parts[:count], number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines on which a header or a key stands: those that begin outside of every string, list
    and table.
    """
    lines = text.split("\n")
    number, depth = 1, 0
    yield number, lines[0].rstrip("\r")
    for token in _TOKEN.finditer(text):
        found = token[0]
        depth += (found in ("[", "{")) - (found in ("]", "}"))
        number += found.count("\n")
        if found == "\n" and depth == 0:
            yield number, lines[number - 1].rstrip("\r")


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _resolve(dotted: str, counts: dict[Path, int], *, new: bool) -> Path:
    """The path of a table header: the last of each array of tables on the way, a new one at the
    end.
    """
    path: Path = ()
    parts = _split(dotted)
    for place, part in enumerate(parts):
        path = (*path, part)
        if new and place == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


# lists that are easily put one level too high, and whose they are
ABOVE = {
    "actions": "commitments",
    "contributions": "funds",
    "purposes": "funds",
    "reported": "funds",
}


class Table:
    """One table of the file: each key is asked for once, what nobody asked for is a fault."""

    def __init__(self, source: Source, path: Path, content: Any, what: str) -> None:
        self.source, self.path, self.what = source, path, what
        self.content: Mapping[str, Any] = content if isinstance(content, dict) else {}
        self.asked: set[str] = set()
        if not isinstance(content, dict):
            self.error("", _("%(what)s must be a table"))

    def error(self, key: str, text: str, **values: object) -> None:
        """`text` has named places for the values, and for `key` and `what`."""
        values = {"key": key, "what": self.what, **values}
        self.source.error((*self.path, key) if key else self.path, text, **values)

    def _take(self, key: str, kind: type | tuple[type, ...], right: str, *, required: bool) -> Any:
        self.asked.add(key)
        value = self.content.get(key)
        if value is None:
            if required:
                self.error(
                    "", _("%(what)s has no %(name)s: give it %(right)s"), name=key, right=right
                )
            return None
        wrong = isinstance(value, bool) and kind is not bool
        wrong = wrong or (isinstance(value, datetime) and kind is date)
        if wrong or not isinstance(value, kind):
            if (
                kind is str
                and isinstance(value, int | float | date)
                and not isinstance(value, bool)
            ):
                right = _("%(right)s in quotes") % {"right": right}
            self._must_be(key, right, value)
            return None
        return value

    def _must_be(self, key: str, right: str, value: Any) -> None:
        self.error(
            key,
            _("%(key)s of %(what)s must be %(right)s, not %(value)s"),
            right=right,
            value=shown(value),
        )

    def text(
        self, key: str, *, required: bool = False, longest: int = 500, default: str = ""
    ) -> str:
        value = self._take(key, str, _("a text"), required=required)
        if value is None:
            return default
        if required and not value.strip():
            self.error(key, _("%(key)s of %(what)s is empty: give it a text"))
        if len(value) > longest:
            self.error(
                key,
                _("%(key)s of %(what)s must be a text of at most %(longest)s characters"),
                longest=longest,
            )
            return default
        return str(value)

    def name(self, key: str, *, longest: int = 64) -> str:
        """An id or ref: letters, digits, dot, hyphen and underscore."""
        value = self.text(key, required=True, longest=longest)
        if value and not re.fullmatch(r"(?!\.+$)[\w.-]+", value, re.ASCII):
            said = _(
                "%(key)s of %(what)s may hold only letters, digits, '.', '-' and '_', not %(value)s"
            )
            self.error(key, said, value=shown(value))
            return ""
        return value

    def integer(
        self, key: str, *, required: bool = False, least: int = 0, most: int = 3660
    ) -> int | None:
        right = _("a whole number from %(least)s to %(most)s") % {"least": least, "most": most}
        value = self._take(key, int, right, required=required)
        if value is not None and not least <= value <= most:
            self._must_be(key, right, value)
            return None
        return value if value is None else int(value)

    def flag(self, key: str, *, required: bool = False) -> bool:
        return bool(self._take(key, bool, _("true or false"), required=required))

    def choice(
        self, key: str, choices: tuple[str, ...], *, required: bool = False, default: str = ""
    ) -> str:
        right = _("one of %(choices)s") % {"choices": ", ".join(choices)}
        value = self._take(key, str, right, required=required)
        if value is not None and value not in choices:
            self._must_be(key, right, value)
            return default
        return value or default

    def day(self, key: str, *, required: bool = False) -> date | None:
        value: date | None = self._take(
            key, date, _("a day such as 2014-09-20, without quotes"), required=required
        )
        if value and not 1000 <= value.year <= LAST_YEAR:
            self.error(
                key,
                _("%(key)s of %(what)s must lie between the years 1000 and %(last)s"),
                last=LAST_YEAR,
            )
            return None
        return value

    def localized(
        self, key: str, languages: list[str], *, required: bool = False
    ) -> dict[str, str]:
        """A table with one text for each language of the plan."""
        example = ", ".join(f'{language} = "…"' for language in languages[:4]) or '"…"'
        right = _("a table of texts by language, { %(example)s }") % {"example": example}
        value = self._take(key, dict, right, required=required)
        if value is None:
            return {}
        return self._texts(key, value, languages)

    def text_or_localized(self, key: str, languages: list[str], *, longest: int) -> dict[str, str]:
        """A text in the plan's first language, or a table with one for each."""
        if isinstance(self.content.get(key), dict):
            return self.localized(key, languages)
        value = self.text(key, longest=longest)
        return {languages[0]: value} if value and languages else {}

    def _texts(self, key: str, value: Mapping[str, Any], languages: list[str]) -> dict[str, str]:
        for language in languages:
            if not isinstance(value.get(language), str) or not value[language].strip():
                self.error(
                    key,
                    _("%(key)s of %(what)s has no text in %(language)s"),
                    language=shown(language),
                )
        # without languages that fault is named, and this one would only repeat it
        for language in value.keys() - set(languages) if languages else ():
            said = _(
                "%(key)s of %(what)s is in %(language)s, which is none of the plan's languages (%(known)s)"
            )
            self.error(key, said, language=shown(language), known=", ".join(languages))
        return {language: text for language, text in value.items() if isinstance(text, str)}

    def all_localized(self, key: str, languages: list[str]) -> list[dict[str, str]]:
        values = self._take(key, list, _("a list of texts by language"), required=False) or []
        good = [value for value in values if isinstance(value, dict)]
        if len(good) < len(values):
            self.error(key, _("%(key)s of %(what)s must be a list of texts by language"))
        return [self._texts(key, value, languages) for value in good]

    def texts(self, key: str, *, required: bool = False, filled: bool = False) -> list[str]:
        right = _("a list of texts")
        if isinstance(name := self.content.get(key), str):
            right += f', ["{name}"]'
        values = self._take(key, list, right, required=required) or []
        if not all(isinstance(value, str) for value in values):
            self.error(key, _("%(key)s of %(what)s must be a list of texts"))
            return []
        if len(set(values)) < len(values):
            self.error(key, _("%(key)s of %(what)s names something twice"))
        if filled and self.content.get(key) == []:
            self.error(key, _("%(key)s of %(what)s is empty: give it at least one"))
        return list(dict.fromkeys(values))

    def table(self, key: str, what: str) -> "Table | None":
        value = self._take(
            key, dict, _("a table in braces or under a header of its own"), required=False
        )
        return None if value is None else Table(self.source, (*self.path, key), value, what)

    def tables(self, key: str, what: Callable[[Mapping[str, Any], int], str]) -> "list[Table]":
        values = self._take(key, list, _("a list of tables"), required=False) or []
        return [
            Table(
                self.source,
                (*self.path, key, place),
                value,
                what(value if isinstance(value, dict) else {}, place + 1),
            )
            for place, value in enumerate(values)
        ]

    def raw(self, key: str) -> Any:
        self.asked.add(key)
        return self.content.get(key)

    def done(self) -> None:
        """Every key that nobody asked for is unknown."""
        for key in self.content.keys() - self.asked:
            said = _("%(what)s has an unknown key %(name)s: it can have %(known)s")
            if key in ABOVE:
                said = _(
                    "%(what)s has an unknown key %(name)s: it belongs to %(above)s, [[%(above)s.%(key)s]]"
                )
            known = ", ".join(sorted(self.asked))
            self.error(key, said, name=shown(key), known=known, above=ABOVE.get(key))


# what a file has several of, by their ids
_NAMED = {
    "action": gettext_noop("action %(name)s"),
    "aim": gettext_noop("aim %(name)s"),
    "body": gettext_noop("body %(name)s"),
    "commitment": gettext_noop("commitment %(name)s"),
    "contribution": gettext_noop("contribution %(name)s"),
    "fund": gettext_noop("fund %(name)s"),
    "instalment": gettext_noop("instalment %(name)s"),
    "purpose": gettext_noop("purpose %(name)s"),
    "reported": gettext_noop("reported figure %(name)s"),
}


def named(kind: str, name: object) -> str:
    return _(_NAMED[kind]) % {"name": name}


def called(kind: str, key: str) -> Callable[[Mapping[str, Any], int], str]:
    """How errors name a table: by its key where it has one, else by its place."""

    def what(content: Mapping[str, Any], place: int) -> str:
        if key not in content:
            return named(kind, _("number %(place)s") % {"place": place})
        name = content[key]
        return named(
            kind,
            name
            if isinstance(name, str) and name.isprintable() and len(name) <= 80
            else shown(name),
        )

    return what


def decimal(text: Any) -> Decimal | None:
    """A plain positive decimal of at most two places, or None."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{1,15}(\.\d{1,2})?", text, re.ASCII):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value > 0 else None
