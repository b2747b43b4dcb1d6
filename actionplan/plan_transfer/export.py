"""A whole plan as one ZIP file: its plan files as loaded and its entries between them, in the order
of the register.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any

from commitments.evidence import storage
from commitments.exports.columns import entry_row
from commitments.files.entries import COLUMNS
from commitments.models import Entry, Evidence, Flag, Plan, PlanFile
from commitments.register import entries as register

FORMAT = 1
# below what an entries file may hold, so that each part is one
PART = 2 * 1024 * 1024
README = """\
A whole plan, exported from Actionplan. docs/reference/plan-export.md describes the format.

manifest.json   what is here, each file with its SHA-256; `steps` is the order in which they are loaded
plan/           the plan files as they were loaded, byte for byte
entries/        the entries recorded between them, as entries files, in the order of the register
evidence/       the files that entries carry, under new names; the manifest says whose they are
signed-text.txt the signed text, where the plan has one
posts.csv       the posts that recorded entries, without names or addresses; for reading, it is not loaded
flags.csv       what had been flagged; for reading, it is not loaded

To load it into a site that does not have the plan: load_plan_export FILE

What does not travel: accounts and memberships, digests and their ledger, jobs. Entries get new links in a new chain of
hashes; the head of the old one is in the manifest. Cells are as they were recorded: a spreadsheet may take one that
begins with = + - @ for a formula.
"""


class Archive:
    """A ZIP file that remembers the digest of each file in it."""

    def __init__(self, file: IO[bytes], now: datetime) -> None:
        self.zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.moment = now.timetuple()[:6]
        self.digests: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> str:
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
    entries = Entry.objects.filter(plan=plan, number__lte=head.number if head else 0).order_by(
        "number"
    )
    archive = Archive(file, now)
    steps = list(_steps(archive, entries.select_related("text", "to")))
    archive.add("README.md", README.encode())
    archive.add("posts.csv", _table(("id", "post"), _posts(entries)))
    archive.add("flags.csv", _table(FLAG_COLUMNS, _flags(plan)))
    files = list(_evidence(archive, entries))
    if plan.signed_text:
        archive.add("signed-text.txt", plan.signed_text.encode())
    manifest = {
        "format": FORMAT,
        "plan": plan.slug,
        "exported": now.astimezone(UTC).isoformat(),
        "sample": plan.is_sample,
        "entries": head.number if head else 0,
        "head": head.hash if head else "",
        "steps": steps,
        "evidence": files,
        "files": archive.digests,
    }
    archive.add("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    lacking = [
        f"the plan file loaded on {step['loaded'][:10]} is not in it, since its text was not kept: give it to "
        f"`load_plan FILE --keep` (SHA-256 {step['sha256']}), then export again"
        for step in steps
        if step["kind"] == "plan" and not step["file"]
    ]
    if lacking:
        archive.add("LACKING.txt", "\n".join(lacking).encode())
    archive.zip.close()
    return lacking


def _steps(archive: Archive, entries: Any) -> Iterator[dict[str, Any]]:
    """Each plan file with its day and reason, and between them the entries; terms follow from the
    files.
    """
    texts = {
        file.entry_id: bytes(file.content) for file in PlanFile.objects.filter(entry__in=entries)
    }
    lines: list[dict[str, Any]] = []
    size, numbers = 0, {"plan": 0, "entries": 0}

    def part() -> Iterator[dict[str, Any]]:
        nonlocal lines, size
        if lines:
            numbers["entries"] += 1
            name = archive.add(f"entries/{numbers['entries']:03}.csv", _table(COLUMNS, lines))
            yield {"kind": "entries", "file": name, "rows": len(lines)}
        lines, size = [], 0

    for entry in entries.iterator(chunk_size=2000):
        if entry.kind == "plan":
            yield from part()
            numbers["plan"] += 1
            text = texts.get(entry.pk)
            yield {
                "kind": "plan",
                "file": archive.add(f"plan/{numbers['plan']:03}.toml", text)
                if text is not None
                else "",
                "sha256": entry.words,
                "loaded": (entry.recorded_at or entry.loaded_at).isoformat(),
                "reason": entry_row(entry)["reason"],
            }
        elif entry.kind != "terms":
            row = entry_row(entry)
            size += sum(len(str(value)) for value in row.values())
            lines.append(row)
            if size > PART:
                yield from part()
    yield from part()


def _table(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _posts(entries: Any) -> Iterator[dict[str, Any]]:
    named = entries.exclude(kind__in=["plan", "terms"]).exclude(by=None)
    for code, post in named.values_list("code", "by__post"):
        yield {"id": code, "post": post}


def _evidence(archive: Archive, entries: Any) -> Iterator[dict[str, Any]]:
    """What each entry carries, with its bytes as far as they were not removed."""
    found = (
        Evidence.objects.filter(entry__in=entries)
        .select_related("entry")
        .order_by("entry__number", "position")
    )
    for row in found.iterator(chunk_size=100):
        path, name = storage.path_of(row.id), f"evidence/{row.id.hex}"
        there = bool(row.name) and path.exists()
        said = {field: getattr(row, field) for field in ("name", "type", "size", "sha256")}
        yield {
            "entry": row.entry.code,
            **said,
            "file": archive.add(name, path.read_bytes()) if there else "",
        }


FLAG_COLUMNS = ("ref", "instalment", "kind", "since", "noticed", "cleared", "cleared_by")


def _flags(plan: Plan) -> Iterator[dict[str, Any]]:
    for flag in Flag.objects.filter(plan=plan).select_related("obligation").order_by("since", "pk"):
        of = {"ref": flag.obligation.ref, "instalment": flag.obligation.instalment or ""}
        yield of | {name: getattr(flag, name) for name in FLAG_COLUMNS[2:]}
