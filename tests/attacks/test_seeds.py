"""A few attacks of each kind, which `python -m tests.attacks 50` tries at length."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from commitments.models import Plan
from tests.attacks import SEEDS, tables
from tests.attacks.seeds import make_register, run_seeds, walk_tables
from tests.factories import TODAY

EVERYDAY_SEEDS = 3


@pytest.mark.sqlite
@pytest.mark.attacks
@pytest.mark.slow
def test_attacks_at_random_are_named_and_honest_days_raise_no_alarm(
    calais: Plan, settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    settings.CHECKPOINT_KEY = tmp_path / "site" / "checkpoint.key"
    settings.ACTIONPLAN_TODAY = TODAY
    settings.MEDIA_ROOT = tmp_path / "evidence"
    asked = os.environ.get(SEEDS, "")
    if asked:
        count, first = (int(number) for number in asked.split()[:3:2])
    else:
        count, first = EVERYDAY_SEEDS, pytestconfig.getoption("randomly_seed", 1)
    register = make_register(calais, tmp_path)
    settings.ACTIONPLAN_TODAY = register.now.date()
    empty = {model._meta.db_table for model in tables.every()} - {
        model._meta.db_table for model in tables.filled()
    }
    assert empty == tables.UNUSED
    outcome = run_seeds(register, count, first=first)
    if asked.endswith(" columns"):
        walk_tables(register, outcome, first=first)
    lines = "\n".join(outcome.lines())
    if asked:
        print(f"\n{lines}")
    assert outcome.is_good, lines
