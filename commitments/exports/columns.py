"""The columns of lists as files, one line each: codes and ISO dates, the same in any language
(docs/reference/exports.md).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import DateField, F, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from commitments.exports.writers import Columns, Export, reader_of
from commitments.models import Entry, Evidence, PublicEntry
from commitments.pages.page import Page
from commitments.register.entry_types import QUESTION, RIGHTS, takes_meeting
from commitments.register.hash_chain import write_amount
from commitments.register.histories import read_recurrences
from commitments.rules.states import days_counted, days_passed
from commitments.text import number_or_text

# A standing with what `actions_export` adds to it


def count_days(standing: Any) -> int | None:
    return days_counted(standing.state, standing.anchor, standing.late, standing.on)


def count_original_days(standing: Any) -> int | None:
    return days_passed(standing.original_last, standing.original_stop, standing.on)


def give_commitment_number(standing: Any) -> int | str:
    return number_or_text(standing.commitment_number)


def is_marked_stale(standing: Any) -> bool:
    return standing.stale_since is not None


def count_short(standing: Any, counts: Mapping[str, int]) -> int | None:
    """How many periods of a recurring action fell short."""
    if not standing.every:
        return None
    return counts.get(standing.ref, 0)


ACTION_COLUMNS: Columns = {
    "ref": "ref",
    "commitment": give_commitment_number,
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
    "progress": "progress",
    # gets its counts from `actions_export`
    "periods_short": count_short,
    "level": "level",
    "reading": "reading",
}
# what the functions above read besides the columns
COMPUTED_FROM = (
    "commitment_number",
    "anchor",
    "late",
    "original_stop",
    "stale_since",
    "on",
    "every",
)


def actions_export(page: Page, standings: QuerySet[Any], name: str = "actions") -> Export:
    """One row for each standing, in the order given."""
    columns, titles = _title_columns(page)
    annotated = standings.annotate(
        ref=F("obligation__ref"),
        commitment_number=F("obligation__commitment__number"),
        **titles,
        readable_confidence=F("confidence") if page.inside else Value(""),
        on=Value(page.on, output_field=DateField()),
    )
    stored = [source for source in columns.values() if isinstance(source, str)]
    # as tuples with names, since a hundred thousand models would take three times as long
    records = annotated.values_list(*stored, *COMPUTED_FROM, named=True)
    columns |= {"periods_short": partial(count_short, counts=_short_periods(page))}
    return Export(name, page, columns, records)


def _short_periods(page: Page) -> dict[str, int]:
    """How many periods fell short, by the refs of the actions of which any ever did. No standing
    counts periods, since each count would hold for one period alone.
    """
    fell_short = page.standings.filter(fell_short=True)
    refs = dict(fell_short.values_list("obligation_id", "obligation__ref"))
    recurrences = read_recurrences(page.plan, refs, page.on, page.known_day)
    return {refs[key]: recurrence.periods_short for key, recurrence in recurrences.items()}


def _title_columns(page: Page) -> tuple[Columns, dict[str, Coalesce]]:
    """The columns with a title in each of the plan's languages, and what is read for them."""
    languages: list[str] = page.plan.languages
    titles = {f"title_{language}": _title_in(language, languages) for language in ("en", "fr")}
    other_titles: Columns = {}
    for number, language in enumerate(languages):
        if language not in ("en", "fr"):
            other_titles[f"title_{language}"] = f"title_number_{number}"
            titles[f"title_number_{number}"] = _title_in(language, [])
    columns: Columns = {}
    for column, source in ACTION_COLUMNS.items():
        columns[column] = source
        if column == "title_fr":
            columns |= other_titles
    return columns, titles


def _title_in(language: str, languages: Sequence[str]) -> Coalesce:
    """The title in this language, else in one of the languages that differs by its region only."""
    regional = [name for name in languages if name.startswith(f"{language}-")]
    names = (language, *regional)
    titles = [KeyTextTransform(name, "obligation__action__title") for name in names]
    return Coalesce(*titles, Value(""), output_field=TextField())


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
    if entry.kind == QUESTION:
        return entry.to.code if entry.to else ""
    if entry.to is None or takes_meeting(entry.kind):
        return entry.when
    return entry.to.code


