"""A whole plan from its export: step by step, as of the days on which its files were loaded, or
nothing.
"""

import hashlib
import json
import re
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from actionplan.plan_transfer import load
from actionplan.plan_transfer.export import FORMAT
from commitments.evidence import file_types, storage
from commitments.files.entries import FilesByEntry, append_rows, read_entry_file
from commitments.files.entry_rows import LARGEST as LARGEST_ENTRIES
from commitments.files.errors import FileError, FileRefused, refuse
from commitments.models import Entry, Evidence, Plan
from commitments.register.entry_types import RIGHTS

LARGEST_MANIFEST = 16 * 1024 * 1024
LARGEST_SIGNED_TEXT = 4 * 1024 * 1024
EVIDENCE_FIELDS = ("name", "type", "size", "sha256")
ADVICE = "give a file that `export_plan` wrote, unchanged"
# escapes for U+0000 and for halves of characters, which no database holds and no export has
NO_CHARACTERS = re.compile(rb"\\u(?:0000|d[89a-f])", re.IGNORECASE)
# what zipfile raises where a file is no archive, or a broken one
BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    zlib.error,
)


def load_export(path: Path, *, now: datetime, by: int | None = None) -> Plan:
    """The plan with its register; raises FileRefused. Only where the site has no entry of the plan
    yet.
    """
    try:
        with zipfile.ZipFile(path) as archive, transaction.atomic():
            return PlanRestore(Export(archive), now, by).run()
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror or error}") from None
    except BROKEN_ARCHIVE:
        raise refuse(f"this is no ZIP file that can be read: {ADVICE}") from None


@dataclass(frozen=True)
class PlanStep:
    """A plan file; `file` is empty where its text was not kept."""

    file: str
    sha256: str
    loaded: datetime


@dataclass(frozen=True)
class EntriesStep:
    file: str


@dataclass(frozen=True)
class EvidenceFile:
    """What an entry carries, not saved yet, and its name in the export, empty where its bytes were
    removed. The first exports do not say the side, and have each id once.
    """

    side: str | None
    entry: str
    row: Evidence
    file: str


@dataclass
class Manifest:
    """`files` has the SHA-256 of each file of the export."""

    plan: str
    is_sample: bool
    steps: list[PlanStep | EntriesStep]
    files: dict[str, str]
    evidence: list[EvidenceFile]

    @property
    def plan_steps(self) -> list[PlanStep]:
        return [step for step in self.steps if isinstance(step, PlanStep)]


def parse_manifest(text: bytes) -> Manifest:
    """Raises ValueError, KeyError, TypeError or AttributeError where it is no manifest."""
    if NO_CHARACTERS.search(text):
        raise ValueError("an escape that stands for no character")
    content = json.loads(text)
    if content["format"] != FORMAT:
        raise ValueError("another format")
    return Manifest(
        plan=str(content["plan"]),
        is_sample=bool(content.get("sample")),
        steps=[_parse_step(step) for step in content["steps"]],
        files=dict(content["files"]),
        evidence=[_parse_evidence(file) for file in content.get("evidence", [])],
    )


def _parse_evidence(content: Mapping[str, object]) -> EvidenceFile:
    row = Evidence(id=uuid.uuid4(), **{name: content[name] for name in EVIDENCE_FIELDS})
    try:
        row.clean_fields(exclude=["entry", "position"])
    except ValidationError as error:
        raise ValueError("values that no file has") from error
    if row.type not in file_types.TYPES:
        raise ValueError("an unknown type of file")
    side = content.get("side")
    return EvidenceFile(
        side=None if side is None else str(side),
        entry=str(content["entry"]),
        row=row,
        file=str(content["file"]),
    )


def _parse_step(step: Mapping[str, object]) -> PlanStep | EntriesStep:
    file = str(step.get("file") or "")
    if step["kind"] != "plan":
        return EntriesStep(file)
    loaded = datetime.fromisoformat(str(step["loaded"]))
    if loaded.tzinfo is None:
        raise ValueError("a moment without its offset")
    return PlanStep(file, str(step.get("sha256")), loaded)


