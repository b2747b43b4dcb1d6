"""An export is checked offline, by the program in deploy/ and by a second one (tests/auditor.py)."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from actionplan.models import User
from actionplan.plan_transfer.export import export_plan
from commitments.evidence import storage
from commitments.models import Action, Entry, Plan
from commitments.register import services
from tests import auditor
from tests.factories import create_manager, create_official, redact_entry, uploaded_file
from tests.witness import Witness, verify

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _folders(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_KEY = tmp_path / "checkpoint.key"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)


@pytest.fixture
def official(calais: Plan) -> User:
    return create_official(calais, bodies=["nca"])


@pytest.fixture
def manager(calais: Plan) -> User:
    return create_manager(calais)


@pytest.fixture
def with_file(calais: Plan, official: User) -> Entry:
    return services.report(
        action=Action.objects.get(plan=calais, ref="5.3"),
        kind="progress",
        effective="2015-01-12",
        note="Équipe sur place",
        by=official,
        now=NOW,
        key="with-file",
        evidence=[storage.store(uploaded_file())],
    )


@pytest.fixture
def export(calais: Plan, with_file: Entry, manager: User, tmp_path: Path) -> Path:
    witness = Witness(calais, manager, tmp_path / "witness")
    assert witness.run() == 0, witness.said
    return write_export(calais, tmp_path)


def write_export(plan: Plan, folder: Path) -> Path:
    content = io.BytesIO()
    export_plan(plan, content, now=NOW)
    path = folder / "export.zip"
    path.write_bytes(content.getvalue())
    return path


def test_a_sound_export_is_told_in_words(calais: Plan, export: Path) -> None:
    code, said = verify(export, "--lang", "en")
    number = calais.entries.count()
    assert code == 0, said
    assert f"calais-2014: {number} entries" in said
    assert f"seen by GB up to entry {number}" in said
    code, said = verify(export, "--lang", "fr")
    assert (code, f"vu par GB jusqu’à l’inscription n° {number}" in said) == (0, True)
    assert auditor.find_faults(export) == []


def test_a_head_that_somebody_kept_is_found_or_missed(calais: Plan, export: Path) -> None:
    entry = calais.entries.order_by("number")[2]
    assert verify(export, "--expect", "3", entry.hash)[0] == 0
    code, said = verify(export, "--lang", "en", "--expect", "3", "f" * 64)
    assert (code, "entry 3 has not the hash" in said) == (1, True)


def test_what_was_removed_by_an_entry_is_no_fault(
    calais: Plan, with_file: Entry, manager: User, tmp_path: Path
) -> None:
    redact_entry(with_file, by=manager, agreed_by=create_manager(calais), what="all", now=NOW)
    path = write_export(calais, tmp_path)
    code, said = verify(path, "--lang", "en")
    assert code == 0, said
    assert "removed for good" in said
    assert auditor.find_faults(path) == []


Lines = list[dict[str, Any]]


def alter_text(lines: Lines) -> None:
    lines[-1]["text"]["note"] = "another"


def remove_text(lines: Lines) -> None:
    lines[-1]["text"] = None


def alter_name(lines: Lines) -> None:
    lines[-1]["names"][0]["name"] = "another.csv"


def alter_content(lines: Lines) -> None:
    lines[-1]["content"]["effective"] = "2015-01-01"


def take_out(lines: Lines) -> None:
    del lines[-2]


def cut_off(lines: Lines) -> None:
    del lines[-1]


SPOILT: dict[str, tuple[Callable[[Lines], None], str]] = {
    "text": (alter_text, "the text of entry {n}"),
    "text gone": (remove_text, "the text of entry {n}"),
    "name": (alter_name, "the name of file 1 of entry {n}"),
    "content": (alter_content, "entry {n} (with-file) does not match its hash"),
    "taken out": (take_out, "entry {before} is missing"),
    "cut off": (cut_off, "entry {n} is missing"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_was_altered_in_an_export_is_named(calais: Plan, export: Path, how: str) -> None:
    spoil, message = SPOILT[how]
    with zipfile.ZipFile(export) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = [json.loads(line) for line in files["proof/entries.jsonl"].splitlines()]
    spoil(lines)
    files["proof/entries.jsonl"] = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    rewrite(export, files)
    code, said = verify(export, "--lang", "en")
    number = calais.entries.count()
    assert code == 1, said
    assert message.format(n=number, before=number - 1) in said
    assert auditor.find_faults(export) != []


@pytest.mark.parametrize("pattern", ["evidence/", "plan/"])
def test_a_file_that_was_altered_with_its_digest_in_the_manifest_is_named(
    export: Path, pattern: str
) -> None:
    with zipfile.ZipFile(export) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in files if name.startswith(pattern))
    files[name] += b"more"
    rewrite(export, files)
    code, said = verify(export, "--lang", "en")
    assert code == 1, said
    assert re.search(r"(file|text) .*entry \d+", said)
    assert auditor.find_faults(export) != []


def test_a_false_signature_of_a_witness_is_named(export: Path) -> None:
    with zipfile.ZipFile(export) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    proof = json.loads(files["proof/checkpoints.json"])
    other = proof["witnesses"][0]["key"].replace("gb-witness", "fr-witness")
    proof["checkpoints"][-1] = proof["checkpoints"][-1].replace("— gb-witness", "— fr-witness")
    assert other not in str(proof)
    files["proof/checkpoints.json"] = json.dumps(proof).encode()
    rewrite(export, files)
    code, said = verify(export, "--lang", "en")
    assert (code, "is by no registered key" in said) == (1, True)
    assert auditor.find_faults(export) != []


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4" + b"\0" * 40])
def test_what_is_no_export_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(content)
    code, said = verify(path, "--lang", "fr")
    assert (code, "n’est pas une exportation" in said) == (2, True)


def rewrite(path: Path, files: dict[str, bytes]) -> None:
    """The archive with these files, and a manifest that agrees with them."""
    manifest = json.loads(files["manifest.json"])
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
