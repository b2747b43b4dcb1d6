"""A word of the rules is the name of one thing: whoever searches for it finds what decides it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from commitments.register.entry_types import KINDS
from commitments.rules.states import State

ROOT = Path(__file__).parent.parent
APPS = ("commitments", "funding", "actionplan")
RULES = ROOT / "docs" / "reference" / "rules.md"
# Words for kinds of entry, which have no class of their own.
KINDS_OF_ENTRY = {"payment": "paid", "spending": "spent"}
MARKS = ("stale", "slipped", "never-reported", "confirmed", "disputed")

Definition = ast.ClassDef | ast.FunctionDef


def words_of_section_1() -> list[str]:
    section = RULES.read_text().partition("## 1. Words")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| **")]
    return [word for row in rows for word in re.findall(r"\*\*(\w+)\*\*", row)]


def modules() -> Iterator[Path]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def places_by_name(*, methods: bool) -> dict[str, list[str]]:
    """Where the classes and functions of each name are, those of modules or methods as well."""
    places = defaultdict(list)
    for path in modules():
        tree = ast.parse(path.read_text())
        nodes = list(ast.walk(tree)) if methods else tree.body
        for node in nodes:
            if isinstance(node, Definition):
                places[snake_case(node.name)].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return places


@pytest.mark.parametrize("word", words_of_section_1())
def test_a_word_of_the_rules_names_one_class_or_function(word: str) -> None:
    if word in KINDS_OF_ENTRY:
        assert KINDS_OF_ENTRY[word] in KINDS
    else:
        places = places_by_name(methods=False)[word]
        assert len(places) == 1, places


@pytest.mark.parametrize("word", [*[state.value for state in State], *MARKS])
def test_a_state_is_decided_by_one_function(word: str) -> None:
    name = word.replace("-", "_")
    places = places_by_name(methods=True)
    found = places[f"is_{name}"] + places[f"has_{name}"]
    assert len(found) == 1, found
