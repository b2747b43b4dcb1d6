"""What the digests of one plan and week tell: the plan is read once, and divided by what each
recipient may see.

A week is named by its Monday; the states are those of the Monday after it, as known then, and the
changes those that were recorded from Monday to Sunday.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.utils import timezone

from actionplan.jobs import ledger
from actionplan.jobs.ledger import JOB_LABELS
from actionplan.models import Digest, Subscription, User
from commitments.lists.filters import falls_due_by, order_by_urgency
from commitments.models import Action, Entry, Flag, FlagKind, Membership, Plan, Role
from commitments.models.rights import Rights
from commitments.pages import labels
from commitments.pages.counts import add_up, count_states
from commitments.pages.page import Page
from commitments.register.permissions import reportable_actions
from commitments.rules.states import SETTLED, State
from funding.instalments import instalments_on
from funding.totals import CurrencyTotal, compute_totals, spending_entries, sum_by_currency

WEEK = timedelta(days=7)
SHOWN = 7
SOON = timedelta(days=14)


@dataclass
class Items:
    """A list capped for reading, worst first; `more` are not shown."""

    rows: list[Any] = field(default_factory=list)
    total: int = 0

    @property
    def more(self) -> int:
        return self.total - len(self.rows)

    @classmethod
    def of(cls, rows: Any) -> "Items":
        """The first of a query, in its order; the rest is only counted."""
        shown = list(rows[:SHOWN])
        return cls(shown, len(shown) if len(shown) < SHOWN else rows.count())

    @classmethod
    def among(cls, rows: Sequence[Any]) -> "Items":
        return cls(list(rows[:SHOWN]), len(rows))


@dataclass
class Content:
    """All that a digest says; what does not belong to its kind is empty."""

    page: Page
    kind: str
    week: date
    first: bool
    lists: dict[str, Items]  # overdue, due, stale, awaiting
    changed: Items
    cleared: Items = field(default_factory=Items)
    moved: Items = field(default_factory=Items)
    never: Items = field(default_factory=Items)
    unreminded: Items = field(default_factory=Items)
    totals: list[CurrencyTotal] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    head: Entry | None = None

    @property
    def last_day(self) -> date:
        return self.week + timedelta(days=6)

    @property
    def is_empty(self) -> bool:
        """Managers are always written to: silence must mean failure, not calm."""
        lists = (*self.lists.values(), self.changed)
        return self.kind == Digest.Kind.OFFICIAL and not any(items.total for items in lists)

    @property
    def of_actions(self) -> list[Items]:
        return [*self.lists.values(), self.never, self.unreminded]


class Reader(NamedTuple):
    """All by which what one recipient is told differs from what another is told."""

    kind: str
    # the bodies that an official reports for, or the side of a manager
    reports_for: frozenset[int | str | None]
    first: bool
    # one's own entries are no news: whose they are; 0 where the week has none
    author: int


def _open() -> Q:
    return ~Q(state__in=[state.value for state in SETTLED])


def _untold(plan: Plan) -> Q:
    """What no official gets a digest about."""
    off = Subscription.objects.filter(plan=plan, active=False).values("user")
    told = Membership.objects.filter(plan=plan, role=Role.OFFICIAL, user__is_active=True).exclude(
        user__in=off
    )
    told_of = Action.objects.reportable_for(plan.bodies.filter(memberships__in=told), plan)
    return ~Q(Exists(told)) | ~Q(obligation__in=told_of.values("pk"))


def unreminded(page: Page) -> Any:
    """The open actions of the manager's side that no official gets a digest about."""
    mine = reportable_actions(page.rights, page.plan).values("pk")
    rows = page.rows().filter(_open(), _untold(page.plan), scored=True, obligation__in=mine)
    return order_by_urgency(rows)


