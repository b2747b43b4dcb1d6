"""Nothing that a reader of files finds fault with is said in one language only."""

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
    "commitments/files/plan_schema.py",
    "commitments/files/plan_loader.py",
    "commitments/files/entries.py",
    "commitments/files/spreadsheet.py",
    "commitments/register/entry_types.py",
    "funding/plan_schema.py",
    "funding/plan_loader.py",
    "funding/entry_types.py",
    "actionplan/plan_transfer/load.py",
]
TRANSLATING = {"_", "gettext_lazy", "gettext_noop", "ngettext"}
# the same word in both languages
ALIKE = {"action %(name)s", "contribution %(name)s"}


def calls(path: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


def untranslated(path: str) -> list[str]:
    """Faults, warnings and changes whose text stands in the source as it is; those of no line are
    for commands only.
    """
    found = [
        (name, node)
        for name, node in calls(path)
        if name in ("FileError", "error", "warn", "change")
    ]
    found = [
        (name, node)
        for name, node in found
        if not (name == "FileError" and ast.unparse(node.args[0]) == "0")
    ]
    return [
        ast.unparse(node)
        for _name, node in found
        if any(is_text(argument) for argument in node.args[1:])
    ]


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("path", READERS)
def test_no_reader_finds_fault_in_one_language_only(path: str) -> None:
    assert untranslated(path) == []


def test_every_fault_has_french_of_its_own_with_all_that_it_tells() -> None:
    french = {
        entry.msgid: entry
        for entry in polib.pofile(str(LOCALE / "fr" / "LC_MESSAGES" / "django.po"))
    }
    texts = [
        ast.literal_eval(node.args[0])
        for path in READERS
        for name, node in calls(path)
        if name in TRANSLATING
        if isinstance(node.args[0], ast.Constant)
    ]
    assert len(texts) > 150
    for text in set(texts) - ALIKE:
        entry = french[text]
        for said in entry.msgstr_plural.values() or [entry.msgstr]:
            assert said != text
            assert (
                set(PLACEHOLDER.findall(said)) == set(PLACEHOLDER.findall(text))
                or entry.msgid_plural
            )
            assert not re.search(r"(?<!\u00a0)[:;!?»](?= |$)|«(?!\u00a0)", said), said


def test_a_text_in_one_language_would_be_noticed(tmp_path: Path) -> None:
    file = tmp_path / "reader.py"
    file.write_text(
        'error(1, f"{key} is odd")\nerror(1, _("odd"))\nFileError(0, "odd")\nself.error("key", "odd", key=key)'
    )
    assert len(untranslated(str(file))) == 2
