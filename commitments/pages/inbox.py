"""What waits for the reader's side, as pages show it."""

from dataclasses import dataclass

from django.core.cache import caches

from commitments.pages.entries import EntryRow, describe_entries, readable_entries
from commitments.pages.etag import fingerprint
from commitments.pages.page import Page
from commitments.register.held import waiting_for
from commitments.register.inbox import Awaited, list_awaited
from commitments.register.permissions import can_write, is_manager


@dataclass(frozen=True)
class InboxLine:
    """Something that waits, with what pages say of the entry."""

    awaited: Awaited
    row: EntryRow


@dataclass(frozen=True)
class InboxKeys:
    """What lists ask for: the entries that wait, and the actions that they are about."""

    entries: tuple[int, ...] = ()
    refs: tuple[str, ...] = ()
    # how many reports of officials wait for a manager of their side
    held: int = 0

    @property
    def count(self) -> int:
        return len(self.entries) + self.held


def inbox(page: Page) -> list[InboxLine]:
    """It is always about today, whatever day the page shows."""
    awaited = list_awaited(page.rights, page.plan, page.today)
    keys = [one.entry.pk for one in awaited]
    entries = readable_entries(page).filter(pk__in=keys).order_by("number")
    rows = describe_entries(entries, page, with_acts=True)
    return [InboxLine(one, row) for one, row in zip(awaited, rows, strict=True)]


def inbox_keys(page: Page) -> InboxKeys:
    """Kept like the bodies of pages, since the bar of every page counts them."""
    if not can_write(page.rights):
        return InboxKeys()
    plan = page.plan
    versions = (plan.version, page.held_version)
    key = fingerprint("inbox", plan.pk, versions, page.today, repr(page.rights))
    kept: InboxKeys | None = caches["pages"].get(key)
    if kept is None:
        awaited = list_awaited(page.rights, plan, page.today)
        kept = InboxKeys(
            entries=tuple(one.entry.pk for one in awaited),
            refs=tuple({one.ref for one in awaited}),
            held=_count_held(page),
        )
        caches["pages"].set(key, kept)
    return kept


def _count_held(page: Page) -> int:
    if not (page.held_version and is_manager(page.rights)):
        return 0
    return waiting_for(page.rights, page.plan).count()
