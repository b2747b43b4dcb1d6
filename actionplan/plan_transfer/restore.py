"""A whole plan from its export: file by file as of the days on which they were loaded, or nothing."""

import hashlib
import json
import uuid
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from actionplan.plan_transfer import load as plan_loading
from actionplan.plan_transfer.export import FORMAT
from actionplan.plan_transfer.load import LARGEST
from commitments.evidence import storage
from commitments.evidence.file_types import LARGEST as LARGEST_FILE
from commitments.evidence.file_types import TYPES
from commitments.files import entries as entries_file
from commitments.files.errors import FileError, FileRefused
from commitments.models import Entry, Evidence, Plan

SMALL = 16 * 1024 * 1024
RIGHT = "give a file that `export_plan` wrote, unchanged"


def load_export(path: Path, *, now: datetime, by: int | None = None) -> Plan:
    """The plan with its register; raises FileRefused. Only where the site has no entry of the plan yet."""
    try:
        with zipfile.ZipFile(path) as archive, transaction.atomic():
            return _load(Export(archive), now, by)
    except OSError as error:
        raise FileRefused([FileError(0, f"cannot be read: {error.strerror or error}")]) from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        zlib.error,
    ):
        raise FileRefused(
            [FileError(0, f"this is no ZIP file that can be read: {RIGHT}")]
        ) from None


class Export:
    """The files of an export, each checked against the manifest; nothing is ever unpacked to a
    folder.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        try:
            self.manifest: dict[str, Any] = json.loads(self._bytes("manifest.json", SMALL))
            self.slug, self.files = str(self.manifest["plan"]), dict(self.manifest["files"])
            self.steps = [{**step, "kind": str(step["kind"])} for step in self.manifest["steps"]]
            self.loaded = [
                datetime.fromisoformat(step["loaded"])
                for step in self.steps
                if step["kind"] == "plan"
            ]
            sound = self.manifest["format"] == FORMAT and all(
                moment.tzinfo for moment in self.loaded
            )
        except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
            sound = False
        if not sound:
            raise FileRefused(
                [FileError(0, f"its manifest.json is missing or not of format {FORMAT}: {RIGHT}")]
            )

    def _bytes(self, name: str, largest: int) -> bytes:
        with self.archive.open(name) as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise ValueError
        return content

    def read(self, name: Any, largest: int) -> bytes:
        try:
            content = self._bytes(name, largest)
            if hashlib.sha256(content).hexdigest() == self.files[name]:
                return content
        except (KeyError, ValueError, TypeError, AttributeError):
            pass
        raise FileRefused(
            [
                FileError(
                    0,
                    f"{name or 'a file'} is missing, too large or not the one in the manifest: {RIGHT}",
                )
            ]
        )


def _load(export: Export, now: datetime, by: int | None) -> Plan:
    there = _steps_there(export)
    lacking = [
        step for step in export.steps[there:] if step["kind"] == "plan" and not step.get("file")
    ]
    if lacking or not export.loaded:
        versions = ", ".join(str(step.get("sha256")) for step in lacking) or "any"
        text = f"the text of a plan file is not in it (SHA-256 {versions}): where it was exported, use load_plan --keep"
        raise FileRefused([FileError(0, text)])
    signed = None
    if "signed-text.txt" in export.files:
        signed = plan_loading.as_text(export.read("signed-text.txt", LARGEST * 4))
    # the signed text that is kept was checked against the latest file
    files = _evidence(export)
    last = [step for step in export.steps if step["kind"] == "plan"][-1]
    for step in export.steps[there:]:
        if step["kind"] == "plan":
            at = datetime.fromisoformat(step["loaded"])
            _load_file(export, step["file"], now, by, at, signed if step is last else None)
        else:
            _load_entries(
                export, Plan.objects.get(slug=export.slug), step.get("file"), now, by, files
            )
    if signed is not None and last not in export.steps[there:]:
        _load_file(export, str(last.get("file")), now, by, now, signed)
    plan: Plan = Plan.objects.get(slug=export.slug)
    plan.is_sample = bool(export.manifest.get("sample"))
    plan.save(update_fields=["is_sample"])
    Plan.objects.filter(pk=plan.pk).raise_version()
    return plan


def _steps_there(export: Export) -> int:
    """None for a new plan; the first where the site has just this plan file and nothing else of the
    plan.
    """
    if not Plan.objects.filter(slug=export.slug).exists():
        if export.steps and export.steps[0]["kind"] != "plan":
            raise FileRefused([FileError(0, f"it does not begin with a plan file: {RIGHT}")])
        return 0
    entries = Entry.objects.filter(plan__slug=export.slug)
    files = list(entries.filter(kind="plan").values_list("words", flat=True))
    if (
        files != [export.steps[0].get("sha256") if export.steps else ""]
        or entries.without_plan_entries().exists()
    ):
        text = f"the plan {export.slug} is on this site: an export is loaded where nothing of its plan is recorded"
        raise FileRefused([FileError(0, text)])
    return 1


def _load_file(
    export: Export, name: str, now: datetime, by: int | None, at: datetime, text: str | None
) -> None:
    content = export.read(name, LARGEST)
    if at > now:
        raise FileRefused(
            [FileError(0, f"{name} was loaded on {at.date()}, which is after today on this site")]
        )
    try:
        loaded = plan_loading.load_plan(content, now=now, by=by, text=text, at=at)
    except FileRefused as refused:
        raise FileRefused(
            [FileError(0, f"{name}:{error.line}: {error.text}") for error in refused.errors]
        ) from None
    if loaded.slug != export.slug:
        raise FileRefused(
            [FileError(0, f"{name} is of the plan {loaded.slug}, not {export.slug}: {RIGHT}")]
        )


def _evidence(export: Export) -> dict[str, tuple[Evidence, ...]]:
    """The files of entries, stored anew; those that were removed keep their digest. What is left
    over is swept.
    """
    found: dict[str, tuple[Evidence, ...]] = {}
    for said in export.manifest.get("evidence", []):
        try:
            row = Evidence(
                id=uuid.uuid4(), **{name: said[name] for name in ("name", "type", "size", "sha256")}
            )
            entry, file = str(said["entry"]), said["file"]
            sound = row.type in TYPES and (not file or export.files[file] == row.sha256)
        except (KeyError, TypeError):
            sound = False
        if not sound:
            raise FileRefused(
                [FileError(0, f"its manifest.json names evidence that is not in it: {RIGHT}")]
            )
        if file:
            path = storage.path_of(row.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(export.read(file, LARGEST_FILE))
        found[entry] = (*found.get(entry, ()), row)
    return found


def _load_entries(
    export: Export,
    plan: Plan,
    name: Any,
    now: datetime,
    by: int | None,
    files: dict[str, tuple[Evidence, ...]],
) -> None:
    content = export.read(name, entries_file.LARGEST)
    reading = entries_file.load_entries(plan, content, now=now, by=by, taken_over=True, files=files)
    if reading.errors:
        raise FileRefused(
            [FileError(0, f"{name}:{error.line}: {error.text}") for error in reading.errors]
        )
