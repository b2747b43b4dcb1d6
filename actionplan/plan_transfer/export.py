"""A whole plan as one ZIP file: its plan files as loaded and its entries between them, in the order
of the register.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

from django.db.models import QuerySet, Value
from django.db.models.functions import NullIf

from actionplan.witnesses import checkpoints
from actionplan.witnesses.proofs import iter_proofs
from commitments.evidence import storage
from commitments.exports.columns import entry_row
from commitments.files.entry_rows import TRAVELLING_COLUMNS, Row, make_csv
from commitments.models import Entry, Evidence, Flag, Plan, PlanFile, SignedText
from commitments.register import entries as register
from commitments.register.entry_types import Origin, kinds_with
from commitments.register.hash_chain import signed_text_digest

FORMAT = 1
# terms follow from plan files; a seal, another edition and rights are of this site alone
LEFT_OUT = ("terms", "sealed", "edition", "rights")
# of the texts of a file of entries: below what one may hold, so that each part can be loaded
PART_SIZE = 2 * 1024 * 1024
FLAG_COLUMNS = ("ref", "instalment", "kind", "since", "noticed", "cleared", "cleared_by")
README = """\
A whole plan, exported from Actionplan. docs/reference/plan-export.md describes the format.

manifest.json   what is here, each file with its SHA-256; `steps` is the order in which they are loaded
plan/           the plan files as they were loaded, byte for byte
entries/        the entries recorded between them, as entries files, in the order of the register
evidence/       the files that entries carry, under new names; the manifest says whose they are
proof/          the register as it is hashed, with checkpoints and signatures of witnesses, for actionplan-verify
signed-texts/   each signed text that an entry names, as it was
signed-text.txt the signed text, where the plan has one
posts.csv       the posts that recorded entries, without names or addresses; for reading, it is not loaded
flags.csv       what had been flagged; for reading, it is not loaded

To load it into a site that does not have the plan: load_plan_export FILE

