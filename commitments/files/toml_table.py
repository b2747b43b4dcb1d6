"""One table of a TOML file, read key by key.

Each method reads one key and says what would be right where the value is not. It then returns
something harmless in its place, so that the reader goes on and finds every error in one go.

pydantic was looked at: it names the path and the kind of an error, so that the line, the name of the
thing and what would be right, in two languages, would all have to be found again from these.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Self, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commitments.files.toml import Path, TomlFile
from commitments.files.values import show_short, show_value
from commitments.text import plain

T = TypeVar("T")
# a text for each language
Texts = dict[str, str]

# a year beyond this is a slip of the pen, and calendar arithmetic stays inside the calendar
LAST_YEAR = 9000
LONGEST_REF = 32
NAME = re.compile(r"(?!\.+$)[\w.-]+", re.ASCII)
REF = re.compile(r"(?!\.+$)[\w.()-]+", re.ASCII)
# lists that are easily put one level too high, and the tables to which they belong
PARENTS = {
    "actions": "commitments",
    "contributions": "funds",
    "purposes": "funds",
    "reported": "funds",
}
_LABELS = {
    "action": gettext_noop("action %(name)s"),
    "aim": gettext_noop("aim %(name)s"),
    "body": gettext_noop("organisation %(name)s"),
    "commitment": gettext_noop("commitment %(name)s"),
    "contribution": gettext_noop("contribution %(name)s"),
    "fund": gettext_noop("fund %(name)s"),
    "instalment": gettext_noop("instalment %(name)s"),
    "purpose": gettext_noop("purpose %(name)s"),
    "reported": gettext_noop("reported figure %(name)s"),
}


def make_label(kind: str, name: object) -> str:
    """How messages name a thing of the plan, such as "action 4.4"."""
    return _(_LABELS[kind]) % {"name": name}


class Table:
    """`label` names the table in messages. Keys that nobody reads are unknown ones, here and in the
    tables that were read below.
    """

    def __init__(self, file: TomlFile, path: Path, content: object, label: str) -> None:
        self.file = file
        self.path = path
        self.label = label
        self.content: Mapping[str, object] = {}
        self.keys_read: set[str] = set()
        self.tables: list[Self] = []
        if isinstance(content, dict):
            self.content = content
        else:
            self.add_error("", _("%(what)s must be a table"))

    @property
    def line(self) -> int:
        return self.file.line_of(self.path)

    @property
    def position(self) -> int:
        """The place in its list, counted from 0, of a table that stands in one."""
        return int(self.path[-1])

    def line_of(self, key: str) -> int:
        return self.file.line_of((*self.path, key))

    def add_error(self, key: str, text: str, /, **values: object) -> None:
        """`text` has named places for the values, and for `key` and `what`, the table's label."""
        path = self.path
        if key:
            path = (*path, key)
        self.file.add_error_at(path, text, **{"key": key, "what": self.label, **values})

    def refuse_key(self, key: str, text: str, /, **values: object) -> None:
        """The key is a known one, but out of place beside what else the table has."""
        self.add_error(key, text, **values)
        self.keys_read.add(key)

    def refuse_unknown_keys(self) -> None:
        """Every key that was not read until now is an error."""
        known = ", ".join(sorted(self.keys_read))
        unknown = _("%(what)s has an unknown key %(name)s: it can have %(known)s")
        misplaced = _(
            "%(what)s has an unknown key %(name)s: it belongs to %(above)s, [[%(above)s.%(key)s]]"
        )
        for key in self.content.keys() - self.keys_read:
            text = misplaced if key in PARENTS else unknown
            self.add_error(key, text, name=show_value(key), known=known, above=PARENTS.get(key))
        for table in self.tables:
            table.refuse_unknown_keys()

    def check_known(
        self, key: str, names: Iterable[str], known: Collection[str], lacking: str
    ) -> None:
        """Each of the names under this key must be a known one; `lacking` says that it is not. Where
        a known one looks like it, that is offered.
        """
        text = _("%(key)s of %(what)s names %(name)s: %(lacking)s")
        unknown = [name for name in names if name not in known]
        spellings = {plain(name): name for name in known} if unknown else {}
        for name in unknown:
            said = lacking
            if plain(name) in spellings:
                said = _("it is written %(right)s") % {"right": spellings[plain(name)]}
            self.add_error(key, text, name=show_value(name), lacking=said)

    def get_raw(self, key: str) -> object:
        """The value as it is, for a reader that checks it itself."""
        self.keys_read.add(key)
        return self.content.get(key)

    def _get(self, key: str, kind: type[T], expected: str, *, required: bool = False) -> T | None:
        """The value if it is of this kind; None where it is absent or was refused."""
        value = self.get_raw(key)
        if value is None:
            if required:
                text = _("%(what)s has no %(name)s: give it %(right)s")
                self.add_error("", text, name=key, right=expected)
            return None
        if isinstance(value, kind) and not _is_other_kind(value, kind):
            return value
        # a text without its quotation marks
        if kind is str and isinstance(value, int | float | date) and not isinstance(value, bool):
            expected = _("%(right)s in quotes") % {"right": expected}
        self._refuse_value(key, expected, value)
        return None

    def _refuse_value(self, key: str, expected: str, value: object) -> None:
        text = _("%(key)s of %(what)s must be %(right)s, not %(value)s")
        self.add_error(key, text, right=expected, value=show_value(value))

    def get_text(self, key: str, *, required: bool = False, longest: int = 500) -> str:
        value = self._get(key, str, _("a text"), required=required)
        if value is None:
            return ""
        if required and not value.strip():
            self.add_error(key, _("%(key)s of %(what)s is empty: give it a text"))
        if len(value) > longest:
            text = _("%(key)s of %(what)s must be a text of at most %(longest)s characters")
            self.add_error(key, text, longest=longest)
            return ""
        return value

    def get_name(self, key: str, *, longest: int = 64) -> str:
        """An id: letters, digits, dot, hyphen and underscore."""
        return self._get_matching(key, NAME, "'.' '-' '_'", longest)

    def get_ref(self, key: str) -> str:
        """The instrument's own number: as an id, with brackets as well."""
        return self._get_matching(key, REF, "'.' '-' '_' '(' ')'", LONGEST_REF)

    def _get_matching(self, key: str, pattern: re.Pattern[str], signs: str, longest: int) -> str:
        name = self.get_text(key, required=True, longest=longest)
        if not name or pattern.fullmatch(name):
            return name
        if set(name) == {"."}:
            text = _("%(key)s of %(what)s is %(value)s: it needs a letter or a digit")
        else:
            text = _(
                "%(key)s of %(what)s may hold only letters, digits and %(signs)s, not %(value)s"
            )
        self.add_error(key, text, signs=signs, value=show_value(name))
        return ""

    def get_number(self, key: str, *, required: bool = True) -> str:
        """The number of a commitment: whole, or a text such as "III". 1 and "1" are the same."""
        value = self.content.get(key)
        if isinstance(value, str):
            return self.get_ref(key)
        number = self.get_integer(key, required=required, least=1, most=100_000)
        return str(number) if number else ""

    def get_integer(
        self, key: str, *, required: bool = False, least: int = 0, most: int = 3660
    ) -> int | None:
        expected = _("a whole number from %(least)s to %(most)s") % {"least": least, "most": most}
        value = self._get(key, int, expected, required=required)
        if value is not None and not least <= value <= most:
            self._refuse_value(key, expected, value)
            return None
        return value

    def get_flag(self, key: str) -> bool:
        return bool(self._get(key, bool, _("true or false")))

    def get_choice(
        self, key: str, choices: tuple[str, ...], *, required: bool = False, default: str = ""
    ) -> str:
        expected = _("one of %(choices)s") % {"choices": ", ".join(choices)}
        value = self._get(key, str, expected, required=required)
        if value is not None and value not in choices:
            self._refuse_value(key, expected, value)
            return default
        return value or default

    def get_day(self, key: str, *, required: bool = False) -> date | None:
        expected = _("a day such as 2014-09-20, without quotes")
        value = self._get(key, date, expected, required=required)
        if value and not 1000 <= value.year <= LAST_YEAR:
            text = _("%(key)s of %(what)s must lie between the years 1000 and %(last)s")
            self.add_error(key, text, last=LAST_YEAR)
            return None
        return value

    def get_texts(self, key: str, *, required: bool = False) -> Texts:
        """A table with a text for each language of the plan."""
        languages = self.file.languages[:4]
        example = ", ".join(f'{language} = "…"' for language in languages) or '"…"'
        expected = _("a table of texts by language, { %(example)s }") % {"example": example}
        value = self._get(key, dict, expected, required=required)
        if value is None:
            return {}
        return self._check_texts(key, value)

    def get_translations(self, key: str) -> Texts | None:
        """A table with texts in other languages of the plan than the first; None if left out."""
        others = self.file.languages[1:]
        value = self._get(key, dict, _("a table of texts by language"))
        for language, text in (value or {}).items():
            if language not in others or not isinstance(text, str) or not text.strip():
                message = _(
                    "%(key)s of %(what)s is wrong in %(language)s: texts in %(known)s are expected"
                )
                known = ", ".join(others)
                self.add_error(key, message, language=show_value(language), known=known)
        return value or None

    def get_text_or_texts(self, key: str, *, longest: int) -> Texts:
        """A text in the plan's first language, or a table with one for each."""
        if isinstance(self.content.get(key), dict):
            return self.get_texts(key)
        text = self.get_text(key, longest=longest)
        if not text or not self.file.languages:
            return {}
        return {self.file.languages[0]: text}

    def get_list_of_texts(self, key: str) -> list[Texts]:
        values = self._get(key, list, _("a list of texts by language")) or []
        tables = [value for value in values if isinstance(value, dict)]
        if len(tables) < len(values):
            self.add_error(key, _("%(key)s of %(what)s must be a list of texts by language"))
        return [self._check_texts(key, table) for table in tables]

    def _check_texts(self, key: str, value: Mapping[str, object]) -> Texts:
        texts = {language: text for language, text in value.items() if isinstance(text, str)}
        languages = self.file.languages
        for language in languages:
            if not texts.get(language, "").strip():
                message = _("%(key)s of %(what)s has no text in %(language)s")
                self.add_error(key, message, language=show_value(language))
        message = _(
            "%(key)s of %(what)s is in %(language)s, which is none of the plan's languages (%(known)s)"
        )
        known = ", ".join(languages)
        for language in value:
            if languages and language not in languages:
                self.add_error(key, message, language=show_value(language), known=known)
        return texts

    def get_names(self, key: str, *, required: bool = False, filled: bool = False) -> list[str]:
        """A list of texts, each once; `filled` lists have at least one."""
        expected = _("a list of texts")
        content = self.content.get(key)
        if isinstance(content, str):
            expected += f', ["{content}"]'
        values = self._get(key, list, expected, required=required) or []
        names = [value for value in values if isinstance(value, str)]
        if len(names) < len(values):
            self.add_error(key, _("%(key)s of %(what)s must be a list of texts"))
            return []
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                text = _("%(key)s of %(what)s names %(name)s twice: once is enough")
                self.add_error(key, text, name=show_value(name))
        if filled and content == []:
            self.add_error(key, _("%(key)s of %(what)s is empty: give it at least one"))
        return list(dict.fromkeys(names))

    def get_table(self, key: str, label: str) -> Self | None:
        expected = _("a table in braces or under a header of its own")
        value = self._get(key, dict, expected)
        if value is None:
            return None
        table = type(self)(self.file, (*self.path, key), value, label)
        self.tables.append(table)
        return table

    def get_tables(
        self, key: str, *, kind: str = "", named_by: str = "", label: str = ""
    ) -> list[Self]:
        """A list of tables. Messages name each by its kind and its value of `named_by`, or all of
        them by one label.
        """
        values = self._get(key, list, _("a list of tables")) or []
        tables = []
        for position, value in enumerate(values):
            item_label = label or _label_item(kind, value, named_by, position + 1)
            tables.append(type(self)(self.file, (*self.path, key, position), value, item_label))
        self.tables += tables
        return tables


