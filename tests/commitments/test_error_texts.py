"""Nothing that a reader of files reports is said in one language only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

from tests.catalogues import LOCALE, PLACEHOLDER

ROOT = LOCALE.parent
READERS = [
    "commitments/files/toml.py",
    "commitments/files/toml_table.py",
    "commitments/files/values.py",
    "commitments/files/plan_schema.py",
    "commitments/files/plan_loader.py",
    "commitments/files/entry_rows.py",
    "commitments/files/entries.py",
    "commitments/files/spreadsheet.py",
    "commitments/register/entry_types.py",
    "commitments/register/validation.py",
    "funding/plan_schema.py",
    "funding/plan_loader.py",
    "funding/entry_types.py",
    "actionplan/plan_transfer/load.py",
]
REPORTING = {"FileError", "add_error", "add_error_at", "add_warning", "add_change"}
TRANSLATING = {"_", "gettext_lazy", "gettext_noop", "ngettext"}
# the same word in both languages
ALIKE = {"conclusion", "action %(name)s", "contribution %(name)s"}
# in French a space that does not break stands before these, and inside of quotation marks
WRONG_SPACE = re.compile(r"(?<!\u00a0)[:»](?= |$)|(?<!\u202f)[;!?](?= |$)|«(?!\u00a0)")


def iter_calls(path: str, names: set[str]) -> Iterator[ast.Call]:
    """The calls of functions and methods with these names."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield node


def is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr)


def find_untranslated(path: str) -> list[str]:
    """Errors, warnings and changes whose text stands in the source as it is.

    The first argument is the line or the key.
    """
    return [
        ast.unparse(call)
        for call in iter_calls(path, REPORTING)
        if any(is_text(argument) for argument in call.args[1:])
    ]


@pytest.mark.parametrize("path", READERS)
def test_no_reader_reports_anything_in_one_language_only(path: str) -> None:
    assert find_untranslated(path) == []


def test_every_text_has_french_of_its_own_with_all_that_it_tells() -> None:
    catalogue = polib.pofile(str(LOCALE / "fr" / "LC_MESSAGES" / "django.po"))
    entries = {entry.msgid: entry for entry in catalogue}
    texts = {
        ast.literal_eval(call.args[0])
        for path in READERS
        for call in iter_calls(path, TRANSLATING)
        if isinstance(call.args[0], ast.Constant)
    }
    assert len(texts) > 150
    for text in texts - ALIKE:
        entry = entries[text]
        for french in entry.msgstr_plural.values() or [entry.msgstr]:
            assert french != text
            has_all_values = set(PLACEHOLDER.findall(french)) == set(PLACEHOLDER.findall(text))
            assert has_all_values or entry.msgid_plural
            assert not WRONG_SPACE.search(french), french


def test_a_text_in_one_language_would_be_noticed(tmp_path: Path) -> None:
    file = tmp_path / "reader.py"
    file.write_text('add_error(1, f"{key} is odd")\nself.add_error("key", "odd", key=key)\n')
    assert len(find_untranslated(str(file))) == 2
    file.write_text('add_error(1, _("odd"))\n')
    assert find_untranslated(str(file)) == []
