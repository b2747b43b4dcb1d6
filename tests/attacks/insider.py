"""An insider who has the database for themselves: no trigger, and every hash computed anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from commitments.models import Entry, EntryText, Evidence, Plan, PlanFile, SignedText
from commitments.models.register import EntryStems
from commitments.register.hash_chain import FIRST_HASH, TEXTS, digest_of_texts, hash_of


@contextmanager
def without_triggers() -> Iterator[None]:
    """As a superuser of PostgreSQL has it. On SQLite the triggers are gone for good."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
    yield
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")


def change(plan: Plan, number: int, /, **columns: object) -> None:
    Entry.objects.filter(plan=plan, number=number).update(**columns)


def execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def remove(plan: Plan, *numbers: int) -> None:
    entries = Entry.objects.filter(plan=plan, number__in=numbers)
    keys = list(entries.values_list("pk", flat=True))
    Entry.objects.filter(to__in=keys).update(to=None)
    EntryStems.objects.filter(text__in=keys)._raw_delete(entries.db)
    for model in (EntryText, Evidence, PlanFile, SignedText):
        model.objects.filter(entry__in=keys)._raw_delete(entries.db)
    entries._raw_delete(entries.db)


def swap(plan: Plan, first: int, second: int) -> None:
    """Two entries change places."""
    change(plan, first, number=1_000_000)
    change(plan, second, number=first)
    change(plan, 1_000_000, number=second)


def move_to(plan: Plan, entry: Entry, number: int) -> None:
    """An entry from the end to another place; those behind it make room."""
    change(plan, entry.number, number=1_000_000)
    for behind in range(entry.number - 1, number - 1, -1):
        change(plan, behind, number=behind + 1)
    change(plan, 1_000_000, number=number)


def rewrite_note(plan: Plan, number: int, note: str) -> None:
    """With the digest that the entry has of it."""
    text = EntryText.objects.get(entry__plan=plan, entry__number=number)
    text.note = note
    EntryText.objects.filter(pk=text.pk).update(note=note)
    texts = {name: getattr(text, name) for name in TEXTS}
    change(plan, number, text_digest=digest_of_texts(text.salt, texts))


def compute_hashes_anew(plan: Plan) -> None:
    """Number the entries from 1 again, and link each to the one before."""
    keys = Entry.objects.filter(plan=plan).order_by("number").values_list("pk", flat=True)
    numbers: dict[int | None, int] = {key: number for number, key in enumerate(keys, start=1)}
    previous_hash = FIRST_HASH
    entries = Entry.objects.filter(plan=plan).order_by("number").select_related("plan", "to")
    changed = []
    for number, entry in enumerate(entries.prefetch_related("evidence"), start=1):
        before = (entry.number, entry.previous_hash, entry.hash)
        entry.number = number
        if entry.to:
            entry.to.number = numbers[entry.to_id]
        entry.previous_hash = previous_hash
        files = sorted(entry.evidence.all(), key=lambda file: file.position)
        entry.hash = previous_hash = hash_of(entry, files)
        if (entry.number, entry.previous_hash, entry.hash) != before:
            changed.append(entry)
    for entry in changed:
        columns = {"number": entry.number, "previous_hash": entry.previous_hash}
        Entry.objects.filter(pk=entry.pk).update(**columns, hash=entry.hash)
