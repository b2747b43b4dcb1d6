"""The chain of hashes: what the hash of an entry covers, and whether a register is the one recorded.

Each hash covers the entry, the hash before it, and a salted digest in place of the free text, so that
a text can be removed and the chain verifies all the same.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from commitments.models import Entry, Evidence, Plan, PlanFile

FIRST_HASH = "0" * 64
TEXTS = ("reason", "note", "source", "decided_by")
COLUMNS = [field.attname for field in Entry._meta.concrete_fields]


def hash_of(entry: Entry, files: Sequence[str] = ()) -> str:
    """The hash of an entry; `files` are the SHA-256 of each file that it carries, in order."""
    columns = {name: getattr(entry, name) for name in COLUMNS}
    columns["to__number"] = entry.to.number if entry.to else None
    return hashlib.sha256(canonical(entry.plan.slug, columns, files)).hexdigest()


def canonical(slug: str, columns: Mapping[str, Any], files: Sequence[str] = ()) -> bytes:
    """JSON with sorted keys, in UTF-8: ISO dates, times in UTC, amounts with two decimals.

    Names and free text are absent. Without files there is no key for them.
    """
    recorded_at, amount = columns["recorded_at"], columns["amount"]
    content = {
        "amount": None if amount is None else f"{amount:.2f}",
        "by": columns["by_id"],
        "code": columns["code"],
        "currency": columns["currency"],
        "effective": columns["effective"],
        "instalment": columns["instalment"],
        "kind": columns["kind"],
        "loaded_at": columns["loaded_at"].astimezone(UTC).isoformat(),
        "number": columns["number"],
        "plan": slug,
        "previous": columns["previous_hash"],
        "quantity": columns["quantity"],
        "recorded_at": None if recorded_at is None else recorded_at.astimezone(UTC).isoformat(),
        "recorded_day": columns["recorded_day"].isoformat(),
        "ref": columns["ref"],
        "side": columns["side"],
        "terms": columns["terms"],
        "text": columns["text_digest"],
        "to": columns["to__number"],
        "when": columns["when"],
        "words": columns["words"],
    }
    if files:
        content["evidence"] = files
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def digest_of_texts(salt: str, texts: Mapping[str, str]) -> str:
    """The digest that stands for the free text in the chain; empty where there is none."""
    if not any(texts.values()):
        return ""
    salted = salt + json.dumps(texts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(salted.encode()).hexdigest()


def verify_chain(plan: Plan) -> Iterator[str]:
    """What is wrong with a register, the first broken entry first; nothing for a sound one.

    1. Each number follows the one before, each hash is that of its entry and of the hash before.
    2. Each text is the one whose digest the chain holds, unless it was redacted.
    3. Each plan file is the one whose hash is in the words of its entry.
    """
    entries = Entry.objects.filter(plan=plan).order_by("number")
    redactions = entries.filter(kind="redacted").exclude(words="files")
    redacted = set(redactions.values_list("to_id", flat=True))
    files = _hashes_of_files(plan)
    texts = [f"text__{name}" for name in TEXTS]
    rows = entries.values("to__number", "text__salt", *texts, *COLUMNS)
    previous_hash, number = FIRST_HASH, 0
    for row in rows.iterator(chunk_size=2000):
        number += 1
        if row["number"] != number:
            yield f"entry {number} is missing"
            number = row["number"]
        name = f"entry {number} ({row['code']})"
        covered = canonical(plan.slug, row, files.get(row["id"], ()))
        own_hash = hashlib.sha256(covered).hexdigest()
        if row["previous_hash"] != previous_hash or row["hash"] != own_hash:
            yield f"{name} does not match its hash"
        previous_hash = row["hash"]
        is_removed = row["text__salt"] is None and row["id"] in redacted
        if not is_removed and _digest_of_row(row) != row["text_digest"]:
            yield f"the text of {name} is not the one recorded"
    yield from _altered_plan_files(plan)


def _digest_of_row(row: Mapping[str, Any]) -> str:
    if row["text__salt"] is None:
        return ""
    return digest_of_texts(row["text__salt"], {name: row[f"text__{name}"] for name in TEXTS})


def _hashes_of_files(plan: Plan) -> dict[int, list[str]]:
    """The SHA-256 of the files of each entry that carries some."""
    hashes: defaultdict[int, list[str]] = defaultdict(list)
    files = Evidence.objects.filter(entry__plan=plan)
    for entry, sha256 in files.values_list("entry_id", "sha256"):
        hashes[entry].append(sha256)
    return hashes


def _altered_plan_files(plan: Plan) -> Iterator[str]:
    for file in PlanFile.objects.filter(entry__plan=plan).select_related("entry"):
        if hashlib.sha256(bytes(file.content)).hexdigest() != file.entry.words:
            yield f"the plan file of entry {file.entry.number} is not the one recorded"
