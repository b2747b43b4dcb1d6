"""Backups whose hashes are right and whose content is not: one line, and nothing is left behind."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actionplan.local import environment
from tests.faults.conftest import Begin
from tests.faults.world import World
from tests.migrations import RELEASES
from tests.up import ENVIRON

pytestmark = pytest.mark.faults
Change = Callable[[bytes], bytes]
FEW = 3
BODY = "commitments_body"
ENTRY = "commitments_entry"


def double_first_line(content: bytes) -> bytes:
    return content.partition(b"\n")[0] + b"\n" + content


def break_last_cell(content: bytes) -> bytes:
    """The last column of a body is its plan."""
    return content.replace(b"\t1\n", b"\t999\n", 1)


SPOILT: dict[str, tuple[str, Change, int]] = {
    "garbage": (BODY, lambda content: content + b"garbage\n", 1),
    "bad UTF-8": (BODY, lambda content: content.replace(b"a", b"\xff", 1), 0),
    "double row": (BODY, double_first_line, 1),
    "missing row": (BODY, lambda content: content.partition(b"\n")[2], 0),
    "broken key": (BODY, break_last_cell, 0),
    "deep JSON": (BODY, lambda content: content.replace(b"{", b"[" * 30_000 + b"{", 1), 0),
    "other head": (ENTRY, lambda content: content[: content[:-1].rindex(b"\n") + 1], -1),
}


def spoil(folder: Path, table: str, change: Change, more_rows: int) -> None:
    """The manifest then says what is in the file."""
    file = folder / "tables" / f"{table}.txt"
    content = file.read_bytes()
    changed = change(content)
    assert changed != content
    file.write_bytes(changed)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for part in manifest["tables"]:
        if part["table"] == table:
            part["sha256"] = hashlib.sha256(changed).hexdigest()
            part["rows"] += more_rows
    path.write_text(json.dumps(manifest))


class Place:
    """A database and a folder into which nothing was restored yet."""

    def __init__(self, address: str, files: Path, tables: Callable[[], list[Any]]) -> None:
        self.environ = ENVIRON | {
            "ACTIONPLAN_TRIAL": "1",
            "DATABASE_URL": address,
            "MEDIA_ROOT": str(files),
            "SECRET_KEY": "a-key-of-a-site-that-nobody-signs-in-to",
        }
        self.files = files
        self.tables = tables

    def refuse(self, folder: Path) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", "restore", str(folder)],
            cwd=environment.BASE_DIR,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert self.tables() == []
        assert [path for path in self.files.rglob("*") if path.is_file()] == []
        return done.stderr


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.rare)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    files = tmp_path / "files"
    if request.param == "sqlite":
        database = tmp_path / "restored.sqlite3"

        def tables() -> list[Any]:
            with closing(sqlite3.connect(database)) as connection:
                return connection.execute(
                    "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
                ).fetchall()

        yield Place(f"sqlite:///{database}", files, tables)
        return
    world: World = request.getfixturevalue("world")
    name = f"{world.database}_restored"
    world._sql(f'CREATE DATABASE "{name}"')
    try:
        import psycopg2

        def relations() -> list[Any]:
            with (
                closing(psycopg2.connect(world._address(name))) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                )
                return list(cursor.fetchall())

        yield Place(world._address(name), files, relations)
    finally:
        world._sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_spoilt_backup_is_refused_in_one_line_and_leaves_nothing(
    place: Place, tmp_path: Path, begin: Begin, pytestconfig: pytest.Config
) -> None:
    """In every way with `--faults`, else in a few that follow from the seed of the run."""
    outcome = begin("backups with right hashes and wrong content")
    ways = list(SPOILT)
    if not pytestconfig.getoption("--faults"):
        ways = Random(pytestconfig.getoption("randomly_seed", 1)).sample(ways, FEW)
    for name in ways:
        table, change, more_rows = SPOILT[name]
        folder = tmp_path / name
        shutil.copytree(RELEASES / "1.0.0" / "backup", folder)
        (folder / "files").mkdir()
        (folder / "files" / "plan.csv").write_bytes(b"a,b")
        manifest = json.loads((folder / "manifest.json").read_text())
        sha256 = hashlib.sha256(b"a,b").hexdigest()
        manifest["files"] = [{"name": "files/plan.csv", "bytes": 3, "sha256": sha256}]
        (folder / "manifest.json").write_text(json.dumps(manifest))
        spoil(folder, table, change, more_rows)
        said = place.refuse(folder)
        assert "backup" in said or "registers end with" in said, name
        outcome.kills += 1


def test_a_backup_without_one_of_its_tables_is_refused(place: Place, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(RELEASES / "1.0.0" / "backup", tmp_path / "backup"))
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"] = [part for part in manifest["tables"] if part["table"] != BODY]
    path.write_text(json.dumps(manifest))
    assert f"without its table {BODY}" in place.refuse(folder)
