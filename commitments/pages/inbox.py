"""What waits for the reader's side, as pages show it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from commitments.pages.entries import EntryRow, describe_entries, readable_entries
from commitments.pages.page import Page
from commitments.process_cache import fingerprint, get_or_make
from commitments.register.held import waiting_for
from commitments.register.inbox import Awaited, list_awaited
from commitments.register.permissions import can_write, is_manager


@dataclass(frozen=True)
class InboxLine:
    """Something that waits, with what pages say of the entry."""

    awaited: Awaited
    row: EntryRow


@dataclass(frozen=True)
class Turn:
    """What the reader's side is to do about an action: an act of `Awaited`, or `report` or `pay`; about
    one entry, or about so many.
    """

    act: str
    url: str
    count: int = 1


@dataclass(frozen=True)
class InboxKeys:
    """What lists ask for: the entries that wait, and for each its number, its action and its act."""

    entries: tuple[int, ...] = ()
    subjects: tuple[tuple[int, str, str], ...] = ()
    # how many reports of officials wait for a manager of their side
    held: int = 0

    @property
    def refs(self) -> set[str]:
        return {ref for _number, ref, _act in self.subjects}

    @property
    def count(self) -> int:
        return len(self.entries) + self.held


def inbox(page: Page) -> list[InboxLine]:
    """What waits for the reader's side: always as of today, whatever day the page shows."""
    awaited = list_awaited(page.rights, page.plan, page.today)
    keys = [item.entry.pk for item in awaited]
    entries = readable_entries(page).filter(pk__in=keys).order_by("number")
    rows = describe_entries(entries, page, with_acts=True)
    return [InboxLine(item, row) for item, row in zip(awaited, rows, strict=True)]


def inbox_keys(page: Page) -> InboxKeys:
    """The keys of the inbox. They are kept like the bodies of pages, since the bar of every page
    counts them.
    """
    if not can_write(page.rights):
        return InboxKeys()
    plan = page.plan
    versions = (plan.version, page.held_version)
    key = fingerprint("inbox-2", plan.pk, versions, page.today, repr(page.rights))
    return get_or_make(key, lambda: _read_keys(page))


def _read_keys(page: Page) -> InboxKeys:
    awaited = list_awaited(page.rights, page.plan, page.today)
    return InboxKeys(
        entries=tuple(item.entry.pk for item in awaited),
        subjects=tuple((item.entry.number, item.ref, item.act) for item in awaited),
        held=_count_held(page),
    )


def turns(page: Page) -> dict[str, list[Turn]]:
    """What waits for the reader's side, by the ref of the action. It is about today: on another day
    nothing waits.
    """
    if page.on != page.today:
        return {}
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, ref, act in inbox_keys(page).subjects:
        numbers[ref, act].append(number)
    turns_by_ref: dict[str, list[Turn]] = defaultdict(list)
    for (ref, act), of_act in numbers.items():
        turns_by_ref[ref].append(Turn(act, _address(page, act, of_act), len(of_act)))
    return dict(turns_by_ref)


def _address(page: Page, act: str, numbers: Sequence[int]) -> str:
    """The address of the page that does it; several at once are done on the page of the reader's
    own actions.
    """
    if len(numbers) > 1:
        return page.url("mine")
    return page.url("entry" if act == "respond" else act, numbers[0])


def _count_held(page: Page) -> int:
    if not (page.held_version and is_manager(page.rights)):
        return 0
    return waiting_for(page.rights, page.plan).count()
