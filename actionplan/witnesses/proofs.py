"""Entries as they are hashed, with all that somebody else needs to compute their hashes again."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any, TypedDict

from commitments.models import Entry, Evidence, Plan
from commitments.models.register import is_hidden
from commitments.register.hash_chain import COLUMNS, TEXTS, canonical, describe_file


class Proof(TypedDict):
    content: dict[str, object]
    hash: str
    text: dict[str, str] | None
    names: list[dict[str, str] | None]


# entries in one answer
BATCH = 500


def iter_proofs(
    plan: Plan, *, after: int, most: int | None = None, hidden_on: date | None = None
) -> Iterator[Proof]:
    """Each entry after this number, in order, as docs/reference/checkpoints.md describes it.

    Texts and names are left out where they were removed, and those that are hidden on a day.
    """
    entries = Entry.objects.filter(plan=plan, number__gt=after).order_by("number")
    entries = entries.select_related("plan", "text", "to")
    hidden_texts = _hidden_entries(plan, "text", hidden_on)
    hidden_files = _hidden_entries(plan, "files", hidden_on)
    if most is not None:
        entries = entries[:most]
    files = _files_by_entry(plan, after)
    for entry in entries.iterator(chunk_size=BATCH):
        carried = files.get(entry.pk, [])
        text = None if entry.pk in hidden_texts else getattr(entry, "text", None)
        names = [None if entry.pk in hidden_files else _name_of(file) for file in carried]
        yield {
            "content": _content_of(entry, carried),
            "hash": entry.hash,
            "text": text and {"salt": text.salt, **{name: getattr(text, name) for name in TEXTS}},
            "names": names,
        }


def _hidden_entries(plan: Plan, part: str, on: date | None) -> set[int]:
    if on is None:
        return set()
    entries = Entry.objects.filter(is_hidden(part, on), plan=plan)
    return set(entries.values_list("pk", flat=True))


def _content_of(entry: Entry, files: list[Evidence]) -> Any:
    columns = {name: getattr(entry, name) for name in COLUMNS}
    columns["to__number"] = entry.to.number if entry.to else None
    described = [describe_file(file, entry.form) for file in files]
    return json.loads(canonical(entry.plan.slug, columns, described))


def _name_of(file: Evidence) -> dict[str, str] | None:
    return {"salt": file.salt, "name": file.name} if file.name_digest and file.name else None


def _files_by_entry(plan: Plan, after: int) -> dict[int, list[Evidence]]:
    files: defaultdict[int, list[Evidence]] = defaultdict(list)
    carried = Evidence.objects.filter(entry__plan=plan, entry__number__gt=after)
    for file in carried.order_by("entry_id", "position"):
        files[file.entry_id].append(file)
    return files
