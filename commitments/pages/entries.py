"""Entries of the register as pages, feeds and mails show them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from commitments.models import Action, Entry, Evidence, PublicEntry
from commitments.models.register import EntryQuerySet
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.entry_types import KINDS
from commitments.register.permissions import EntryActs, acts_on_entries
from commitments.templatetags.plan import localized

# the ref of these kinds is a contribution, whose page is the fund
MONEY_KINDS = ("paid", "refunded", "spent")


@dataclass(frozen=True)
class EntryRow:
    """An entry with what a page says of it, in the reader's language.

    `code_label` is the name of the code that some kinds carry as words: a body, an event, a colour
    or a purpose. `title` is that of the action, by language. `redactions` are the entries that say
    what was removed of this one for good, the latest first.
    """

    entry: Entry
    code_label: str
    url: str
    title: dict[str, str]
    files: list[Evidence]
    redactions: list[Entry]
    is_withdrawn: bool
    acts: EntryActs


def readable_entries(page: Page) -> EntryQuerySet:
    """The plan's, with all that belongs to them, or with what a public plan shows to everybody."""
    if page.inside:
        return Entry.objects.filter(plan=page.plan).select_related("text", "by", "to")
    return PublicEntry.objects.filter(plan_id=page.plan.pk).select_related("to")


def entries_on(page: Page) -> EntryQuerySet:
    """The entries that the register of the page's day has, withdrawn ones among them, the newest
    first.
    """
    entries = readable_entries(page)
    return entries.known_on(page.on, page.known_day).order_by("-number")


def find_withdrawn(keys: Collection[int], page: Page) -> set[int]:
    """Which of these entries are withdrawn, as far as the page knows.

    A withdrawal that is withdrawn itself has no effect.
    """
    if not keys:
        return set()
    withdrawals = readable_entries(page).filter(
        kind="withdrawn", to__in=keys, recorded_day__lte=page.known_day
    )
    entry_by_withdrawal = dict(withdrawals.order_by().values_list("pk", "to"))
    ineffective = find_withdrawn(entry_by_withdrawal.keys(), page)
    return {entry for key, entry in entry_by_withdrawal.items() if key not in ineffective}


def describe_entries(entries: Iterable[Entry], page: Page) -> list[EntryRow]:
    """What the page says of each of these entries, in a fixed number of queries."""
    entries = list(entries)
    keys = [entry.pk for entry in entries]
    if page.inside:
        prefetch_related_objects(entries, "evidence")
    actions = Action.objects.filter(plan=page.plan, ref__in={entry.ref for entry in entries})
    titles = dict(actions.values_list("ref", "title"))
    code_labels = _labels_of_codes({entry.kind for entry in entries if entry.words}, page)
    redactions = _redactions_of(keys, page)
    withdrawn = find_withdrawn(keys, page)
    effective = [entry for entry in entries if entry.pk not in withdrawn]
    acts = acts_on_entries(page.rights, page.plan, effective, today=page.today)
    return [
        EntryRow(
            entry=entry,
            code_label=code_labels.get(entry.words, entry.words),
            url=_address_of_subject(entry, page),
            title=titles.get(entry.ref, {}),
            files=list(entry.evidence.all()) if page.inside else [],
            redactions=redactions[entry.pk],
            is_withdrawn=entry.pk in withdrawn,
            acts=acts.get(entry.pk, EntryActs()),
        )
        for entry in entries
    ]


def _labels_of_codes(kinds: Collection[str], page: Page) -> dict[str, str]:
    """What the codes in entries of these kinds are called."""
    words = labels.COLOURS | labels.REDACTED
    code_labels = {code: str(label) for code, label in words.items()}
    for kind in kinds & KINDS.keys():
        name_codes = KINDS[kind].names
        if name_codes is not None:
            names = name_codes(page.plan)
            code_labels |= {code: str(localized(texts)) for code, texts in names.items()}
    return code_labels


def _redactions_of(keys: Collection[int], page: Page) -> Mapping[int, list[Entry]]:
    """The redactions of each of these entries, the latest first; on whatever day they are shown."""
    redactions: dict[int, list[Entry]] = defaultdict(list)
    entries = readable_entries(page).filter(kind="redacted", to__in=keys)
    for redaction in entries.order_by("-number"):
        redactions[redaction.to_id].append(redaction)
    return redactions


def _address_of_subject(entry: Entry, page: Page) -> str:
    """The page of what the entry is about."""
    if entry.instalment or entry.kind in MONEY_KINDS:
        return page.url("fund")
    return page.url("action", entry.ref or "-")
