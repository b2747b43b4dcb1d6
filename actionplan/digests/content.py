"""What the digests of one plan and week tell.

The plan is read once for all recipients, and divided by what each of them is responsible for. A
week is named by its Monday; the states are those of the Monday after it, as known then, and the
changes those that were recorded from Monday to Sunday.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise

from actionplan.digests.recipients import Recipient, subscribed_memberships
from actionplan.jobs.ledger import JobStatus, job_statuses
from actionplan.models import Digest
from actionplan.overview.priorities import SOON
from commitments.lists.filters import falls_due_by, order_by_urgency
from commitments.models import Action, Entry, Flag, FlagKind, Plan, Role, Standing
from commitments.models.rights import Rights
from commitments.pages import labels
from commitments.pages.counts import add_up, count_states
from commitments.pages.page import Page
from commitments.register.permissions import reportable_actions
from commitments.rules.states import SETTLED, State
from funding.instalments import instalments_on
from funding.totals import CurrencyTotal, compute_totals, money_entries

WEEK = timedelta(days=7)
ITEMS_SHOWN = 7


def week_before(day: date) -> date:
    """The Monday of the ISO week that ended before the week of the day."""
    return day - timedelta(days=day.weekday()) - WEEK


@dataclass(frozen=True)
class Items:
    """A list cut for reading, worst first."""

    rows: Sequence[Any] = ()
    total: int = 0

    @property
    def not_shown(self) -> int:
        return self.total - len(self.rows)

    @classmethod
    def first_of(cls, rows: Iterable[Any]) -> "Items":
        rows = list(rows)
        return cls(rows[:ITEMS_SHOWN], len(rows))

    @classmethod
    def first_of_query(cls, rows: QuerySet[Any]) -> "Items":
        """What is not shown is only counted."""
        return cls(list(rows[:ITEMS_SHOWN]), rows.count())


@dataclass(frozen=True)
class StateLine:
    """How many actions are in a state, and by how many that differs from the week before."""

    label: str | Promise
    now: int
    change: int


@dataclass(frozen=True)
class Reader:
    """All by which what one recipient is told differs from what another is told.

    `reports_for` has the bodies that an official reports for, or the side of a manager. One's own
    entries are no news: `author` says whose they are, and is 0 where the week has none of theirs.
    """

    kind: str
    reports_for: frozenset[int | str]
    is_first: bool
    author: int


@dataclass(frozen=True)
class Content:
    """All that a digest says; managers alone are told what follows `changed`."""

    week: "Week"
    reader: Reader
    overdue: Items
    due: Items
    stale: Items
    awaiting: Items
    changed: Items
    cleared: Items = Items()
    moved: Items = Items()
    never_reported: Items = Items()
    unreminded: Items = Items()

    @property
    def is_for_managers(self) -> bool:
        return self.reader.kind == Digest.Kind.MANAGER

    @property
    def is_empty(self) -> bool:
        """Managers are always written to: silence must mean failure, not calm."""
        lists = (self.overdue, self.due, self.stale, self.awaiting, self.changed)
        return not self.is_for_managers and not any(items.total for items in lists)


class Week:
    """A week of a plan, read in as many queries for one recipient as for thousands."""

    def __init__(self, plan: Plan, monday: date) -> None:
        self.plan = plan
        self.monday = monday
        self.sunday = monday + timedelta(days=6)
        self.on = monday + WEEK
        self.page = Page(plan, [plan], Rights(role=Role.MANAGER), self.on, self.on, self.on)

    def reader(self, recipient: Recipient) -> Reader:
        reports_for: frozenset[int | str] = recipient.bodies
        if recipient.kind == Digest.Kind.MANAGER:
            reports_for = frozenset([recipient.side])
        author = recipient.user.pk
        return Reader(
            kind=recipient.kind,
            reports_for=reports_for,
            is_first=not recipient.had_one,
            author=author if author in self.authors else 0,
        )

    def content(self, reader: Reader) -> Content:
        if reader.kind == Digest.Kind.MANAGER:
            return self._content_for_managers(reader)
        return self._content_for_officials(reader)

    def _content_for_officials(self, reader: Reader) -> Content:
        own = self._reportable_by(reader)
        rows = [row for row in self.open_actions if row.obligation_id in own]
        entries = [entry for entry in self.entries if entry.action in own]
        return Content(
            week=self,
            reader=reader,
            overdue=Items.first_of(row for row in rows if row.overdue),
            due=Items.first_of(row for row in rows if row.due),
            stale=Items.first_of(row for row in rows if row.stale),
            awaiting=Items.first_of(row for row in rows if row.awaiting),
            changed=Items.first_of(entry for entry in entries if entry.by_id != reader.author),
        )

    def _content_for_managers(self, reader: Reader) -> Content:
        own = self._reportable_by(reader)
        rows = self.open_actions
        silent = [row for row in rows if row.unsettled and row.never_reported]
        alone = [row for row in rows if row.unsettled and row.nobody_reminded]
        # the first one sums up all that is overdue, later ones tell what is new
        overdue = "flagged" if reader.is_first else "newly_overdue"
        return Content(
            week=self,
            reader=reader,
            overdue=Items.first_of(row for row in rows if getattr(row, overdue)),
            due=Items.first_of(row for row in rows if row.due),
            # what was never reported has a list of its own
            stale=Items.first_of(row for row in rows if row.stale and not row.never_reported),
            awaiting=Items.first_of(row for row in rows if row.awaiting),
            changed=Items.first_of(entry for entry in self.entries if entry.kind != "moved"),
            cleared=self.cleared,
            moved=Items.first_of(entry for entry in self.entries if entry.kind == "moved"),
            never_reported=Items.first_of(silent),
            unreminded=Items.first_of(row for row in alone if row.obligation_id in own),
        )

    def _reportable_by(self, reader: Reader) -> set[int]:
        return self.reportable[None].union(*(self.reportable[each] for each in reader.reports_for))

    @cached_property
    def open_actions(self) -> list[Any]:
        """All actions that may stand in a list, worst first, and for which lists they qualify."""
        overdue_flags = Flag.objects.filter(
            kind=FlagKind.OVERDUE, cleared=None, obligation=OuterRef("obligation")
        )
        in_other_lists = Q(state__in=[State.OVERDUE.value, State.AWAITING.value])
        qualities = {
            "overdue": Q(state=State.OVERDUE),
            "due": falls_due_by(self.on + SOON),
            "stale": Q(stale_since__isnull=False) & ~in_other_lists,
            "awaiting": Q(state=State.AWAITING),
            "unsettled": is_unsettled(),
            "nobody_reminded": nobody_is_reminded(self.plan),
            "flagged": Q(Exists(overdue_flags)),
            "newly_overdue": Q(
                Exists(overdue_flags.filter(since__gt=self.monday, since__lte=self.on))
            ),
        }
        scored = self.page.standings_with_actions().filter(scored=True)
        rows = order_by_urgency(scored).annotate(**qualities)
        return list(rows.filter(Q(unsettled=True) | Q(flagged=True)))

    @cached_property
    def reportable(self) -> Mapping[int | str | None, set[int]]:
        """The actions that each body and each side may report on; under None those that all may."""
        return Action.objects.keys_by_reporter(self.plan)

    @cached_property
    def entries(self) -> list[Any]:
        """What was recorded in the week, newest first; `action` is the scored one it is about."""
        scored = self.page.standings.filter(
            scored=True, obligation__plan=self.plan, obligation__ref=OuterRef("ref")
        )
        known = Entry.objects.filter(plan=self.plan).known_on(self.on, self.on)
        reported = known.without_plan_entries().select_related("text").order_by("-number")
        of_week = reported.filter(recorded_day__gte=self.monday, recorded_day__lt=self.on)
        return list(of_week.annotate(action=Subquery(scored.values("obligation_id")[:1])))

    @cached_property
    def authors(self) -> set[int | None]:
        return {entry.by_id for entry in self.entries}

    @cached_property
    def cleared(self) -> Items:
        flags = Flag.objects.filter(plan=self.plan, kind=FlagKind.OVERDUE)
        of_week = flags.filter(cleared__gt=self.monday, cleared__lte=self.on)
        return Items.first_of_query(of_week.select_related("obligation").order_by("pk"))

    @cached_property
    def totals(self) -> list[CurrencyTotal]:
        spending = money_entries(self.page, "spent")
        return compute_totals(instalments_on(self.page), spending, self.on)

    @cached_property
    def counts(self) -> list[StateLine]:
        now = add_up(count_states(self.page, self.on))
        before = add_up(count_states(self.page, self.monday))
        return [
            StateLine(labels.STATES[state], now[state], now[state] - before[state])
            for state in State
            if now[state] or before[state]
        ]

    @cached_property
    def jobs(self) -> list[JobStatus]:
        return job_statuses(self.plan, timezone.now())

    @cached_property
    def head(self) -> Entry | None:
        return self.plan.entries.order_by("-number").first()


def is_unsettled() -> Q:
    return ~Q(state__in=[state.value for state in SETTLED])


def nobody_is_reminded(plan: Plan) -> Q:
    """The standings of actions that no official gets a digest about."""
    reminded = subscribed_memberships().filter(plan=plan, role=Role.OFFICIAL)
    their_bodies = plan.bodies.filter(memberships__in=reminded)
    reminded_of = Action.objects.reportable_for(their_bodies, plan)
    return ~Q(Exists(reminded)) | ~Q(obligation__in=reminded_of.values("pk"))


def unreminded_actions(page: Page) -> QuerySet[Standing]:
    """The open actions of the manager's side that no official gets a digest about."""
    own = reportable_actions(page.rights, page.plan).values("pk")
    open_actions = page.standings_with_actions().filter(
        is_unsettled(), scored=True, obligation__in=own
    )
    return order_by_urgency(open_actions.filter(nobody_is_reminded(page.plan)))