class Export:
    """The files of an export, each checked against the manifest; nothing is ever unpacked to a
    folder.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        try:
            self.manifest = parse_manifest(self._read_bounded("manifest.json", LARGEST_MANIFEST))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            text = f"its manifest.json is missing or not of format {FORMAT}: {ADVICE}"
            raise refuse(text) from None

    def _read_bounded(self, name: str, largest: int) -> bytes:
        with self.archive.open(name) as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise ValueError(f"{name} is too large")
        return content

    def read(self, name: str, largest: int) -> bytes:
        try:
            content = self._read_bounded(name, largest)
        except (KeyError, ValueError):
            content = None
        digest = self.manifest.files.get(name)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            text = (
                f"{name or 'a file'} is missing, too large or not the one in the manifest: {ADVICE}"
            )
            raise refuse(text)
        return content


@dataclass
class PlanRestore:
    """One export on its way into the database; to be run inside a transaction."""

    export: Export
    now: datetime
    by: int | None

    @property
    def manifest(self) -> Manifest:
        return self.export.manifest

    def run(self) -> Plan:
        """1. Leave out what is there already. 2. Store the evidence. 3. Load plan files and entries
        in their order. 4. Check the signed text against the latest file.
        """
        steps = self.manifest.steps[self._count_steps_there() :]
        self._refuse_lacking_texts(steps)
        evidence = self._store_evidence()
        signed_text = self._read_signed_text()
        last = self.manifest.plan_steps[-1]
        for step in steps:
            if isinstance(step, PlanStep):
                self._load_plan_file(step, signed_text if step is last else None)
            else:
                self._load_entries(step, evidence)
        if signed_text is not None and last not in steps:
            self._load_plan_file(last, signed_text, loaded_at=self.now)
        plan: Plan = Plan.objects.get(slug=self.manifest.plan)
        plan.is_sample = self.manifest.is_sample
        plan.save(update_fields=["is_sample"])
        Plan.objects.filter(pk=plan.pk).raise_version()
        return plan

    def _count_steps_there(self) -> int:
        """None for a new plan; the first where the site has just this plan file and nothing else of
        the plan.
        """
        slug = self.manifest.plan
        steps = self.manifest.steps
        first = next(iter(steps), None)
        if not Plan.objects.filter(slug=slug).exists():
            if isinstance(first, EntriesStep):
                raise refuse(f"it does not begin with a plan file: {ADVICE}")
            return 0
        entries = Entry.objects.filter(plan__slug=slug)
        files = list(entries.filter(kind="plan").values_list("words", flat=True))
        has_first_file_only = isinstance(first, PlanStep) and files == [first.sha256]
        recorded = entries.without_plan_entries().exclude(kind=RIGHTS)
        if not has_first_file_only or recorded.exists():
            raise refuse(
                f"the plan {slug} is on this site: an export is loaded where nothing of its plan is recorded"
            )
        return 1

    def _refuse_lacking_texts(self, steps: list[PlanStep | EntriesStep]) -> None:
        lacking = [step for step in steps if isinstance(step, PlanStep) and not step.file]
        if lacking or not self.manifest.plan_steps:
            versions = ", ".join(step.sha256 for step in lacking) or "any"
            raise refuse(
                f"the text of a plan file is not in it (SHA-256 {versions}): "
                "where it was exported, use load_plan --keep"
            )

    def _read_signed_text(self) -> str | None:
        if "signed-text.txt" not in self.manifest.files:
            return None
        return load.decode_text(self.export.read("signed-text.txt", LARGEST_SIGNED_TEXT))

    def _load_plan_file(
        self, step: PlanStep, signed_text: str | None, loaded_at: datetime | None = None
    ) -> None:
        moment = loaded_at or step.loaded
        content = self.export.read(step.file, load.LARGEST)
        if moment > self.now:
            raise refuse(
                f"{step.file} was loaded on {moment.date()}, which is after today on this site"
            )
        try:
            loaded = load.load_plan(
                content, now=self.now, by=self.by, signed_text=signed_text, loaded_at=moment
            )
        except FileRefused as refused:
            raise _name_file(step.file, refused.errors) from None
        if loaded.plan.slug != self.manifest.plan:
            raise refuse(
                f"{step.file} is of the plan {loaded.plan.slug}, not {self.manifest.plan}: {ADVICE}"
            )

    def _load_entries(self, step: EntriesStep, evidence: FilesByEntry) -> None:
        plan: Plan = Plan.objects.get(slug=self.manifest.plan)
        content = self.export.read(step.file, LARGEST_ENTRIES)
        file = read_entry_file(content, as_typed=False)
        reading = append_rows(
            plan, file, now=self.now, by=self.by, taken_over=True, evidence=evidence
        )
        if reading.errors:
            raise _name_file(step.file, reading.errors)

    def _store_evidence(self) -> FilesByEntry:
        """The files of entries, under new names; those that were removed keep their digest.

        If the export is refused later, the files that are left over are swept.
        """
        evidence: FilesByEntry = {}
        for described in self.manifest.evidence:
            row = described.row
            if described.file:
                if self.manifest.files.get(described.file) != row.sha256:
                    raise refuse(f"its manifest.json names evidence that is not in it: {ADVICE}")
                self._store_file(described.file, storage.path_of(row.id))
            entry = described.side, described.entry
            evidence[entry] = (*evidence.get(entry, ()), row)
        return evidence

    def _store_file(self, name: str, path: Path) -> None:
        content = self.export.read(name, file_types.LARGEST)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _name_file(name: str, errors: list[FileError]) -> FileRefused:
    """The errors of a file inside the export, each with the file's name and its line."""
    return FileRefused(FileError(0, f"{name}:{error.line}: {error.text}") for error in errors)