def refuse_repeated(
    tables: Iterable[Table], names: Iterable[str], *, key: str = "id", place: str
) -> None:
    """No two of the tables may have the same name under the key; empty ones do not count, and
    letter case distinguishes nothing.
    """
    twice = _("%(key)s %(name)s stands twice in %(place)s: each must be its own")
    alike = _(
        "%(key)s %(name)s differs from %(other)s in %(place)s by letter case alone, which distinguishes "
        "nothing: each must be its own"
    )
    seen: dict[str, str] = {}
    for table, name in zip(tables, names, strict=True):
        if not name:
            continue
        other = seen.get(name.casefold())
        if other is None:
            seen[name.casefold()] = name
            continue
        text = twice if name == other else alike
        shown = {"name": show_value(name), "other": show_value(other), "place": place}
        table.add_error(key, text, **shown)


def _is_other_kind(value: object, kind: type) -> bool:
    """Python takes true for a number and a moment for a day; TOML does not."""
    if isinstance(value, bool):
        return kind is not bool
    return isinstance(value, datetime) and kind is date


def _label_item(kind: str, content: object, named_by: str, number: int) -> str:
    """The label of one table of a list: by its name where it has one, else by its number."""
    if not isinstance(content, dict) or named_by not in content:
        return make_label(kind, _("number %(place)s") % {"place": number})
    name = content[named_by]
    if isinstance(name, str) and name.isprintable() and len(name) <= 80:
        return make_label(kind, name)
    return make_label(kind, show_short(name))
