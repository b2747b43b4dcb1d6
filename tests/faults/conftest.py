import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.faults.outcome import Outcome, as_property
from tests.faults.world import World, opened

Begin = Callable[[str], Outcome]
_numbers = count()


@pytest.fixture
def shared() -> Path:
    """The folder of this run, which a server that runs as nobody can pass."""
    return Path(os.environ["ACTIONPLAN_TEST_FOLDER"])


@pytest.fixture
def name(worker: str) -> str:
    """Of a world, for nobody else."""
    return f"{worker}-{next(_numbers)}"


@pytest.fixture
def world(name: str) -> Iterator[World]:
    with opened(World(name)) as world:
        yield world


@pytest.fixture
def random(seed: int) -> Random:
    return Random(seed)


@pytest.fixture
def begin(request: pytest.FixtureRequest) -> Begin:
    """Says which fault a test is about; what it finds goes into the table, whether the test passes
    or not.
    """

    def begin(fault: str) -> Outcome:
        outcome = Outcome(fault)
        request.node.user_properties.append(as_property(outcome))
        return outcome

    return begin
