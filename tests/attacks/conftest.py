"""Everything here is marked: `--attacks N` runs these tests alone, with N made-up requests."""

from pathlib import Path
from typing import Any

import pytest

from commitments.models import Plan
from tests.actionplan.test_permissions import arguments, people, plan
from tests.attacks.world import World

__all__ = ["arguments", "people", "plan"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("attacks")


@pytest.fixture
def world(plan: Plan, people: dict[str, Any], arguments: dict[str, list[Any]]) -> World:
    return World(plan, people, arguments)
