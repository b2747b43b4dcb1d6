"""The columns of lists as files, one line each: codes and ISO dates, the same in any language
(docs/reference/exports.md).
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import DateField, F, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from commitments.exports.writers import Columns, Export, reader_of
from commitments.models import Entry, Evidence, PublicEntry
from commitments.pages.page import Page
from commitments.rules.states import days_counted, days_passed

# A standing with what `actions_export` adds to it


def count_days(standing: Any) -> int | None:
    return days_counted(standing.state, standing.anchor, standing.late, standing.on)


def count_original_days(standing: Any) -> int | None:
    return days_passed(standing.original_last, standing.original_stop, standing.on)


def is_marked_stale(standing: Any) -> bool:
    return standing.stale_since is not None


ACTION_COLUMNS: Columns = {
    "ref": "ref",
    "commitment": "commitment_number",
    "title_en": "title_en",
    "title_fr": "title_fr",
    "modality": "modality",
    "scored": "scored",
    "state": "state",
    "days": count_days,
    "words": "words",
    "first_day": "first_day",
    "last_day": "last_day",
    "original_last_day": "original_last",
    "original_days": count_original_days,
    "stale": is_marked_stale,
    "never_reported": "never_reported",
    "confirmed": "confirmed",
    "disputed": "disputed",
    "sides_differ": "sides_differ",
    "confidence": "readable_confidence",
    "delivered": "delivered",
    "target": "target",
}
# what the functions above read besides the columns
COMPUTED_FROM = ("anchor", "late", "original_stop", "stale_since", "on")


def actions_export(page: Page, standings: QuerySet[Any], name: str = "actions") -> Export:
    """One row for each standing, in the order given."""
    annotated = standings.annotate(
        ref=F("obligation__ref"),
        commitment_number=F("obligation__commitment__number"),
        title_en=_title_in("en"),
        title_fr=_title_in("fr"),
        readable_confidence=F("confidence") if page.inside else Value(""),
        on=Value(page.on, output_field=DateField()),
    )
    stored = [source for source in ACTION_COLUMNS.values() if isinstance(source, str)]
    # as tuples with names, since a hundred thousand models would take three times as long
    records = annotated.values_list(*stored, *COMPUTED_FROM, named=True)
    return Export(name, page, ACTION_COLUMNS, records)


def _title_in(language: str) -> Coalesce:
    title = KeyTextTransform(language, "obligation__action__title")
    return Coalesce(title, Value(""), output_field=TextField())


# in place of the name and address of a file that was removed
REMOVED = "-"
# An entry, or what everybody sees of it

ReadableEntry = Entry | PublicEntry


def format_recorded(entry: ReadableEntry) -> str:
    """The time at which it was recorded; the day where no time is known."""
    return (entry.recorded_at or entry.recorded_day).isoformat()


def format_loaded(entry: ReadableEntry) -> str | None:
    if entry.loaded_at is None:
        return None
    return entry.loaded_at.isoformat()


def name_target(entry: ReadableEntry) -> str:
    """The entry that it names, or the date to which it moves a deadline."""
    if entry.to is None:
        return entry.when
    return entry.to.code


def give_words(entry: ReadableEntry) -> str:
    """Its words; who decided, where it moves a deadline."""
    if entry.kind == "moved":
        return _text(entry, "decided_by") or entry.words
    return entry.words


def _text(entry: ReadableEntry, name: str) -> str:
    text: str = getattr(getattr(entry, "text", None), name, "")
    return text


# the first ones have the names of the columns of the entries file
ENTRY_COLUMNS: Columns = {
    "number": "number",
    "id": "code",
    "ref": "ref",
    "kind": "kind",
    "effective": "effective",
    "recorded": format_recorded,
    "loaded": format_loaded,
    "side": "side",
    "quantity": "quantity",
    "amount": "amount",
    "currency": "currency",
    "instalment": "instalment",
    "to": name_target,
    "words": give_words,
    "reason": partial(_text, name="reason"),
    "note": partial(_text, name="note"),
    "source": partial(_text, name="source"),
    "hash": "hash",
}


def entry_row(entry: ReadableEntry) -> dict[str, Any]:
    """The cells of one entry by column, without its files."""
    return {name: reader_of(source)(entry) for name, source in ENTRY_COLUMNS.items()}


def name_file(file: Evidence, page: Page) -> str:
    return file.name or REMOVED


def hash_file(file: Evidence, page: Page) -> str:
    return file.sha256


def link_file(file: Evidence, page: Page) -> str:
    if not file.name:
        return REMOVED
    return settings.SITE_URL + page.url("evidence", file.pk)


# what is said of each file of an entry; several files stand in one cell
FILE_COLUMNS = {
    "evidence": name_file,
    "evidence_sha256": hash_file,
    "evidence_url": link_file,
}


def entries_export(page: Page, entries: QuerySet[Any], name: str = "register") -> Export:
    """One row for each entry, under the names of the entries file, with its place in the chain and
    its files.
    """
    files_of: dict[int, list[Evidence]] = defaultdict(list)
    if page.inside:
        entries = entries.select_related(None).select_related("text", "to")
        # read once for all entries, since few have any
        for file in Evidence.objects.filter(entry__plan=page.plan):
            files_of[file.entry_id].append(file)

    def join_files(entry: ReadableEntry, describe: Callable[[Evidence, Page], str]) -> str:
        return " | ".join(describe(file, page) for file in files_of.get(entry.pk, ()))

    file_columns: Columns = {
        column: partial(join_files, describe=describe) for column, describe in FILE_COLUMNS.items()
    }
    return Export(name, page, ENTRY_COLUMNS | file_columns, entries)
