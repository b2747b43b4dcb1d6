"""The register's one writer: entries appended under the plan's lock and chained by hash."""

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet, Subquery

from commitments.models import Entry, EntryText, Evidence, Obligation, Plan, PlanFile
from commitments.models.prepared import Slot, prepared
from commitments.models.querysets import add
from commitments.rules.dates import Window, parse

FIRST_HASH = "0" * 64


@dataclass(kw_only=True)
class Draft:
    """An entry before it is appended. `to` is the entry that it names; `when` a new deadline in
    EDTF.
    """

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
    # files, stored already; the entry's hash holds theirs
    evidence: tuple[Evidence, ...] = ()

    @property
    def window(self) -> Window:
        return parse(self.effective)

    @property
    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in TEXTS}


TEXTS = ("reason", "note", "source", "decided_by")
# what a draft and an entry have in common, by name
COMMON = [field.name for field in fields(Draft) if field.name not in (*TEXTS, "to", "evidence")]


@prepared
def _head_and_named() -> QuerySet[Entry]:
    entries = Entry.objects.filter(plan=Slot("plan"))
    head = Subquery(entries.order_by("-number").values("number")[:1])
    return entries.filter(Q(number=head) | Q(code=Slot("code"))).order_by("number")


def head_and_named(plan: Plan, code: str = "") -> tuple[Entry | None, Entry | None]:
    """The last entry, and the one of this code, which can be the same; for a caller that holds the
    plan's lock.
    """
    found = _head_and_named()(plan=plan.pk, code=code)
    return (found[-1] if found else None), next(
        (entry for entry in found if entry.code == code), None
    )


def append(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    by: int | None,
    now: datetime,
    after: Entry | None = None,
) -> list[Entry]:
    """Append the drafts in order, for a caller that holds the plan's lock. Standings are its next
    step.

    `after`: the last entry, where it was read under this lock already.
    """
    assert transaction.get_connection().in_atomic_block
    head = after or head_of(plan)
    before, previous = (head.number, head.hash) if head else (0, FIRST_HASH)
    batch: dict[str, Entry] = {}
    texts = []
    for number, draft in enumerate(drafts, before + 1):
        salt = secrets.token_hex(16)
        entry = Entry(
            plan=plan,
            number=number,
            loaded_at=now,
            by_id=by,
            previous_hash=previous,
            **_columns(draft, salt),
        )
        # a draft may name one of the same batch, which is not written yet
        entry.to = batch[draft.to.code] if draft.to and draft.to.pk is None else draft.to
        entry.hash = previous = hash_of(entry, [file.sha256 for file in draft.evidence])
        batch[entry.code] = entry
        if any(draft.texts.values()):
            texts.append(EntryText(entry=entry, salt=salt, **draft.texts))
    _insert(list(batch.values()), texts)
    Plan.objects.filter(pk=plan.pk).raise_version()
    for draft in drafts:
        for position, file in enumerate(draft.evidence, 1):
            file.entry, file.position = batch[draft.code], position
    add(Evidence, [file for draft in drafts for file in draft.evidence])
    return list(batch.values())


def _insert(entries: list[Entry], texts: list[EntryText]) -> None:
    ready: list[Entry] = []
    for entry in entries:
        if entry.to:
            if entry.to.pk is None:
                add(Entry, ready)
                ready = []
            entry.to_id = entry.to.pk
        ready.append(entry)
    add(Entry, ready)
    for text in texts:
        text.entry_id = text.entry.pk
    add(EntryText, texts)


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
    """The salted digest that stands for an entry's free text in the chain; empty where there is
    none.
    """
    if not any(texts.values()):
        return ""
    return _digest(salt, **texts)


def _digest(salt: str, reason: str, note: str, source: str, decided_by: str) -> str:
    """JSON with sorted keys, written out: this and `canonical` are asked for each entry when the
    chain is verified.
    """
    texts = (
        f'{salt}{{"decided_by": {quoted(decided_by)}, "note": {quoted(note)}, '
        f'"reason": {quoted(reason)}, "source": {quoted(source)}}}'
    )
    return hashlib.sha256(texts.encode()).hexdigest()