def give_due(entry: ReadableEntry) -> str:
    """When the answer to a question is due."""
    return entry.when if entry.kind == QUESTION else ""


def name_meeting(entry: ReadableEntry) -> str:
    """The meeting at which it was decided."""
    if entry.to is None or not takes_meeting(entry.kind):
        return ""
    return entry.to.code


def name_side_of_target(entry: ReadableEntry) -> str:
    return entry.to.side if entry.to else ""


def give_amount(entry: ReadableEntry) -> Decimal | None:
    """The amount with two decimals, or as many as it needs, whatever the database keeps."""
    if entry.amount is None:
        return None
    return Decimal(write_amount(entry.amount))


def give_words(entry: ReadableEntry) -> str:
    """The words of the entry: who decided, where it moves a deadline; what it says of rights, where
    it is about those.
    """
    if entry.kind == "moved":
        return _text(entry, "decided_by") or entry.words
    if entry.kind == RIGHTS and entry.terms:
        terms = entry.terms
        if terms.get("post_changed"):
            return f"{terms['account']} post"
        words = [str(terms["account"]), terms["role"] or "none", terms["side"], *terms["bodies"]]
        return " ".join(filter(None, words))
    return entry.words


def _text(entry: ReadableEntry, name: str) -> str:
    if getattr(entry, "text_is_hidden", False):
        return ""
    return getattr(getattr(entry, "text", None), name, "")


# the first ones have the names of the columns of the entries file
ENTRY_COLUMNS: Columns = {
    "number": "number",
    "id": "code",
    "ref": "ref",
    "kind": "kind",
    "effective": "effective",
    "recorded": format_recorded,
    "loaded": format_loaded,
    "stated": "stated_recorded",
    "side": "side",
    "quantity": "quantity",
    "amount": give_amount,
    "currency": "currency",
    "instalment": "instalment",
    "to": name_target,
    "meeting": name_meeting,
    "due": give_due,
    "to_side": name_side_of_target,
    "words": give_words,
    "reason": partial(_text, name="reason"),
    "note": partial(_text, name="note"),
    "source": partial(_text, name="source"),
    "hash": "hash",
}


def entry_row(entry: ReadableEntry) -> dict[str, object]:
    """The cells of one entry by column, without its files."""
    return {name: reader_of(source)(entry) for name, source in ENTRY_COLUMNS.items()}


FILE_COLUMNS = ("evidence", "evidence_sha256", "evidence_url")


def file_cells(file: Evidence, page: Page) -> dict[str, str]:
    """What is said of one file of an entry, by column."""
    url = REMOVED
    if file.name:
        url = settings.SITE_URL + page.url("evidence", file.pk)
    return {
        "evidence": file.name or REMOVED,
        "evidence_sha256": file.sha256,
        "evidence_url": url,
    }


def entries_export(page: Page, entries: QuerySet[Any], name: str = "register") -> Export:
    """One row for each entry, under the names of the entries file, with its place in the chain and
    its files.
    """
    files_of: dict[int, list[Evidence]] = defaultdict(list)
    if page.inside:
        entries = entries.select_related(None).select_related("text", "to")
        hidden = set(entries.filter(files_are_hidden=True).values_list("pk", flat=True))
        # read once for all entries, since few have any
        for file in Evidence.objects.filter(entry__plan=page.plan):
            if file.entry_id in hidden:
                file.name = ""
            files_of[file.entry_id].append(file)

    def join_files(entry: ReadableEntry, column: str) -> str:
        return " | ".join(file_cells(file, page)[column] for file in files_of.get(entry.pk, ()))

    file_columns: Columns = {column: partial(join_files, column=column) for column in FILE_COLUMNS}
    return Export(name, page, ENTRY_COLUMNS | file_columns, entries)
