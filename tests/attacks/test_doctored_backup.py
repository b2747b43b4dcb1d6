"""A backup that somebody altered, with its manifest made to fit, is named by the restore itself."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrations import RELEASES
from tests.releases.make import ROOT
from tests.test_upgrade import empty

__all__ = ["empty"]
pytestmark = [pytest.mark.attacks, pytest.mark.slow]


def doctor(folder: Path, table: str, old: str, new: str) -> None:
    """Replace a text in a table of a backup, and all digests that would tell."""
    path = folder / "tables" / f"{table}.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    manifest = json.loads((folder / "manifest.json").read_text())
    for part in manifest["tables"]:
        if part["table"] == table:
            part["bytes"] = path.stat().st_size
            part["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


DOCTORED = {
    "first_day of entry 55 (sample-017) is not what follows from the entry": (
        "commitments_entry",
        "started\t4.4\t\\N\t2014-11-10\t2014-11-10\t",
        "started\t4.4\t\\N\t2014-11-10\t2014-10-10\t",
    ),
    "entry 55 (sample-017) does not match its hash": (
        "commitments_entry",
        "2014-11-13 10:00:00+00\t2015-01-12 09:00:00+00\tGB",
        "2014-11-13 10:00:00+00\t2015-01-12 09:00:00+00\tFR",
    ),
    "signed_words of 4.4 in commitments_action is not what the register says": (
        "commitments_action",
        "will begin in October",
        "may begin in October",
    ),
}


FIRST, *OTHERS = DOCTORED


@pytest.mark.parametrize(
    "finding", [FIRST, *(pytest.param(other, marks=pytest.mark.rare) for other in OTHERS)]
)
def test_a_doctored_backup_is_named_when_it_is_restored(
    finding: str, empty: dict[str, str], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(RELEASES / "1.0.0" / "backup", tmp_path / "doctored"))
    doctor(folder, *DOCTORED[finding])
    done = subprocess.run(
        [sys.executable, "manage.py", "restore", str(folder)],
        cwd=ROOT,
        env=os.environ | empty,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert finding in done.stderr
