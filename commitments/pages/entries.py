"""Entries and actions made ready for a page: words, rights and what the register says of each other
entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, Value, prefetch_related_objects

from commitments.models import Action, Entry, Evidence, PublicEntry, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.register import EntryQuerySet
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.entry_types import KINDS
from commitments.register.permissions import EntryActs, acts_on_entries
from commitments.rules.states import days_passed
from commitments.templatetags.plan import localized

# kinds whose ref is a contribution; their page is the fund
MONEY = ("paid", "refunded", "spent")


def register_of(page: Page) -> EntryQuerySet:
    """What was reported and counts for the page's day, newest first, with what a page shows of it."""
    return register(page.inside, page.known_day <= page.on, **page.slots)


def register(inside: bool, then: bool, plan: Any, on: Any, known: Any) -> EntryQuerySet:
    """The same for values and for slots."""
    files = Exists(Evidence.objects.filter(entry=OuterRef("pk"))) if inside else Value(False)
    shown: EntryQuerySet = lines(inside, then, plan, on, known).annotate(has_files=files)
    return shown.order_by("-number")


def lines(inside: bool, then: bool, plan: Any, on: Any, known: Any) -> EntryQuerySet:
    """The same in no order, and without files."""
    entries = readable_entries(inside).filter(plan_id=plan).known_on_by(on, known, then=then)
    named = _naming(plan, known).filter(to=OuterRef("pk"))
    shown: EntryQuerySet = entries.annotate(named=Exists(named))
    return shown


def readable_entries(inside: bool) -> EntryQuerySet:
    """With all that belongs to an entry, or what of it a public plan shows to everybody."""
    if inside:
        return Entry.objects.select_related("text", "by", "to")
    return PublicEntry.objects.select_related("to")


def bare(entries: Iterable[Entry]) -> list[Entry]:
    """Marks entries that were read without their texts, authors and files as having none to show."""
    found = list(entries)
    for entry in found:
        entry._state.fields_cache |= {"text": None, "by": None}
        entry.has_files = False  # type: ignore[attr-defined]
    return found


def _naming(plan: Any, known: Any) -> EntryQuerySet:
    """Withdrawals, as known, and redactions, which nothing undoes on any day."""
    withdrawals = Q(kind="withdrawn", recorded_day__lte=known)
    found: EntryQuerySet = Entry.objects.filter(withdrawals | Q(kind="redacted"), plan=plan)
    return found


NAMING = ("pk", "number", "kind", "to_id", "recorded_day", "words", "text__reason")


def naming(entries: Iterable[Entry], page: Page) -> list[dict[str, Any]]:
    """What withdraws or redacts these entries, and what withdraws that; the newest first."""
    found: dict[int, dict[str, Any]] = {}
    new = {entry.pk for entry in entries if getattr(entry, "named", True)}
    while new:
        slots = {f"to{place}": pk for place, pk in enumerate(new)}
        more = _naming_some(len(new))(plan=page.plan.pk, known=page.known_day, **slots)
        new = {row["pk"] for row in more if row["again"]} - found.keys()
        found |= {row["pk"]: row if page.inside else row | {"text__reason": ""} for row in more}
    return sorted(found.values(), key=lambda row: -row["number"])


@prepared
def _naming_some(count: int) -> Any:
    rows = _naming(Slot("plan"), Slot("known"))
    again = Exists(rows.filter(to=OuterRef("pk")))
    any_of = reduce(or_, (Q(to=Slot(f"to{place}")) for place in range(count)))
    return rows.filter(any_of).values(*NAMING, again=again)


def withdrawn(named: Iterable[Mapping[str, Any]]) -> set[int]:
    """Keys of what is withdrawn by these, the newest first; a withdrawn withdrawal has no effect."""
    void: set[int] = set()
    for row in named:
        if row["kind"] == "withdrawn" and row["pk"] not in void:
            void.add(row["to_id"])
    return void


@dataclass
class Shown:
    """One entry as the pages show it."""

    entry: Entry
    kind_label: str
    post: str
    withdrawn: bool
    is_link: bool
    can_withdraw: bool
    can_confirm: bool
    url: str
    words_label: str
    title: dict[str, str]
    redactions: list[dict[str, Any]]

    @property
    def files(self) -> list[Evidence]:
        return list(self.entry.evidence.all()) if getattr(self.entry, "has_files", True) else []

    @property
    def money(self) -> dict[str, Decimal]:
        return {self.entry.currency: self.entry.amount} if self.entry.amount else {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.entry, name)


def present(
    entries: Iterable[Entry], page: Page, *, title: bool = True, words: bool = True
) -> list[Shown]:
    """Ready to be shown; without the `title` of actions or the names of codes in `words` where no
    page shows them.
    """
    found = list(entries)
    names = _names(page, {entry.kind for entry in found if entry.words}) if words else {}
    titles = _titles(page, {entry.ref for entry in found if entry.ref}) if title else {}
    named = naming(found, page)
    void = withdrawn(named)
    prefetch_related_objects(
        [entry for entry in found if getattr(entry, "has_files", True)], "evidence"
    )
    acts = acts_on_entries(page.rights, page.plan, found, today=page.today)
    return [
        _shown(
            entry,
            page,
            names,
            titles,
            [row for row in named if row["to_id"] == entry.pk],
            void,
            acts.get(entry.pk, EntryActs()),
        )
        for entry in found
    ]


def _titles(page: Page, refs: set[str]) -> dict[str, dict[str, str]]:
    return (
        dict(Action.objects.filter(plan=page.plan, ref__in=refs).values_list("ref", "title"))
        if refs
        else {}
    )


def _names(page: Page, kinds: set[str]) -> dict[str, str]:
    """What the codes in entries of these kinds are called."""
    found = {code: str(label) for code, label in (labels.COLOURS | labels.REDACTED).items()}
    for name in kinds & KINDS.keys():
        if names := KINDS[name].names:
            found |= {code: str(localized(texts)) for code, texts in names(page.plan).items()}
    return found


def _shown(
    entry: Entry,
    page: Page,
    names: Mapping[str, str],
    titles: Mapping[str, dict[str, str]],
    named: Iterable[Mapping[str, Any]],
    void: set[int],
    acts: EntryActs,
) -> Shown:
    withdrawn = entry.pk in void
    text = getattr(entry, "text", None)
    source = text.source if text else ""
    return Shown(
        entry,
        kind_label=labels.kind(entry.kind),
        post=(entry.by.post if entry.by else ""),
        withdrawn=withdrawn,
        is_link=source.startswith(("https://", "http://")),
        can_withdraw=acts.can_withdraw and not withdrawn,
        can_confirm=acts.can_confirm and not withdrawn,
        url=page.url("fund")
        if entry.instalment or entry.kind in MONEY
        else page.url("action", entry.ref or "-"),
        title=titles.get(entry.ref, {}),
        redactions=[
            {**row, "what": labels.REDACTED.get(row["words"], "")}
            for row in named
            if row["kind"] == "redacted"
        ],
        words_label="" if entry.kind == "plan" else str(names.get(entry.words, entry.words)),
    )


@dataclass(frozen=True)
class Slip:
    """Days by which the deadline was moved back, and days by which the original one has passed."""

    moved: int
    passed: int | None


def slip(row: Standing, on: date) -> Slip:
    later = (row.last_day - row.original_last).days if row.last_day and row.original_last else 0
    return Slip(max(later, 0), days_passed(row.original_last, row.original_stop, on))
