"""A backup taken while people report, one more killed in the middle; then a site elsewhere, on
either database.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from actionplan.local import environment
from tests.faults.checks import count_words
from tests.faults.conftest import Begin
from tests.faults.savers import saving
from tests.faults.world import World
from tests.releases import make
from tests.servers import until

pytestmark = pytest.mark.faults


class Elsewhere:
    """A database and a folder for files that a backup is restored into; the mail server is the
    world's.
    """

    def __init__(self, world: World, database: str, folder: Path) -> None:
        self.world, self.files = world, folder
        self.environ = world.environment(world.database) | {
            "DATABASE_URL": database,
            "MEDIA_ROOT": str(folder),
        }

    def manage(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=environment.BASE_DIR,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


def kill_one_in_the_middle(world: World, target: Path) -> None:
    process = world.process("backup", ["python", "manage.py", "backup", str(target)])
    until(lambda: any(target.parent.glob(f"{target.name}.part-*/tables/*")), 60)
    process.kill()
    assert not target.exists()


def test_a_backup_under_load_becomes_the_same_site_elsewhere_and_sends_nothing_by_itself(
    world: World, tmp_path: Path, random: Random, begin: Begin
) -> None:
    outcome = begin("backup under load, restored elsewhere on both databases")
    world.only(20)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "fence.pdf").write_bytes(random.randbytes(100_000))
    world.serve()
    first, second = tmp_path / "first", tmp_path / "second"
    with saving(world.url, 3) as reports:
        time.sleep(random.uniform(1, 3))
        known = world.value("SELECT max(number) FROM commitments_entry")
        kill_one_in_the_middle(world, first)
        outcome.kills += 1
        world.manage("backup", str(first), MEDIA_ROOT=str(tmp_path / "files"))
        until(lambda: world.value("SELECT max(number) FROM commitments_entry") > known + 3)
    count_words(world, outcome, reports)

    sqlite = Elsewhere(world, f"sqlite:///{tmp_path}/elsewhere.sqlite3", tmp_path / "elsewhere")
    said = sqlite.manage("restore", str(first))
    assert "no standings were judged otherwise" in said
    (slug, number, head) = json.loads((first / "manifest.json").read_text())["plans"][0]
    assert f"{slug}: {number} entries, head {head}\n" in said
    assert number >= known
    assert world.value("SELECT hash FROM commitments_entry WHERE number = %s", number) == head
    assert (sqlite.files / "fence.pdf").read_bytes() == (
        tmp_path / "files" / "fence.pdf"
    ).read_bytes()
    assert "has plans or accounts already" in sqlite.manage("restore", str(first), code=1)

    # and back, by the same road
    sqlite.manage("backup", str(second))
    for table in (first / "tables").iterdir():
        assert table.read_bytes() == (second / "tables" / table.name).read_bytes(), table.name
    name = f"{world.database}_again"
    world._sql(f'CREATE DATABASE "{name}"')
    try:
        postgres = Elsewhere(world, world._address(name), tmp_path / "again")
        postgres.manage("restore", str(second))
        assert make.status(**sqlite.environ) == make.status(**postgres.environ)
        check_the_mail(world, postgres)
    finally:
        world._sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def check_the_mail(world: World, site: Elsewhere) -> None:
    site.manage("run_due_jobs")
    assert world.post.kept == []
    assert "20 digests will be sent" in site.manage("release_mail")
    site.manage("run_due_jobs")
    assert len(world.post.kept) == 20
