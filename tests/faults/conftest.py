import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.faults.outcome import Outcome, as_property
from tests.faults.outside import Outside
from tests.faults.trial import Trial
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
def trial(shared: Path, tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(shared, tmp_path / "data")
    yield trial
    trial.close()


@pytest.fixture(params=["postgresql", "sqlite"])
def outside(request: pytest.FixtureRequest) -> Outside:
    """A site on each database, of which a test needs no process but those that it runs to an end."""
    site: Outside = request.getfixturevalue("world" if request.param == "postgresql" else "trial")
    return site


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
