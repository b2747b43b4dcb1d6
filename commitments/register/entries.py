"""The register's one writer: entries appended under the plan's lock and chained by hash."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from commitments.models import Entry, EntryText, Evidence, Obligation, Plan
from commitments.register import search_index
from commitments.register.hash_chain import (
    FIRST_HASH,
    FORM,
    TEXTS,
    digest_of_name,
    digest_of_texts,
    hash_of,
)
from commitments.rules.dates import Window, parse
from commitments.text import unify_line_ends


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
    stated_recorded: str | None = None
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
    evidence: Sequence[Evidence] = ()

    @property
    def window(self) -> Window:
        return parse(self.effective)

    @property
    def columns(self) -> dict[str, object]:
        """The columns of the entry itself; texts and files are in tables of their own."""
        names = vars(self).keys() - {*TEXTS, "evidence"}
        return {name: getattr(self, name) for name in names}

    @property
    def texts(self) -> dict[str, str]:
        return {name: unify_line_ends(getattr(self, name)) for name in TEXTS}


def append(plan: Plan, drafts: Sequence[Draft], *, by: int | None, now: datetime) -> list[Entry]:
    """Append the drafts in order, for a caller that holds the plan's lock.

    Standings and flags are the caller's next step. A draft may name an entry of the same batch.
    """
    assert transaction.get_connection().in_atomic_block
    # a code belongs to its side
    entries: dict[tuple[str, str], Entry] = {}
    texts: list[EntryText] = []
    files: list[Evidence] = []
    head = head_of(plan)
    for draft in drafts:
        salt = secrets.token_hex(16)
        entry = Entry(plan=plan, form=FORM, by_id=by, loaded_at=now, **draft.columns)
        # an entry of the same batch is not written yet, and named by the draft's own copy
        if draft.to and draft.to.pk is None:
            entry.to = entries[draft.to.side, draft.to.code]
        entry.first_day, entry.last_day = draft.window.first, draft.window.last
        entry.text_digest = digest_of_texts(salt, draft.texts)
        if entry.text_digest:
            texts.append(EntryText(entry=entry, salt=salt, **draft.texts))
        files += _attach_files(entry, draft.evidence)
        # the hash covers all that is set above
        _chain(entry, head, draft.evidence)
        entries[entry.side, entry.code] = entry
        head = entry
    _insert_entries(list(entries.values()))
    EntryText.objects.bulk_create(texts)
    search_index.index_texts(texts)
    Evidence.objects.bulk_create(files)
    Plan.objects.filter(pk=plan.pk).raise_version()
    return list(entries.values())


def _attach_files(entry: Entry, files: Sequence[Evidence]) -> Sequence[Evidence]:
    for position, file in enumerate(files, start=1):
        file.entry = entry
        file.position = position
        give_digest_of_name(file)
    return files


def _chain(entry: Entry, head: Entry | None, files: Sequence[Evidence]) -> None:
    """Number the entry after the newest one, and hash it together with the hash of that one."""
    entry.number = head.number + 1 if head else 1
    entry.previous_hash = head.hash if head else FIRST_HASH
    entry.hash = hash_of(entry, files)


def give_digest_of_name(file: Evidence) -> None:
    """Give a file the digest that stands for its name in the chain; a removed file has no name any
    more.
    """
    if file.name:
        file.salt = secrets.token_hex(16)
        file.name_digest = digest_of_name(file.salt, file.name)


def _insert_entries(entries: Sequence[Entry]) -> None:
    """Insert in as few statements as the foreign key `to` allows."""
    waiting: list[Entry] = []
    for entry in entries:
        # the entry that it names must have its key before this one is written
        if entry.to and entry.to.pk is None:
            Entry.objects.bulk_create(waiting)
            waiting = []
        waiting.append(entry)
    Entry.objects.bulk_create(waiting)


def head_of(plan: Plan) -> Entry | None:
    """The newest entry of the register; None where it is empty."""
    return Entry.objects.filter(plan=plan).order_by("-number").first()


def civil_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
