"""Every register in tests/releases/ comes over into this version, with its chain, and says what it
always said.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.migrations import RELEASES
from tests.releases import make
from tests.servers import on_postgres

KEPT = sorted(path.parent.name for path in RELEASES.glob("*/status.json"))
# those that somebody can have installed
RELEASED = {version for version in KEPT if re.fullmatch(r"[\d.]+", version)}


@pytest.fixture
def empty(tmp_path: Path, worker: str) -> Iterator[dict[str, str]]:
    """The environment of a database without tables."""
    import os

    environ = {
        "MEDIA_ROOT": str(tmp_path / "files"),
        "ACTIONPLAN_TODAY": "2015-01-12",
        "ACTIONPLAN_TRIAL": "1",
    }
    if not on_postgres():
        yield environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/upgraded.sqlite3"}
        return
    server, name = os.environ["DATABASE_URL"], f"upgraded_{worker}_{os.getpid()}"
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
            yield environ | {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl()}
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


# what the second edition of the rules leaves as it was; states and dates are its own
OF_ACTIONS = ("ref", "commitment", "scored", "modality", "words", "delivered", "target")
OF_INSTALMENTS = ("ref", "from", "instalment", "firmness", "stated", "paid", "outstanding")


def unchanged_by_the_rules(statuses: Any) -> list[dict[str, Any]]:
    """The facts of each action and instalment, in each status of each plan."""
    facts = []
    for status in _documents(statuses):
        facts += [{name: action[name] for name in OF_ACTIONS} for action in status["actions"]]
        facts += [
            {name: instalment[name] for name in OF_INSTALMENTS}
            for instalment in status["contributions"]
        ]
    return facts


def _documents(value: Any) -> list[Any]:
    """The statuses, in whatever they are listed by."""
    if isinstance(value, dict) and "actions" in value:
        return [value]
    values = value.values() if isinstance(value, dict) else value
    return [document for one in values for document in _documents(one)]


@pytest.mark.sqlite
@pytest.mark.slow
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(version, marks=[] if version in RELEASED else pytest.mark.rare)
        for version in KEPT
    ],
)
def test_a_register_of_that_version_is_restored_and_brought_up_to_date(
    version: str, empty: dict[str, str]
) -> None:
    folder = RELEASES / version
    said = make.manage("restore", str(folder / "backup"), **empty)
    assert "finish_upgrade will judge it by the second edition of the rules" in said
    for slug, number, head in json.loads((folder / "backup" / "manifest.json").read_text())[
        "plans"
    ]:
        assert f"{slug}: {number} entries, head {head}" in said
    then = json.loads((folder / "status.json").read_text())
    assert unchanged_by_the_rules(make.status(**empty)) == unchanged_by_the_rules(then)
    report = make.manage("finish_upgrade", **empty)
    assert "5.5, 2015-01-01 to 2015-01-20: overdue -> due (periods)" in report
    assert "3.3, 2014-12-03 on: superseded -> no-date (proposal)" in report
    for command in ("flag_overdue", "verify_register"):
        make.manage(command, **empty)
