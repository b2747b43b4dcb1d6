"""SECURITY.md answers each threat with a test that exists, or with an honest no."""

import re
from pathlib import Path

from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "SECURITY.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_each_threat_has_a_test_or_a_no() -> None:
    assert len(rows()) > 25
    for threat, answer, tests in rows():
        assert "`" in tests or "**No**" in answer, threat


def test_each_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text())
    assert len(named) > 40
    for file, name in named:
        assert f"def {name}(" in (Path(settings.BASE_DIR) / file).read_text(), f"{file}::{name}"
