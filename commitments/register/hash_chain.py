"""The chain of hashes: what the hash of an entry covers, and whether a register is the one recorded.

Each hash covers the entry, the hash before it, and salted digests in place of free text and names
of files, so that these can be removed and the chain verifies all the same. The page
docs/reference/canonical-form.md describes both forms in which entries are hashed.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from commitments.findings import Finding
from commitments.models import Entry, Evidence, Obligation, Plan, PlanFile, SignedText
from commitments.rules.dates import DateError, parse

FIRST_HASH = "0" * 64
# the form in which entries are hashed now; those of the first one have none in their column
FORM = 2
TEXTS = ("reason", "note", "source", "decided_by")
COLUMNS = [field.attname for field in Entry._meta.concrete_fields]
# what verification computes again from columns that are hashed
RECOMPUTED = ("first_day", "last_day", "obligation_id")
# of the row alone: nothing follows from them
BOOKKEEPING = ("id",)
SEALED = "sealed"


def hash_of(entry: Entry, files: Sequence[Evidence] = ()) -> str:
    """The hash of an entry with the files that it carries, in order."""
    columns = {name: getattr(entry, name) for name in COLUMNS}
    columns["to__number"] = entry.to.number if entry.to else None
    described = [describe_file(file, entry.form) for file in files]
    return hashlib.sha256(canonical(entry.plan.slug, columns, described)).hexdigest()


def write_amount(amount: Decimal) -> str:
    """The amount with two decimals, or as many as it needs."""
    text = f"{amount:.2f}"
    if Decimal(text) == amount:
        return text
    return f"{amount.normalize():f}"


def canonical(slug: str, columns: Mapping[str, Any], files: Sequence[object] = ()) -> bytes:
    """What is hashed: JSON with sorted keys, in UTF-8: ISO dates, times in UTC, amounts with two
    decimals, or more where they have more.

    Names and free text are absent. Without files there is no key for them, and in the first form
    none for the form; what a file stated as recorded has one where that decides nothing.
    """
    amount = columns["amount"]
    content = {
        "amount": None if amount is None else write_amount(amount),
        "by": columns["by_id"],
        "code": columns["code"],
        "currency": columns["currency"],
        "effective": columns["effective"],
        "instalment": columns["instalment"],
        "kind": columns["kind"],
        "loaded_at": _write_moment(columns["loaded_at"]),
        "number": columns["number"],
        "plan": slug,
        "previous": columns["previous_hash"],
        "quantity": columns["quantity"],
        "recorded_at": _write_moment(columns["recorded_at"]),
        "recorded_day": columns["recorded_day"].isoformat(),
        "ref": columns["ref"],
        "side": columns["side"],
        "terms": columns["terms"],
        "text": columns["text_digest"],
        "to": columns["to__number"],
        "when": columns["when"],
        "words": columns["words"],
    }
    if columns["form"]:
        content["form"] = columns["form"]
    if files:
        content["evidence"] = files
    if columns["stated_recorded"]:
        content["stated_recorded"] = columns["stated_recorded"]
    return write_json(content).encode()


def _write_moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def write_json(content: object) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def describe_file(file: Evidence, form: int | None) -> object:
    """What the hash of an entry covers of a file: its SHA-256, in the second form its name, type and
    size as well.
    """
    if not form:
        return file.sha256
    return {
        "name": file.name_digest,
        "sha256": file.sha256,
        "size": file.size,
        "type": file.type,
    }


def digest_of_texts(salt: str, texts: Mapping[str, str]) -> str:
    """The digest that stands for the free text in the chain; empty where there is none."""
    if not any(texts.values()):
        return ""
    return sha256_of(salt + json.dumps(texts, sort_keys=True, ensure_ascii=False))


def digest_of_name(salt: str, name: str) -> str:
    """The digest that stands for the name of a file in the chain."""
    return sha256_of(salt + name)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def signed_text_digest(text: str) -> str:
    """The SHA-256 of a signed text; empty where a plan has none."""
    return sha256_of(text) if text else ""


def verify_chain(plan: Plan) -> Iterator[Finding]:
    """What is wrong with a register, in the order of its entries; nothing for a sound one.

    1. Each number follows the one before, each hash is that of its entry and of the hash before.
    2. The columns that are not hashed follow from those that are.
    3. Each text is the one whose digest the chain holds, unless it was redacted.
    4. Each plan file, signed text and name of a file is the one whose digest the chain holds.
    """
    files = _files_by_entry(plan)
    yield from _altered_entries(plan, files)
    yield from _altered_names(plan, files)
    yield from _altered_plan_files(plan)
    yield from _altered_signed_texts(plan)
    yield from _altered_since_seals(plan)


def _altered_entries(plan: Plan, files: Mapping[int, list[Evidence]]) -> Iterator[Finding]:
    entries = Entry.objects.filter(plan=plan).order_by("number")
    redacted = _redacted_entries(plan, but_for="files")
    obligations = _obligation_keys(plan)
    end_of_first_form = _end_of_first_form(entries)
    texts = [f"text__{name}" for name in TEXTS]
    rows = entries.values("to__number", "to__plan_id", "text__salt", *texts, *COLUMNS)
    previous_hash = FIRST_HASH
    number = 0
    for row in rows.iterator(chunk_size=2000):
        for missing in range(number + 1, min(row["number"], number + 11)):
            yield Finding("missing-entry", {"number": missing})
        number = row["number"]
        name = {"number": number, "code": row["code"]}
        described = [describe_file(file, row["form"]) for file in files.get(row["id"], ())]
        own_hash = hashlib.sha256(canonical(plan.slug, row, described)).hexdigest()
        if row["previous_hash"] != previous_hash or row["hash"] != own_hash:
            yield Finding("hash", name)
        previous_hash = row["hash"]
        for column in _wrong_columns(row, obligations):
            yield Finding("column", {"column": column, **name})
        for kind in _wrong_text(row, is_redacted=row["id"] in redacted):
            yield Finding(kind, name)
        if not row["form"] and end_of_first_form is not None and number > end_of_first_form:
            yield Finding("first-form", name)


def _end_of_first_form(entries: QuerySet[Entry]) -> int | None:
    """The number behind which no entry is of the first form; None where all may be."""
    last_seal = entries.filter(kind=SEALED).values_list("number", flat=True).last()
    begins_in_second_form = entries.filter(number=1).exclude(form=None).exists()
    return 0 if last_seal is None and begins_in_second_form else last_seal


def _wrong_text(row: Mapping[str, Any], *, is_redacted: bool) -> Iterator[str]:
    is_removed = row["text__salt"] is None and is_redacted
    if is_redacted and not is_removed:
        yield "text-back"
    if not is_removed and _digest_of_row(row) != row["text_digest"]:
        yield "text"


def _wrong_columns(row: Mapping[str, Any], obligations: Mapping[Any, int]) -> Iterator[str]:
    """The columns that do not follow from those that are hashed."""
    try:
        window = parse(row["effective"])
    except DateError:
        # the hash does not match either
        return
    if row["first_day"] != window.first:
        yield "first_day"
    if row["last_day"] != window.last:
        yield "last_day"
    if row["obligation_id"] != obligations.get((row["ref"], row["instalment"] or 0)):
        yield "obligation"
    if row["to_id"] is not None and row["to__plan_id"] != row["plan_id"]:
        yield "to"


def _obligation_keys(plan: Plan) -> dict[Any, int]:
    obligations = Obligation.objects.filter(plan=plan)
    return {
        (ref, instalment): key
        for ref, instalment, key in obligations.values_list("ref", "instalment", "pk")
    }


def _redacted_entries(plan: Plan, *, but_for: str) -> set[int | None]:
    """The entries of which a redaction removed more than their `text`, or more than their `files`."""
    redactions = Entry.objects.filter(plan=plan, kind="redacted").exclude(words=but_for)
    return set(redactions.values_list("to_id", flat=True))


def _digest_of_row(row: Mapping[str, Any]) -> str:
    if row["text__salt"] is None:
        return ""
    return digest_of_texts(row["text__salt"], {name: row[f"text__{name}"] for name in TEXTS})


def _files_by_entry(plan: Plan) -> Mapping[int, list[Evidence]]:
    """The files of each entry that carries some, in order."""
    files: defaultdict[int, list[Evidence]] = defaultdict(list)
    rows = Evidence.objects.filter(entry__plan=plan).select_related("entry")
    for file in rows.order_by("entry__number", "position"):
        files[file.entry_id].append(file)
    return files


def _altered_names(plan: Plan, files: Mapping[int, list[Evidence]]) -> Iterator[Finding]:
    """The names of files that are not those of the chain, and positions other than 1, 2, 3 …"""
    redacted = _redacted_entries(plan, but_for="text")
    for of_entry in files.values():
        for position, file in enumerate(of_entry, start=1):
            if not file.name:
                is_sound = file.entry_id in redacted
            else:
                # without a digest it is of the first form, and not sealed yet
                own_digest = digest_of_name(file.salt, file.name)
                is_sound = not (file.name_digest or file.salt) or file.name_digest == own_digest
            if not is_sound or file.position != position:
                values = {"position": file.position, "number": file.entry.number}
                yield Finding("file-name", values)


def _altered_plan_files(plan: Plan) -> Iterator[Finding]:
    """The plan files that are altered or lost. Entries of the second form keep their file; before
    them the text may have been lost.
    """
    entries = Entry.objects.filter(plan=plan, kind="plan").order_by("number")
    for entry in entries.select_related("file"):
        file = getattr(entry, "file", None)
        is_lost = file is None and entry.form is not None
        if is_lost or (file and hashlib.sha256(bytes(file.content)).hexdigest() != entry.words):
            yield Finding("plan-file", {"number": entry.number})
    strays = PlanFile.objects.filter(entry__plan=plan).exclude(entry__kind="plan")
    for number in strays.values_list("entry__number", flat=True):
        yield Finding("plan-file", {"number": number})


def _altered_signed_texts(plan: Plan) -> Iterator[Finding]:
    """The signed texts that are altered or lost. Each is kept with the first entry that names its
    digest.
    """
    stored = SignedText.objects.filter(entry__plan=plan).select_related("entry")
    digests = {file.entry_id: signed_text_digest(file.content) for file in stored}
    current = ""
    entries = Entry.objects.filter(plan=plan, kind__in=("plan", SEALED)).order_by("number")
    for entry in entries:
        stated = (entry.terms or {}).get("signed_text", current)
        digest = digests.pop(entry.pk, current)
        if digest != stated:
            yield Finding("signed-text", {"number": entry.number})
        current = stated
    for file in stored:
        if file.entry_id in digests:
            yield Finding("signed-text", {"number": file.entry.number})


def describe_first_form(plan: Plan, before: int) -> dict[str, Any]:
    """What a seal says of the entries of the first form before it: their files and plan files."""
    entries = Entry.objects.filter(plan=plan, form=None, number__lt=before)
    files = Evidence.objects.filter(entry__in=entries).select_related("entry")
    plan_files = PlanFile.objects.filter(entry__in=entries).order_by("entry__number")
    return {
        "evidence": [
            {
                "entry": file.entry.number,
                "name": file.name_digest,
                "position": file.position,
                "sha256": file.sha256,
                "size": file.size,
                "type": file.type,
            }
            for file in files.order_by("entry__number", "position")
        ],
        "files": list(plan_files.values_list("entry__number", flat=True)),
    }


def _altered_since_seals(plan: Plan) -> Iterator[Finding]:
    for seal in Entry.objects.filter(plan=plan, kind=SEALED).order_by("number"):
        sealed = seal.terms or {}
        now = describe_first_form(plan, seal.number)
        sealed_rows = _by_place(sealed.get("evidence", []))
        rows = _by_place(now["evidence"])
        for place in sorted(sealed_rows.keys() | rows.keys()):
            if sealed_rows.get(place) != rows.get(place):
                number, position = place
                values = {"file_of": number, "position": position, "number": seal.number}
                yield Finding("sealed-file", values)
        for number in set(sealed.get("files", [])) - set(now["files"]):
            yield Finding("plan-file", {"number": number})


def _by_place(rows: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """The files as a seal describes them, by the number of their entry and their position."""
    return {(row["entry"], row["position"]): row for row in rows}