def members(memberships: Any) -> list[Any]:
    """These with their accounts and `own_bodies`; they say whether they `had_one`, a digest of an
    earlier week.
    """
    found: dict[int, Any] = {}
    for row in memberships.select_related("user").annotate(own_body=F("bodies")):
        member = found.setdefault(row.pk, row)
        member.own_bodies = {*getattr(member, "own_bodies", ()), row.own_body}
    return list(found.values())


class Week:
    """A week of a plan, read in as many queries for one recipient as for thousands."""

    def __init__(self, plan: Plan, monday: date, members: Sequence[Any]) -> None:
        """`members` as the function of that name gives them."""
        self.plan, self.monday, self.on = plan, monday, monday + WEEK
        self.members, self.page = members, self._page(members[0])

    def _page(self, member: Any) -> Page:
        bodies = tuple(sorted(member.own_bodies - {None}))
        rights = Rights(member.role, member.side, bodies, author=member.user_id)
        return Page(self.plan, [self.plan], rights, self.on, self.on, self.on)

    def reader(self, member: Any) -> Reader:
        author = member.user_id if member.user_id in self.authors else 0
        reports_for = {member.side} if member.role == Role.MANAGER else member.own_bodies
        return Reader(member.role, frozenset(reports_for), not member.had_one, author)

    def _reportable_by(self, reader: Reader) -> set[int]:
        return self.reportable[None].union(*(self.reportable[each] for each in reader.reports_for))

    @cached_property
    def contents(self) -> dict[Reader, Content]:
        """What each is told."""
        members = {self.reader(member): member for member in self.members}
        found = {
            reader: self._content(reader, self._page(member)) for reader, member in members.items()
        }
        lists = [items for content in found.values() for items in content.of_actions]
        # by what they are about, since a report of this moment writes other standings
        keys = {row.obligation_id for items in lists for row in items.rows}
        found_now = self.page.rows().filter(obligation__in=keys) if keys else ()
        rows = {row.obligation_id: row for row in found_now}
        for items in lists:
            items.rows = [rows[row.obligation_id] for row in items.rows]
        return found

    def _content(self, reader: Reader, page: Page) -> Content:
        told = (
            self._for_manager(reader)
            if reader.kind == Digest.Kind.MANAGER
            else self._for_official(reader)
        )
        return Content(page=page, kind=reader.kind, week=self.monday, first=reader.first, **told)

    def _for_official(self, reader: Reader) -> dict[str, Any]:
        mine = self._reportable_by(reader)
        others = [
            entry for entry in self.entries if entry.action in mine and entry.by_id != reader.author
        ]
        rows = [row for row in self.rows if row.obligation_id in mine]
        lists = {
            name: Items.among([row for row in rows if getattr(row, name)]) for name in self._wanted
        }
        return {"lists": lists, "changed": Items.among(others)}

    def _for_manager(self, reader: Reader) -> dict[str, Any]:
        mine = self._reportable_by(reader)
        new = "flagged" if reader.first else "newly"
        lists = {
            "overdue": [row for row in self.rows if getattr(row, new)],
            "due": [row for row in self.rows if row.due],
            # what was never reported has a list of its own
            "stale": [row for row in self.rows if row.stale and not row.never_reported],
            "awaiting": [row for row in self.rows if row.awaiting],
        }
        never = [row for row in self.rows if row.open and row.never_reported]
        gap = [row for row in self.rows if row.open and row.untold and row.obligation_id in mine]
        more: dict[str, Any] = {
            "never": Items.among(never),
            "unreminded": Items.among(gap),
            "cleared": self.cleared,
        }
        more |= {"lists": {name: Items.among(rows) for name, rows in lists.items()}}
        changed = [entry for entry in self.entries if entry.kind != "moved"]
        moved = [entry for entry in self.entries if entry.kind == "moved"]
        return more | {"changed": Items.among(changed), "moved": Items.among(moved), **self.sums}

    @property
    def _wanted(self) -> dict[str, Q]:
        return {
            "overdue": Q(state=State.OVERDUE),
            "due": falls_due_by(self.on + SOON),
            "stale": Q(stale_since__isnull=False)
            & ~Q(state__in=[State.OVERDUE.value, State.AWAITING.value]),
            "awaiting": Q(state=State.AWAITING),
        }

    @cached_property
    def rows(self) -> list[Any]:
        """All actions that may stand in a list, worst first, and what they are told for."""
        overdue = Flag.objects.filter(
            kind=FlagKind.OVERDUE, cleared=None, obligation=OuterRef("obligation")
        )
        marks: dict[str, Any] = {
            **self._wanted,
            "open": _open(),
            "untold": _untold(self.plan),
            "flagged": Exists(overdue),
            "newly": Exists(overdue.filter(since__gt=self.monday, since__lte=self.on)),
        }
        wrapped = {name: ExpressionWrapper(mark, BooleanField()) for name, mark in marks.items()}
        rows = order_by_urgency(self.page.standings.filter(scored=True)).annotate(**wrapped)
        rows = rows.filter(Q(open=True) | Q(flagged=True))
        return list(rows.values_list("obligation_id", "never_reported", *marks, named=True))

    @cached_property
    def reportable(self) -> Mapping[int | str | None, set[int]]:
        """The actions that each body and each side may report on; under None those on which
        everybody may.
        """
        found: dict[int | str | None, set[int]] = defaultdict(set)
        for action, body, side in Action.objects.reporters(self.plan):
            found[body].add(action)
            found[side].add(action)
        return found

    @cached_property
    def entries(self) -> list[Any]:
        """What was recorded in the week, newest first; `action` is the scored one that it is about,
        if any.
        """
        scored = self.page.standings.filter(
            scored=True, obligation__plan=self.plan, obligation__ref=OuterRef("ref")
        )
        told = (
            Entry.objects.filter(plan=self.plan).known_on(self.on, self.on).without_plan_entries()
        )
        told = told.select_related("text")
        week = told.filter(recorded_day__gte=self.monday, recorded_day__lt=self.on).order_by(
            "-number"
        )
        return list(week.annotate(action=Subquery(scored.values("obligation_id")[:1])))

    @cached_property
    def authors(self) -> set[int | None]:
        return {entry.by_id for entry in self.entries}

    @cached_property
    def cleared(self) -> Items:
        flags = Flag.objects.filter(plan=self.plan, kind=FlagKind.OVERDUE).select_related(
            "obligation"
        )
        return Items.of(flags.filter(cleared__gt=self.monday, cleared__lte=self.on).order_by("pk"))

    @cached_property
    def sums(self) -> dict[str, Any]:
        return {
            "totals": compute_totals(
                instalments_on(self.page), sum_by_currency(spending_entries(self.page)), self.on
            ),
            "counts": self._counts(),
            "jobs": self._jobs(),
            "head": self.plan.entries.order_by("-number").first(),
        }

    def _jobs(self) -> list[dict[str, Any]]:
        """When each job last succeeded; one that never ran has just been set up and is not called
        late.
        """
        found = ledger.last_successes(self.plan)
        late = ledger.late(found, timezone.now())
        return [
            {"label": JOB_LABELS[job], "last": when, "late": when is not None and job in late}
            for job, when in found.items()
        ]

    def _counts(self) -> list[dict[str, Any]]:
        """How many actions are in each state, and by how many that differs from a week before."""
        now = add_up(count_states(self.page, self.on))
        before = add_up(count_states(self.page, self.monday))
        return [
            {"label": labels.STATES[state], "now": now[state], "change": now[state] - before[state]}
            for state in State
            if now[state] or before[state]
        ]


def build(plan: Plan, recipient: User, week: date) -> Content:
    """What one recipient is told."""
    earlier = Digest.objects.filter(
        plan=plan, recipient=recipient, state=Digest.State.SENT, week__lt=week
    )
    member = Membership.objects.filter(user=recipient, plan=plan).annotate(had_one=Exists(earlier))
    (found,) = Week(plan, week, members(member)).contents.values()
    return found
