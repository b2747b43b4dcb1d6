"""Entries of the register as pages, feeds and mails show them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Max, Min, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from commitments.models import Action, Entry, EntryText, Evidence, Plan, PublicEntry, Standing
from commitments.models.register import HIDING, EntryQuerySet, is_hidden
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.pages.term_changes import TermChange, find_term_changes
from commitments.register.entry_types import (
    HIDDEN,
    KINDS,
    REDACTED,
    REDACTION_ASKED,
    REDACTION_KINDS,
    RELEASED,
    RIGHTS,
    TYPES,
)
from commitments.register.permissions import EntryActs, acts_on_entries
from commitments.rules.events import NEWS
from commitments.templatetags.plan import localized

MOVED = "moved"


@dataclass(frozen=True)
class Release:
    """By which post an official's report was released, and when it had been written."""

    post: str
    written: datetime


@dataclass(frozen=True)
class EntryRow:
    """An entry with what a page says of it, in the reader's language.

    `code_label` is the name of the code that some kinds carry as words: a body, an event, a colour
    or a purpose. `title` is that of the action, by language. `redactions` are the entries that say
    what was removed of this one for good, the latest first, `request` the one that asks for it and
    was not followed, and `hidden_until` the day on which it can be read again.
    `term_changes` is what an entry of terms alters. `release` says who let it enter the register.
    """

    entry: Entry
    code_label: str
    url: str
    title: dict[str, str]
    files: list[Evidence]
    redactions: list[Entry]
    request: Entry | None
    hidden_until: date | None
    release: Release | None
    term_changes: list[TermChange]
    is_withdrawn: bool
    acts: EntryActs


def readable_entries(page: Page) -> EntryQuerySet:
    """The entries of the plan with all that belongs to them; for readers from outside what
    everybody sees of them.
    """
    if page.inside:
        entries = Entry.objects.filter(plan=page.plan).select_related("text", "by", "to")
        return entries.annotate(
            text_is_hidden=is_hidden("text", page.today),
            files_are_hidden=is_hidden("files", page.today),
        )
    return PublicEntry.objects.filter(plan_id=page.plan.pk).select_related("to")


def entries_on(page: Page) -> EntryQuerySet:
    """The entries that the register of the page's day has, withdrawn ones among them, the newest
    first.
    """
    entries = readable_entries(page)
    return entries.known_on(page.on, page.known_day).order_by("-number")


def find_withdrawn(keys: Collection[int], page: Page) -> set[int | None]:
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


def find_withdrawn_among(entries: EntryQuerySet, page: Page) -> set[int | None]:
    """Which of the entries of a query are withdrawn, if the query has their withdrawals as well."""
    named = entries.filter(kind="withdrawn").values_list("to", flat=True)
    return find_withdrawn([key for key in named if key is not None], page)


def last_reports(page: Page, obligations: Collection[int]) -> dict[int, date]:
    """The day on which the latest news of each obligation was recorded; withdrawn entries do not
    count.
    """
    entries = entries_on(page).filter(obligation_id__in=obligations).order_by()
    news = entries.filter(kind__in=NEWS).exclude(pk__in=find_withdrawn_among(entries, page))
    latest = news.values_list("obligation_id").annotate(Max("recorded_day"))
    return dict(latest)


def describe_entries(
    entries: Iterable[Entry], page: Page, *, with_acts: bool = False
) -> list[EntryRow]:
    """What the page says of each of these entries, in a fixed number of queries.

    Only pages that offer to confirm and to withdraw ask `with_acts`.
    """
    entries = list(entries)
    if not entries:
        return []
    keys = [entry.pk for entry in entries]
    if page.inside:
        prefetch_related_objects(entries, "evidence")
    actions = Action.objects.filter(plan=page.plan, ref__in={entry.ref for entry in entries})
    titles = dict(actions.values_list("ref", "title"))
    code_labels = labels_of_codes({entry.kind for entry in entries if entry.words}, page)
    describe_rights(entries, page.plan)
    describe_moves(entries, page.plan)
    term_changes = find_term_changes(entries, readable_entries(page))
    later = _later_entries_about(keys, page)
    withdrawn = find_withdrawn(keys, page)
    acts: Mapping[int, EntryActs] = {}
    if with_acts:
        effective = [entry for entry in entries if entry.pk not in withdrawn]
        acts = acts_on_entries(page.rights, page.plan, effective, today=page.today)
    rows = []
    for entry in entries:
        later_entries = later[entry.pk]
        request = _open_request(later_entries)
        hiding = _hiding_on(later_entries, page.today)
        if hiding and hiding.words in ("text", "all"):
            # nothing that shows the entry can read it
            entry.text = EntryText()
        row = EntryRow(
            entry=entry,
            code_label=_label_of_words(entry, code_labels),
            url=_address_of_subject(entry, page),
            title=titles.get(entry.ref, {}),
            files=_readable_files(entry, hiding, page),
            redactions=[each for each in later_entries if each.kind == REDACTED],
            request=request,
            hidden_until=hiding.recorded_day + HIDING if hiding and request else None,
            release=_describe_release(later_entries),
            term_changes=term_changes.get(entry.pk, []),
            is_withdrawn=entry.pk in withdrawn,
            acts=acts.get(entry.pk, EntryActs()),
        )
        rows.append(row)
    return rows


