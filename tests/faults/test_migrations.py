"""An upgrade that is cut short anywhere, or held up, can be run again; and the released code goes on
working beside it.
"""

import io
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from actionplan.local import environment
from tests.faults.conftest import Begin
from tests.faults.world import World
from tests.up import ENVIRON

pytestmark = pytest.mark.faults
RELEASED = "2df3366"
SECRET_KEY = "a-key-of-a-site-that-nobody-signs-in-to"
REPORT_ON_ALL = """
from datetime import UTC, datetime
from commitments import services
from commitments.models import Action, Membership
now = datetime(2015, 1, 12, 9, tzinfo=UTC)
for membership in Membership.objects.filter(role="official"):
    for action in Action.objects.filter(leads__in=membership.bodies.all()).distinct():
        services.report(action=action, kind="progress", effective="2015-01-12", now=now,
                        by=membership.user, key=f"{membership.pk}-{action.ref}", note="A report.")
from commitments.models import Entry
print(Entry.objects.filter(code__regex=r"^[0-9]+-[0-9.]+$").count())
"""


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/upgraded.sqlite3"
        return
    world: World = request.getfixturevalue("world")
    name = f"{world.database}_upgraded"
    world._sql(f'CREATE DATABASE "{name}"')
    yield world._address(name)
    world._sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def environ(address: str, tmp_path: Path) -> dict[str, str]:
    return ENVIRON | {
        "ACTIONPLAN_TODAY": "2015-01-12",
        "ACTIONPLAN_TRIAL": "1",
        "DATABASE_URL": address,
        "MEDIA_ROOT": str(tmp_path / "files"),
        "SECRET_KEY": SECRET_KEY,
    }


def run(folder: Path, environ: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        # the long run kills hundreds of times
        timeout=7200,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "address", ["postgresql", pytest.param("sqlite", marks=pytest.mark.rare)], indirect=True
)
def test_an_upgrade_killed_before_any_statement_can_be_run_again(
    environ: dict[str, str], begin: Begin, pytestconfig: pytest.Config
) -> None:
    """Before each with `--faults`, else before a few that follow from the seed of the run."""
    outcome = begin("`migrate` from 1.0.0 killed at each of its steps")
    is_long = pytestconfig.getoption("--faults")
    seed = [] if is_long else [str(pytestconfig.getoption("randomly_seed", 1))]
    said = run(environment.BASE_DIR, environ, "-m", "tests.faults.killed_migrations", *seed)
    outcome.kills = int(said.split()[0])
    assert outcome.kills > 30 or not is_long


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The code of 1.0.0."""
    folder = tmp_path / "released"
    done = subprocess.run(
        ["git", "archive", RELEASED], cwd=environment.BASE_DIR, capture_output=True
    )
    if done.returncode:
        pytest.skip("the history of the repository is not here")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize(
    "address", ["sqlite", pytest.param("postgresql", marks=pytest.mark.rare)], indirect=True
)
def test_the_released_code_that_goes_on_reporting_on_the_new_tables_leaves_nothing_wrong(
    environ: dict[str, str], released: Path, begin: Begin
) -> None:
    begin("1.0.0 goes on reporting after `migrate`")
    run(environment.BASE_DIR, environ, "-m", "tests.faults.killed_migrations", "--start")
    run(environment.BASE_DIR, environ, "manage.py", "migrate")
    reports = int(run(released, environ, "manage.py", "shell", "-c", REPORT_ON_ALL).split()[0])
    assert reports > 20
    run(environment.BASE_DIR, environ, "manage.py", "finish_upgrade")
    said = run(environment.BASE_DIR, environ, "manage.py", "rebuild_standings", "--check")
    assert "every standing is what the rule says" in said
    run(environment.BASE_DIR, environ, "manage.py", "verify_register")


@contextmanager
def open_transaction(address: str) -> Iterator[None]:
    """Somebody else's, which holds a table of PostgreSQL or the whole file of SQLite."""
    if address.startswith("sqlite"):
        path = address.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
        return
    with closing(psycopg2.connect(address)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM commitments_entry")
        yield


@pytest.mark.rare
@pytest.mark.parametrize("address", ["postgresql", "sqlite"], indirect=True)
def test_an_upgrade_that_waits_for_an_open_transaction_gives_up_and_is_run_again(
    environ: dict[str, str], begin: Begin
) -> None:
    begin("`migrate` beside a transaction that is open for longer than it waits")
    run(environment.BASE_DIR, environ, "-m", "tests.faults.killed_migrations", "--start")
    with open_transaction(environ["DATABASE_URL"]):
        said = run(environment.BASE_DIR, environ, "manage.py", "migrate", code=1)
    assert "could not be brought up to date" in said
    assert "Traceback" not in said
    assert "does not support" not in said
    run(environment.BASE_DIR, environ, "manage.py", "migrate")
