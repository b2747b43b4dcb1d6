"""Backups: what is refused, what a failure leaves, and that odd values survive. Whole round trips:
tests/faults.
"""

import io
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actionplan.backup import table_dump
from actionplan.backup.create import LEFT_OUT, find_models
from actionplan.backup.manifest import BackupRefused, read_manifest
from actionplan.local import environment
from actionplan.models import JobRun, Mark, User
from commitments.models import Plan
from funding.models import Fund, Reported
from tests.servers import until
from tests.site import Site

ODD = "tab\t, line\n, return\r, back\\slash, \\N, \\t, “quotes” and 'these', é, 🌊, \x01"


@pytest.fixture(scope="session")
def whole(site: Site) -> Path:
    """A backup of the samples with two files."""
    folder = site.shared / f"backup-{site.folder.name}"
    files = site.shared / f"files-{site.folder.name}"
    (files / "ab").mkdir(parents=True)
    (files / "ab" / "plan.pdf").write_bytes(b"%PDF-1.7 a fence")
    (files / "empty.csv").touch()
    (files / "link").symlink_to("/etc/passwd")
    done = backup(site, folder, MEDIA_ROOT=str(files))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def command(folder: Path) -> list[str]:
    return [sys.executable, "manage.py", "backup", str(folder)]


def backup(site: Site, folder: Path, before: Callable[[], None] | None = None, **more: str) -> Any:
    environ = site.environment(site.template) | more
    options: dict[str, Any] = {
        "cwd": environment.BASE_DIR,
        "env": environ,
        "capture_output": True,
        "text": True,
    }
    return subprocess.run(command(folder), preexec_fn=before, timeout=60, **options)


def refusal(folder: Path) -> str:
    with pytest.raises(BackupRefused) as refused:
        read_manifest(folder)
    return str(refused.value)


# What is in it


@pytest.mark.sqlite
def test_a_backup_names_its_moment_its_heads_and_each_of_its_files(whole: Path) -> None:
    manifest = read_manifest(whole)
    assert [part.name for part in manifest.files] == ["files/ab/plan.pdf", "files/empty.csv"]
    assert [slug for slug, _number, _head in manifest.plans] == ["calais-2014"]
    assert ("commitments", "0002_append_only") in manifest.migrations
    assert (
        sum(table.rows for table in manifest.tables if table.table == "commitments_entry")
        == manifest.plans[0][1]
    )
    assert not {table.table for table in manifest.tables} & LEFT_OUT
    assert whole.stat().st_mode & 0o077 == 0


@pytest.mark.sqlite
def test_odd_values_come_back_as_they_were(calais: Plan) -> None:
    moment = datetime(2014, 9, 20, 9, 0, 0, 120, tzinfo=UTC)
    fund = Fund.objects.filter(plan=calais).first()
    reported = {
        "fund": fund,
        "on": "2014",
        "by": {"en": ODD.replace("\x01", "")},
        "currency": "GBP",
        "position": 99,
    }
    Reported.objects.create(amount=Decimal("12000000.10"), source=ODD, **reported)
    Reported.objects.create(amount=Decimal(7), source="", **reported)
    User.objects.create_user("odd@example.org", post=ODD, is_staff=True)
    JobRun.objects.create(
        plan=calais, job=ODD[:32], day="2014-09-20", started=moment, counts={"“a\\b”": [1, None]}
    )
    Mark.objects.create(name=ODD[:30], at=moment)
    for model in (Reported, User, JobRun, Mark):
        before, target = list(model.objects.order_by("pk").values()), io.BytesIO()
        table_dump.dump_table(model, target)
        target.seek(0)
        assert target.getvalue().count(b"\n") == len(before)
        if model is User:
            continue
        table_dump.load_table(model, table_dump.column_names(model), target)
        assert list(model.objects.order_by("pk").values()) == before


# What is refused


def test_a_file_that_was_changed_cut_short_or_lost_is_named(copy: Path) -> None:
    entries = copy / "tables" / "commitments_entry.txt"
    content = entries.read_bytes()
    for changed in (content[:-1], content.replace(b"2014", b"2015", 1)):
        entries.write_bytes(changed)
        assert refusal(copy).startswith(
            "tables/commitments_entry.txt of the backup is not what was written"
        )
    entries.unlink()
    assert refusal(copy).startswith("tables/commitments_entry.txt of the backup cannot be read")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "is not of format 1"),
        ({"tables": [{"name": "x"}]}, "is damaged"),
        ({"files": [{"name": "files/../../etc/passwd", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "/etc/passwd", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"more": 1}, "is damaged"),
        ({"migrations": 3}, "is damaged"),
    ],
)
def test_a_manifest_that_no_backup_wrote_is_refused(
    copy: Path, change: dict[str, Any], said: str
) -> None:
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert said in refusal(copy)


def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    assert "name the folder that `backup` made" in refusal(tmp_path)


@pytest.mark.django_db
def test_a_backup_of_a_later_version_is_refused(whole: Path) -> None:
    with pytest.raises(BackupRefused, match="is of a later version"):
        find_models([*read_manifest(whole).migrations, ("commitments", "9999_later")])


# What a failure leaves


def test_a_full_disk_leaves_nothing_of_that_name(site: Site, tmp_path: Path) -> None:
    size = 20_000
    target = tmp_path / "new"
    done = backup(site, target, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"{target} could not be written (File too large): nothing was left there\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_leaves_is_not_taken_for_one(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "new"
    environ = site.environment(site.template)
    process = subprocess.Popen(command(target), cwd=environment.BASE_DIR, env=environ)
    until(lambda: any(tmp_path.glob("new.part-*/tables/*")), 60)
    process.kill()
    process.wait()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("new.part-")
    assert "name the folder that `backup` made" in refusal(left)


def test_a_backup_never_overwrites_another(site: Site, whole: Path) -> None:
    done = backup(site, whole)
    assert (done.returncode, done.stderr) == (1, f"{whole} exists already: name a new folder\n")
    read_manifest(whole)
