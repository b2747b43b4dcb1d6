"""Backups: what is refused, what a failure leaves, and that odd values survive. Whole round trips:
tests/faults.
"""

import io
import json
import os
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
from commitments.models import Entry, Plan
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


def test_a_day_in_place_of_a_moment_is_refused() -> None:
    field: Any = Mark._meta.get_field("at")
    with pytest.raises(ValueError, match="“2014-09-20” is no moment in UTC"):
        table_dump._read_cell(field, "2014-09-20")


@pytest.mark.sqlite
def test_both_databases_write_the_same_json(calais: Plan) -> None:
    counts = {"longer": {"b": [1.5, None], "a": True}, "é": ODD.replace("\x01", "\x7f"), "zz": []}
    JobRun.objects.create(
        plan=calais, job="x", day="2014-09-20", started=datetime.now(UTC), counts=counts
    )
    target = io.BytesIO()
    table_dump.dump_table(JobRun, target)
    json_of_postgresql = (
        r'{"zz": [], "é": "tab\\t, line\\n, return\\r, back\\\\slash, \\\\N, \\\\t, “quotes” and '
        "'these', é, 🌊, \x7f\", "
        r'"longer": {"a": true, "b": [1.5, null]}}'
    )
    assert json_of_postgresql in target.getvalue().decode()


@pytest.mark.sqlite
def test_both_databases_write_all_decimals_of_an_amount(calais_with_entries: Plan) -> None:
    target = io.BytesIO()
    table_dump.dump_table(Entry, target)
    place = table_dump.column_names(Entry).index("amount")
    amounts = {line.split("\t")[place] for line in target.getvalue().decode().splitlines()}
    assert "3000000.0000" in amounts
    assert all(amount == "\\N" or amount.endswith("00") for amount in amounts)


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
        ({"files": [{"name": "files//tmp/x", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "files/./x", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "files", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "files/x\0", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "files/\ud800", "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": [{"name": "files/x", "bytes": 1, "sha256": ""}] * 2}, "is damaged"),
    ],
)
def test_a_manifest_that_no_backup_wrote_is_refused(
    copy: Path, change: dict[str, Any], said: str
) -> None:
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert said in refusal(copy)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: os.mkfifo(path), "it is no plain file"),
        (lambda path: path.symlink_to("/etc/hostname"), "it is a link"),
        (lambda path: path.mkdir(), "it is no plain file"),
    ],
    ids=["pipe", "link", "folder"],
)
def test_a_part_that_is_no_plain_file_is_refused_unread(
    copy: Path, make: Callable[[Path], None], said: str
) -> None:
    part = copy / "files" / "ab" / "plan.pdf"
    part.unlink()
    make(part)
    assert f"files/ab/plan.pdf of the backup cannot be read ({said})" in refusal(copy)


def test_a_folder_of_parts_that_is_a_link_is_refused(copy: Path) -> None:
    moved = (copy / "files" / "ab").rename(copy / "elsewhere")
    (copy / "files" / "ab").symlink_to(moved)
    assert "it is a link" in refusal(copy)


def test_a_manifest_that_is_a_pipe_or_nested_without_end_is_refused(copy: Path) -> None:
    manifest = copy / "manifest.json"
    manifest.write_text("[" * 100_000)
    assert "cannot be read" in refusal(copy)
    manifest.unlink()
    os.mkfifo(manifest)
    assert "cannot be read" in refusal(copy)


def test_a_table_without_columns_or_under_another_name_is_refused(copy: Path) -> None:
    path = copy / "manifest.json"
    content = path.read_text()
    for key, value in {"columns": None, "rows": "1", "table": "commitments_plan"}.items():
        manifest = json.loads(content)
        manifest["tables"][0][key] = value
        path.write_text(json.dumps(manifest))
        assert "is damaged" in refusal(copy), key


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