def _open_request(later_entries: Iterable[Entry]) -> Entry | None:
    """The request for a redaction, given the later entries with the latest first, unless something
    followed it.
    """
    steps = (each for each in later_entries if each.kind not in (HIDDEN, RELEASED))
    latest = next(steps, None)
    if latest is None or latest.kind != REDACTION_ASKED:
        return None
    return latest


def _hiding_on(later_entries: Iterable[Entry], day: date) -> Entry | None:
    """The entry that hides text or files on the day; each entry is hidden once at most."""
    hidings = (each for each in later_entries if each.kind == HIDDEN)
    return next((each for each in hidings if day < each.recorded_day + HIDING), None)


def _readable_files(entry: Entry, hiding: Entry | None, page: Page) -> list[Evidence]:
    if not page.inside or (hiding and hiding.words in ("files", "all")):
        return []
    return list(entry.evidence.all())


def _describe_release(later_entries: Iterable[Entry]) -> Release | None:
    entry = next((each for each in later_entries if each.kind == RELEASED), None)
    if entry is None:
        return None
    post = entry.by.post if entry.by else ""
    return Release(post, timezone.localtime(datetime.fromisoformat(entry.words)))


def _label_of_words(entry: Entry, code_labels: Mapping[str, str]) -> str:
    if entry.kind == RELEASED:
        written = timezone.localtime(datetime.fromisoformat(entry.words))
        return _("written %(day)s") % {"day": labels.day(written.date())}
    return code_labels.get(entry.words, entry.words)


def hide_texts(entries: Collection[Entry], today: date) -> None:
    """Take the texts that are hidden on this day out of entries that were read with theirs."""
    keys = [entry.pk for entry in entries]
    hidden = Entry.objects.filter(is_hidden("text", today), pk__in=keys)
    hidden_keys = set(hidden.values_list("pk", flat=True))
    for entry in entries:
        if entry.pk in hidden_keys:
            entry.text = EntryText()


def describe_rights(entries: Iterable[Any], plan: Plan) -> None:
    """Give entries of the kind `rights` what `labels.rights` needs, among it the post that the
    account has now.
    """
    of_rights = [entry for entry in entries if entry.kind == RIGHTS]
    if not of_rights:
        return
    accounts = get_user_model().objects.filter(pk__in={e.terms["account"] for e in of_rights})
    posts = dict(accounts.values_list("pk", "post"))
    body_names = dict(plan.bodies.values_list("code", "name"))
    for entry in of_rights:
        entry.post = posts.get(entry.terms["account"], "")
        entry.body_names = [body_names.get(code, {"": code}) for code in entry.terms["bodies"]]


def describe_moves(entries: Iterable[Any], plan: Plan) -> None:
    """Mark the moves by which an action that was signed without a deadline got its first one, for
    `labels.kind_of`; also where another entry names such a move.
    """
    named = [entry.to for entry in entries if entry.to_id]
    moves = [entry for entry in (*entries, *named) if entry.kind == MOVED]
    if not moves:
        return
    refs = {move.ref for move in moves}
    dated = Standing.objects.filter(
        plan=plan, obligation__ref__in=refs, original_last__isnull=False
    )
    refs_signed_with_date = set(dated.values_list("obligation__ref", flat=True).distinct())
    effective = Entry.objects.filter(plan=plan, kind=MOVED, ref__in=refs)
    effective = effective.exclude(named_by__kind="withdrawn").order_by()
    first_number = dict(effective.values_list("ref").annotate(Min("number")))
    for move in moves:
        is_first = move.number <= first_number.get(move.ref, move.number)
        move.sets_deadline = is_first and move.ref not in refs_signed_with_date


def labels_of_codes(kinds: Collection[str], page: Page) -> dict[str, str]:
    """What the codes in entries of these kinds are called."""
    words = labels.COLOURS | labels.REDACTED
    code_labels = {code: str(label) for code, label in words.items()}
    for kind in kinds & KINDS.keys():
        name_codes = KINDS[kind].names
        if name_codes is not None:
            names = name_codes(page.plan)
            # a side has no name in the plan
            code_labels |= {
                code: str(localized(texts)) or labels.side(code) for code, texts in names.items()
            }
    return code_labels


def _later_entries_about(keys: Collection[int], page: Page) -> Mapping[int | None, list[Entry]]:
    """The later entries by which text or files of each of these were removed or by which it was
    released, the latest first. They are read whatever the day that the page shows.
    """
    later: dict[int | None, list[Entry]] = defaultdict(list)
    entries = readable_entries(page).filter(kind__in=(*REDACTION_KINDS, RELEASED), to__in=keys)
    for entry in entries.order_by("-number"):
        later[entry.to_id].append(entry)
    return later


def _address_of_subject(entry: Entry, page: Page) -> str:
    """The page of what the entry is about."""
    # the ref of money is a contribution, whose page is the fund
    if entry.instalment or TYPES[entry.kind].group == "money":
        return page.url("fund")
    if not entry.ref:
        return page.url("register")
    return page.url("action", entry.ref)
