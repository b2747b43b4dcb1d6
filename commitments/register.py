"""The register's one writer: entries appended under the plan's lock and chained by hash."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from commitments.dates import Window, parse
from commitments.models import Entry, EntryText, Obligation, Plan

FIRST_HASH = "0" * 64


@dataclass(kw_only=True)
class Draft:
    """An entry before it is appended. `to` is the entry that it names; `when` a new deadline in EDTF."""

    kind: str
    code: str
    effective: str
    recorded_day: date
    recorded_at: datetime | None = None
    ref: str = ""
    instalment: int | None = None
    obligation: Obligation | None = None
    side: str = ""
    to: Entry | None = None
    when: str = ""
    words: str = ""
    quantity: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    terms: dict[str, Any] | None = None
    reason: str = ""
    note: str = ""
    source: str = ""
    decided_by: str = ""

    @property
    def window(self) -> Window:
        return parse(self.effective)

    @property
    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in TEXTS}


TEXTS = ("reason", "note", "source", "decided_by")
# what a draft and an entry have in common, by name
COMMON = [field.name for field in fields(Draft) if field.name not in (*TEXTS, "to")]


def append(plan: Plan, drafts: Sequence[Draft], *, by: int | None, now: datetime) -> list[Entry]:
    """Append the drafts in order; to be called inside a transaction. Standings are the caller's next step."""
    assert transaction.get_connection().in_atomic_block
    Plan.objects.select_for_update().get(pk=plan.pk)
    head = head_of(plan)
    before, previous = (head.number, head.hash) if head else (0, FIRST_HASH)
    batch: dict[str, Entry] = {}
    texts = []
    for number, draft in enumerate(drafts, before + 1):
        salt = secrets.token_hex(16)
        entry = Entry(
            plan=plan, number=number, loaded_at=now, by_id=by, previous_hash=previous, **_columns(draft, salt)
        )
        # a draft may name one of the same batch, which is not written yet
        entry.to = batch[draft.to.code] if draft.to and draft.to.pk is None else draft.to
        entry.hash = previous = hash_of(entry)
        batch[entry.code] = entry
        if any(draft.texts.values()):
            texts.append(EntryText(entry=entry, salt=salt, **draft.texts))
    _insert(list(batch.values()), texts)
    return list(batch.values())


def _insert(entries: list[Entry], texts: list[EntryText]) -> None:
    ready: list[Entry] = []
    for entry in entries:
        if entry.to and entry.to.pk is None:
            Entry.objects.bulk_create(ready)
            ready = []
            entry.to_id = entry.to.pk
        ready.append(entry)
    Entry.objects.bulk_create(ready)
    for text in texts:
        text.entry_id = text.entry.pk
    EntryText.objects.bulk_create(texts)


def _columns(draft: Draft, salt: str) -> dict[str, Any]:
    window = draft.window
    return {
        **{name: getattr(draft, name) for name in COMMON},
        "first_day": window.first,
        "last_day": window.last,
        "text_digest": digest(salt, draft.texts),
    }


def head_of(plan: Plan) -> Entry | None:
    return Entry.objects.filter(plan=plan).order_by("-number").first()


def digest(salt: str, texts: dict[str, str]) -> str:
    """The salted digest that stands for an entry's free text in the chain; empty where there is none."""
    if not any(texts.values()):
        return ""
    return hashlib.sha256((salt + json.dumps(texts, sort_keys=True, ensure_ascii=False)).encode()).hexdigest()


def hash_of(entry: Entry) -> str:
    """SHA-256 over the canonical entry and the hash before it."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def canonical(entry: Entry) -> bytes:
    """JSON, keys sorted, UTF-8: ISO dates, times in UTC, two decimals; names and free text are absent."""
    content = {
        "plan": entry.plan.slug,
        "number": entry.number,
        "code": entry.code,
        "kind": entry.kind,
        "ref": entry.ref,
        "instalment": entry.instalment,
        "effective": entry.effective,
        "recorded_day": entry.recorded_day.isoformat(),
        "recorded_at": entry.recorded_at and entry.recorded_at.astimezone(UTC).isoformat(),
        "loaded_at": entry.loaded_at.astimezone(UTC).isoformat(),
        "side": entry.side,
        "by": entry.by_id,
        "to": entry.to.number if entry.to else None,
        "when": entry.when,
        "words": entry.words,
        "quantity": entry.quantity,
        "amount": None if entry.amount is None else f"{entry.amount:.2f}",
        "currency": entry.currency,
        "terms": entry.terms,
        "text": entry.text_digest,
        "previous": entry.previous_hash,
    }
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def broken(plan: Plan) -> Iterator[str]:
    """What is wrong with the chain, the first broken entry first; nothing for a sound register."""
    previous, expected = FIRST_HASH, 1
    entries = Entry.objects.filter(plan=plan).select_related("to").order_by("number")
    texts = {text.entry_id: text for text in EntryText.objects.filter(entry__plan=plan)}
    redacted = set(entries.filter(kind="redacted").values_list("to_id", flat=True))
    for entry in entries.iterator(chunk_size=2000):
        entry.plan = plan
        if entry.number != expected:
            yield f"entry {expected} is missing"
        if entry.previous_hash != previous or hash_of(entry) != entry.hash:
            yield f"entry {entry.number} ({entry.code}) does not match its hash"
        text = texts.get(entry.pk)
        found = digest(text.salt, {name: getattr(text, name) for name in TEXTS}) if text else ""
        if found != entry.text_digest and not (text is None and entry.pk in redacted):
            yield f"the text of entry {entry.number} ({entry.code}) is not the one recorded"
        previous, expected = entry.hash, entry.number + 1


def civil_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
