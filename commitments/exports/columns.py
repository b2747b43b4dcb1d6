"""The rows of the lists' files, read as tuples: codes and ISO dates in any language
(docs/reference/exports.md).
"""

from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Func, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from commitments.exports.writers import VIEW, Listing, view_of
from commitments.models import Entry, Evidence
from commitments.pages.page import Page
from commitments.rules.states import days_counted, days_passed

ACTION = (
    *(
        "ref",
        "commitment",
        "title_en",
        "title_fr",
        "modality",
        "scored",
        "state",
        "days",
        "words",
        "first_day",
    ),
    *(
        "last_day",
        "original_last_day",
        "original_days",
        "stale",
        "never_reported",
        "confirmed",
        "disputed",
    ),
    *("sides_differ", "confidence", "delivered", "target"),
)
_ACTION_READ: tuple[Any, ...] = (
    *("obligation__ref", "obligation__commitment__number"),
    # each title by itself: to read the JSON of all languages in Python took a quarter of the whole
    # export
    *(
        Coalesce(
            KeyTextTransform(language, "obligation__action__title"),
            Value(""),
            output_field=TextField(),
        )
        for language in ("en", "fr")
    ),
    *("modality", "scored", "state"),
    *(
        "anchor",
        "late",
        "words",
        "first_day",
        "last_day",
        "original_last",
        "original_stop",
        "stale_since",
    ),
    *(
        "never_reported",
        "confirmed",
        "disputed",
        "sides_differ",
        "confidence",
        "delivered",
        "target",
    ),
)


def actions_export(page: Page, standings: QuerySet[Any], name: str = "actions") -> Listing:
    """One row for each standing, in the order given."""
    on, view = page.on, view_of(page)

    def row(read: tuple[Any, ...]) -> list[Any]:
        named, (state, anchor, late, words, first, last, original, stop, stale, *rest) = (
            read[:7],
            read[6:],
        )
        days = days_counted(state, anchor, late, on)
        passed = days_passed(original, stop, on)
        return [*view, *named, days, words, first, last, original, passed, stale is not None, *rest]

    # tuples pass by what takes the confidence out for readers from outside
    read = [
        Value("") if column == "confidence" and not page.inside else column
        for column in _ACTION_READ
    ]
    return Listing(name, (*VIEW, *ACTION), standings.values_list(*read), row)


ENTRY = (
    *(
        "number",
        "id",
        "ref",
        "kind",
        "effective",
        "recorded",
        "loaded",
        "side",
        "quantity",
        "amount",
        "currency",
    ),
    *("instalment", "to", "words", "reason", "note", "source", "hash"),
    *("evidence", "evidence_sha256", "evidence_url"),
)
NO_FILES = ("", "", "")


class Iso(Func):
    """A time as Python's isoformat writes it in UTC: made by the database, which is the dearest
    part of a long list.
    """

    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **_more: Any) -> Any:
        text = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
        return self.as_sql(
            compiler, connection, template=f"replace({text}, '.000000', '') || '+00:00'"
        )

    def as_sqlite(self, compiler: Any, connection: Any, **_more: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="replace(%(expressions)s, ' ', 'T') || '+00:00'"
        )


# who decided on a move stands where other entries have their words
_WORDS = Case(
    When(~Q(text__decided_by="") & Q(kind="moved", text__isnull=False), then="text__decided_by"),
    default="words",
    output_field=TextField(),
)
_ENTRY_READ: tuple[Any, ...] = (
    *("number", "code", "ref", "kind", "effective"),
    Coalesce(Iso("recorded_at"), Cast("recorded_day", CharField())),
    Iso("loaded_at"),
    *("side", "quantity", "amount", "currency", "instalment"),
    Coalesce("to__code", "when", output_field=CharField()),
    _WORDS,
    *(
        Coalesce(f"text__{name}", Value(""), output_field=TextField())
        for name in ("reason", "note", "source")
    ),
    "hash",
)


def entries_export(page: Page, entries: QuerySet[Entry], name: str = "register") -> Listing:
    """One row for each entry, under the names of the entries file, with its place in the chain and
    its files.
    """
    view = view_of(page)
    if not page.inside:
        # as entries and not as tuples, since only they come without what is internal
        return Listing(
            name,
            (*VIEW, *ENTRY),
            entries,
            lambda entry: [*view, *entry_row(entry).values(), *NO_FILES],
        )
    files = _files(page)

    def row(read: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*view, *read, *files.get(read[0], NO_FILES))

    rows = entries.select_related(None).prefetch_related(None).values_list(*_ENTRY_READ)
    return Listing(name, (*VIEW, *ENTRY), rows, row)


def _files(page: Page) -> dict[int, tuple[str, ...]]:
    """Names, hashes and addresses of the files by the number of their entry; few entries have any."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    files = Evidence.objects.filter(entry__plan=page.plan).values_list(
        "entry__number", "id", "name", "sha256"
    )
    for number, pk, name, sha256 in files:
        address = settings.SITE_URL + page.url("evidence", pk) if name else "-"
        found.setdefault(number, []).append((name or "-", sha256, address))
    return {
        number: tuple(map(" | ".join, zip(*rows, strict=True))) for number, rows in found.items()
    }


def entry_row(entry: Entry) -> dict[str, Any]:
    """One entry read as itself, under the same names, without its files."""
    text = getattr(entry, "text", None)
    decided_by = text.decided_by if text and entry.kind == "moved" else ""
    values = (
        *(entry.number, entry.code, entry.ref, entry.kind, entry.effective),
        (entry.recorded_at or entry.recorded_day).isoformat(),
        entry.loaded_at.isoformat() if entry.loaded_at else None,
        *(entry.side, entry.quantity, entry.amount, entry.currency, entry.instalment),
        *(entry.to.code if entry.to else entry.when, decided_by or entry.words),
        *((text.reason, text.note, text.source) if text else ("", "", "")),
        entry.hash,
    )
    return dict(zip(ENTRY[: -len(NO_FILES)], values, strict=True))