What does not travel: accounts and memberships, digests and their ledger, jobs. Entries get new links in a new chain of
hashes; the head of the old one is in the manifest. Cells are as they were recorded: a spreadsheet may take one that
begins with = + - @ for a formula.
"""

# what the manifest says of a file
Description = dict[str, object]


class Archive:
    """A ZIP file that remembers the digest of each file in it."""

    def __init__(self, file: IO[bytes], now: datetime) -> None:
        self.zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.moment = now.timetuple()[:6]
        self.digests: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> str:
        """Returns the name."""
        info = zipfile.ZipInfo(name, self.moment)
        info.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(info, content)
        self.digests[name] = hashlib.sha256(content).hexdigest()
        return name


def export_plan(plan: Plan, file: IO[bytes], *, now: datetime) -> list[str]:
    """Write the export of what is recorded so far; returns what it lacks to be loaded again, in
    sentences.
    """
    head = register.head_of(plan)
    last_number = head.number if head else 0
    entries = Entry.objects.filter(plan=plan, number__lte=last_number).order_by("number")
    archive = Archive(file, now)
    steps = StepWriter(archive, entries).write()
    _add_files_for_reading(archive, plan, entries)
    evidence = list(_add_evidence(archive, entries))
    _add_proofs(archive, plan, last_number, now)
    if plan.signed_text:
        archive.add("signed-text.txt", plan.signed_text.encode())
    manifest = {
        "format": FORMAT,
        "plan": plan.slug,
        "exported": now.astimezone(UTC).isoformat(),
        "sample": plan.is_sample,
        "entries": last_number,
        "head": head.hash if head else "",
        "steps": steps,
        "evidence": evidence,
        "files": archive.digests,
    }
    archive.add("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    lacking = list(_describe_lacking(steps))
    if lacking:
        archive.add("LACKING.txt", "\n".join(lacking).encode())
    archive.zip.close()
    return lacking


def _add_files_for_reading(archive: Archive, plan: Plan, entries: QuerySet[Entry]) -> None:
    """What people may want to read, and nobody loads."""
    archive.add("README.md", README.encode())
    by_accounts = entries.exclude(kind__in=kinds_with(origin=Origin.SITE)).exclude(by=None)
    posts = by_accounts.values_list("side", "code", "by__post")
    archive.add("posts.csv", make_csv(("side", "id", "post"), posts))
    archive.add("flags.csv", make_csv(FLAG_COLUMNS, _flag_rows(plan)))


def _add_proofs(archive: Archive, plan: Plan, last_number: int, now: datetime) -> None:
    """What somebody needs to check the register without this site (docs/reference/checkpoints.md)."""
    entries = iter_proofs(plan, after=0, most=last_number)
    lines = (json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries)
    archive.add("proof/entries.jsonl", b"".join(lines))
    texts = SignedText.objects.filter(entry__plan=plan, entry__number__lte=last_number)
    for content in sorted({text.content for text in texts}):
        archive.add(f"signed-texts/{signed_text_digest(content)}.txt", content.encode())
    checkpoints.sign_head(plan, now)
    proof = {
        "origin": checkpoints.origin_of(plan),
        "keys": checkpoints.describe_site_keys(),
        "witnesses": checkpoints.describe_witnesses(plan),
        "checkpoints": checkpoints.signed_notes(plan, until=last_number),
    }
    content = json.dumps(proof, ensure_ascii=False, indent=1)
    archive.add("proof/checkpoints.json", content.encode())


def _describe_lacking(steps: Iterable[Description]) -> Iterator[str]:
    for step in steps:
        if step["kind"] == "plan" and not step["file"]:
            day = str(step["loaded"])[:10]
            yield (
                f"the plan file loaded on {day} is not in it, since its text was not kept: give it to "
                f"`load_plan FILE --keep` (SHA-256 {step['sha256']}), then export again"
            )


@dataclass
class StepWriter:
    """Writes plan files, and the entries between them in files of a bounded size.

    Terms are left out: they follow from the plan files.
    """

    archive: Archive
    entries: QuerySet[Entry]
    steps: list[Description] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    size: int = 0

    def write(self) -> list[Description]:
        """Returns the steps in which the files are to be loaded."""
        files = PlanFile.objects.filter(entry__in=self.entries)
        texts = {file.entry_id: bytes(file.content) for file in files}
        entries = self.entries.exclude(kind__in=LEFT_OUT).select_related("text", "to")
        for entry in entries.iterator(chunk_size=2000):
            if entry.kind == "plan":
                self._finish_entries()
                self._add_plan_file(entry, texts.get(entry.pk))
            else:
                self._add_entry(entry)
        self._finish_entries()
        return self.steps

    def _count(self, kind: str) -> int:
        return sum(step["kind"] == kind for step in self.steps)

    def _add_plan_file(self, entry: Entry, text: bytes | None) -> None:
        name = ""
        if text is not None:
            number = self._count("plan") + 1
            name = self.archive.add(f"plan/{number:03}.toml", text)
        loaded = entry.recorded_at or entry.loaded_at
        self.steps.append(
            {
                "kind": "plan",
                "file": name,
                "sha256": entry.words,
                "loaded": loaded.isoformat(),
                "reason": entry_row(entry)["reason"],
            }
        )

    def _add_entry(self, entry: Entry) -> None:
        values = entry_row(entry)
        self.rows.append([values[name] for name in TRAVELLING_COLUMNS])
        self.size += sum(len(str(value)) for value in values.values())
        if self.size > PART_SIZE:
            self._finish_entries()

    def _finish_entries(self) -> None:
        """Write the rows collected until now into a file of their own."""
        if not self.rows:
            return
        number = self._count("entries") + 1
        content = make_csv(TRAVELLING_COLUMNS, self.rows)
        name = self.archive.add(f"entries/{number:03}.csv", content)
        self.steps.append({"kind": "entries", "file": name, "rows": len(self.rows)})
        self.rows = []
        self.size = 0


def _flag_rows(plan: Plan) -> Iterable[Row]:
    flags = Flag.objects.filter(plan=plan).order_by("since", "pk")
    instalment = NullIf("obligation__instalment", Value(0))
    return flags.values_list("obligation__ref", instalment, *FLAG_COLUMNS[2:])


def _add_evidence(archive: Archive, entries: QuerySet[Entry]) -> Iterator[Description]:
    """Describe each file that an entry carries, and add its bytes as far as they are there."""
    files = Evidence.objects.filter(entry__in=entries).select_related("entry")
    for file in files.order_by("entry__number", "position").iterator(chunk_size=100):
        path = storage.path_of(file.id)
        name = ""
        # a file that was removed has no name any more
        if file.name and path.exists():
            name = archive.add(f"evidence/{file.id.hex}", path.read_bytes())
        yield {
            "entry": file.entry.code,
            "side": file.entry.side,
            "name": file.name,
            "type": file.type,
            "size": file.size,
            "sha256": file.sha256,
            "file": name,
        }