# the columns of an entry that its hash holds, in the order in which `canonical` takes them
CHAINED = (
    *(
        "number",
        "code",
        "kind",
        "ref",
        "instalment",
        "effective",
        "recorded_day",
        "recorded_at",
        "loaded_at",
        "side",
    ),
    *(
        "by_id",
        "to__number",
        "when",
        "words",
        "quantity",
        "amount",
        "currency",
        "terms",
        "text_digest",
    ),
    "previous_hash",
)
quoted = json.encoder.encode_basestring
encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def hash_of(entry: Entry, files: Sequence[str] = ()) -> str:
    """SHA-256 over the canonical entry and the hash before it; `files`: the SHA-256 of each file
    that it carries.
    """
    return hashlib.sha256(canonical(quoted(entry.plan.slug), columns_of(entry), files)).hexdigest()


def columns_of(entry: Entry) -> list[Any]:
    return [
        (entry.to.number if entry.to else None) if name == "to__number" else getattr(entry, name)
        for name in CHAINED
    ]


def canonical(plan: str, row: Sequence[Any], files: Sequence[str] = ()) -> bytes:
    """JSON, keys sorted, UTF-8: ISO dates, times in UTC, two decimals; names and free text are
    absent.

    `plan` is its slug, quoted. Without files there is no key for them.
    """
    (
        number,
        code,
        kind,
        ref,
        instalment,
        effective,
        recorded_day,
        recorded_at,
        loaded_at,
        side,
        *rest,
    ) = row
    by, to, when, words, quantity, amount, currency, terms, text, previous = rest
    values = (
        "null" if amount is None else f'"{amount:.2f}"',
        "null" if by is None else by,
        quoted(code),
        quoted(currency),
        quoted(effective),
        f'"evidence":{encoded(files)},' if files else "",
        "null" if instalment is None else instalment,
        quoted(kind),
        loaded_at.astimezone(UTC).isoformat(),
        number,
        plan,
        quoted(previous),
        "null" if quantity is None else quantity,
        "null" if recorded_at is None else f'"{recorded_at.astimezone(UTC).isoformat()}"',
        recorded_day.isoformat(),
        quoted(ref),
        quoted(side),
        "null" if terms is None else encoded(terms),
        quoted(text),
        "null" if to is None else to,
        quoted(when),
        quoted(words),
    )
    return (CANONICAL % values).encode()


CANONICAL = (
    '{"amount":%s,"by":%s,"code":%s,"currency":%s,"effective":%s,%s"instalment":%s,"kind":%s,"loaded_at":"%s",'
    '"number":%s,"plan":%s,"previous":%s,"quantity":%s,"recorded_at":%s,"recorded_day":"%s","ref":%s,"side":%s,'
    '"terms":%s,"text":%s,"to":%s,"when":%s,"words":%s}'
)


def broken(plan: Plan) -> Iterator[str]:
    """What is wrong with the chain, the first broken entry first; nothing for a sound register."""
    previous, expected, slug = FIRST_HASH, 1, quoted(plan.slug)
    entries = Entry.objects.filter(plan=plan)
    redacted = set(
        entries.filter(kind="redacted").exclude(words="files").values_list("to_id", flat=True)
    )
    files: defaultdict[int, list[str]] = defaultdict(list)
    for pk, sha256 in Evidence.objects.filter(entry__plan=plan).values_list("entry_id", "sha256"):
        files[pk].append(sha256)
    rows = entries.order_by("number").values_list(
        "pk", "hash", "text__salt", *(f"text__{name}" for name in TEXTS), *CHAINED
    )
    for pk, own, salt, reason, note, source, decided_by, *row in rows.iterator(chunk_size=2000):
        number, code, text, before = row[0], row[1], row[-2], row[-1]
        if number != expected:
            yield f"entry {expected} is missing"
        link = hashlib.sha256(canonical(slug, row, files.get(pk, ()))).hexdigest()
        if before != previous or link != own:
            yield f"entry {number} ({code}) does not match its hash"
        texts = {"reason": reason, "note": note, "source": source, "decided_by": decided_by}
        found = "" if salt is None else digest(salt, texts)
        if found != text and not (salt is None and pk in redacted):
            yield f"the text of entry {number} ({code}) is not the one recorded"
        previous, expected = own, number + 1
    for file in PlanFile.objects.filter(entry__plan=plan).select_related("entry"):
        if hashlib.sha256(bytes(file.content)).hexdigest() != file.entry.words:
            yield f"the plan file of entry {file.entry.number} is not the one recorded"


def civil_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
