"""What the digests of one plan and week tell.

The plan is read once for all recipients, and divided by what each of them is responsible for. A
week is named by its Monday; the states are those of the Monday after it, as known then, and the
changes those that were recorded from Monday to Sunday.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from actionplan.digests.recipients import (
    Recipient,
    own_actions,
    reporters_of,
    subscribed_memberships,
)
from actionplan.jobs.ledger import JobStatus, job_statuses
from actionplan.models import Digest, Verification
from actionplan.witnesses.checkpoints import Sighting, sightings
from commitments import clock
from commitments.lists.filters import SOON, falls_due_by, order_by_urgency
from commitments.models import Action, Entry, Flag, FlagKind, HeldReport, Plan, Role, Standing
from commitments.models.rights import Rights
from commitments.pages import labels
from commitments.pages.counts import add_up, count_disputed, count_states
from commitments.pages.entries import describe_moves, describe_rights, hide_texts, last_reports
from commitments.pages.meetings import meetings_on
from commitments.pages.page import Page
from commitments.pages.plan_term import PageTerm, term_of
from commitments.pages.term_changes import find_term_changes
from commitments.register.entry_types import KINDS, REDACTION_ASKED, RELEASED
from commitments.register.inbox import Awaited, list_awaited
from commitments.register.permissions import reportable_actions
from commitments.rules.states import SETTLED, STATES_BY_URGENCY, State
from funding.sums_in_words import SumInWords, sums_on

WEEK = timedelta(days=7)
ITEMS_SHOWN = 7
MOVES = ("moved", "term")
# of the lists that a digest may have
HEADINGS = {
    "meaning": _("Changes of the plan, its rights and its register"),
    "to_release": _("Waiting for your release"),
    "waiting": _("Waiting for your side’s word"),
    "meetings": _("Meetings to come"),
    "overdue": _("Overdue"),
    "newly_overdue": _("Newly overdue"),
    "cleared": _("Cleared"),
    "due": _("Due in 14 days"),
    "moved": _("Deadlines set or moved"),
    "awaiting": _("Waiting for consent or an event"),
    "stale": _("No recent report"),
    "never_reported": _("Never reported"),
    "unreminded": _("No one gets reminders for these"),
    "changed_by_others": _("What others recorded"),
    "changed": _("What was recorded"),
}


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
        """The same from a query: rows that are not shown are counted without being read."""
        return cls(list(rows[:ITEMS_SHOWN]), rows.count())

    @classmethod
    def first_with(cls, quality: str, rows: Iterable[Any]) -> "Items":
        """The rows of `Week.open_actions` that have a quality, such as `overdue`."""
        return cls.first_of(row for row in rows if getattr(row, quality))


@dataclass(frozen=True)
class StateLine:
    """How many actions are in a state, by how many that differs from the week before, and how many
    are disputed though they read met.
    """

    label: str | Promise
    now: int
    change: int
    disputed: int

    @property
    def change_in_words(self) -> str:
        return f"{self.change:+d}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Reader:
    """Everything that decides what a recipient is told: equal readers get the same digest.

    `reports_for` has the bodies that an official reports for, or the side of a manager. Nobody is
    told what they recorded themselves: `author` is the account if it recorded something in the
    week, and 0 otherwise.
    """

    kind: str
    side: str
    reports_for: frozenset[int | str]
    is_first: bool
    author: int


@dataclass(frozen=True)
class Content:
    """All that a digest says; its lists are named as in `HEADINGS`, the most pressing first."""

    week: "Week"
    reader: Reader
    lists: dict[str, Items]

    @property
    def is_for_managers(self) -> bool:
        return self.reader.kind == Digest.Kind.MANAGER

    @property
    def is_empty(self) -> bool:
        """Managers are always written to: silence must mean failure, not calm."""
        return not self.is_for_managers and not any(items.total for items in self.lists.values())


class Week:
    """A week of a plan, read in as many queries for one recipient as for thousands.

    `with_held` adds the reports that wait for release, of which only managers of their side may
    know. It is set where everything that is read goes to the recipients alone.
    """

    def __init__(self, plan: Plan, monday: date, *, with_held: bool = False) -> None:
        self.with_held = with_held
        self.plan = plan
        self.monday = monday
        self.sunday = monday + timedelta(days=6)
        self.on = monday + WEEK
        self._awaited: dict[str, list[Awaited]] = {}
        self.page = Page(plan, [plan], Rights(role=Role.MANAGER), self.on, self.on, self.on)

    def reader(self, recipient: Recipient) -> Reader:
        author = recipient.user_id
        return Reader(
            kind=recipient.role,
            side=recipient.side,
            reports_for=reporters_of(recipient),
            is_first=not recipient.had_one,
            author=author if author in self.authors else 0,
        )

    def content(self, reader: Reader) -> Content:
        own = own_actions(reader.reports_for, self.reportable)
        waiting = [
            awaited
            for awaited in self._awaited_by(reader.side)
            if awaited.entry.by_id != reader.author
        ]
        if reader.kind == Digest.Kind.MANAGER:
            lists = self._lists_for_manager(own, is_first=reader.is_first)
        else:
            waiting = [awaited for awaited in waiting if awaited.is_for_officials(own)]
            lists = self._lists_for_official(own, reader.author)
        lists = {"waiting": Items.first_of(waiting), **lists}
        if reader.kind == Digest.Kind.MANAGER:
            to_release = self.held_reports.get(reader.side, ())
            lists = {"to_release": Items.first_of(to_release), **lists}
        return Content(self, reader, lists)

    @cached_property
    def held_reports(self) -> dict[str, list[HeldReport]]:
        """The reports that wait for release now, by side."""
        reports: dict[str, list[HeldReport]] = {}
        if self.with_held:
            waiting = self.plan.held_reports.filter(state=HeldReport.State.WAITING)
            for report in waiting.select_related("by"):
                reports.setdefault(report.side, []).append(report)
        return reports

    def _awaited_by(self, side: str) -> list[Awaited]:
        """Everything that waits for a side, read once for all its people."""
        if side not in self._awaited:
            rights = Rights(role=Role.MANAGER, side=side)
            self._awaited[side] = list_awaited(rights, self.plan, self.on)
            entries = [awaited.entry for awaited in self._awaited[side]]
            hide_texts(entries, self.on)
            describe_moves(entries, self.plan)
        return self._awaited[side]

    def _lists_for_official(self, own: set[int], author: int) -> dict[str, Items]:
        rows = [row for row in self.open_actions if row.obligation_id in own]
        entries = [entry for entry in self.entries if entry.action in own]
        return {
            "overdue": Items.first_with("overdue", rows),
            "due": Items.first_with("due", rows),
            "awaiting": Items.first_with("awaiting", rows),
            "stale": Items.first_with("stale", rows),
            "meetings": self.meetings,
            "meaning": self.changes_of_meaning,
            "changed_by_others": Items.first_of(row for row in entries if row.by_id != author),
        }

    def _lists_for_manager(self, own: set[int], *, is_first: bool) -> dict[str, Items]:
        rows = self.open_actions
        # the first one sums up all that is overdue, later ones tell what is new
        overdue = "flagged" if is_first else "newly_overdue"
        # what was never reported has a list of its own
        reported = [row for row in rows if not row.never_reported]
        return {
            "newly_overdue": Items.first_with(overdue, rows),
            "due": Items.first_with("due", rows),
            "cleared": self.cleared,
            "meetings": self.meetings,
            "meaning": self.changes_of_meaning,
            "moved": Items.first_of(row for row in self.entries if row.kind in MOVES),
            "awaiting": Items.first_with("awaiting", rows),
            "stale": Items.first_with("stale", reported),
            "never_reported": Items.first_with("silent", rows),
            "unreminded": Items.first_with(
                "unreminded", (row for row in rows if row.obligation_id in own)
            ),
            "changed": Items.first_of(row for row in self.entries if row.kind not in MOVES),
        }

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
            "silent": is_unsettled() & Q(never_reported=True),
            "unreminded": is_unsettled() & nobody_is_reminded(self.plan),
            "flagged": Q(Exists(overdue_flags)),
            "newly_overdue": Q(
                Exists(overdue_flags.filter(since__gt=self.monday, since__lte=self.on))
            ),
        }
        scored = self.page.standings_with_actions().filter(scored=True)
        scored = scored.prefetch_related("obligation__action__leads")
        rows = order_by_urgency(scored).annotate(**qualities)
        open_rows: list[Any] = list(rows.filter(Q(unsettled=True) | Q(flagged=True)))
        reports = last_reports(self.page, [row.obligation_id for row in open_rows if row.stale])
        for row in open_rows:
            row.last_report = reports.get(row.obligation_id)
        return open_rows

    @cached_property
    def meetings(self) -> Items:
        """The entries of the meetings planned within the time in which an action counts as due
        soon.
        """
        planned = [
            meeting
            for meeting in reversed(meetings_on(self.page))
            if self.on <= meeting.window.last <= self.on + SOON and not meeting.is_held
        ]
        return Items.first_of(meeting.entry for meeting in planned)

    @cached_property
    def reportable(self) -> Mapping[int | str | None, set[int]]:
        """The keys of the actions that each body and each side may report on, as `keys_by_reporter`
        gives them.
        """
        return Action.objects.keys_by_reporter(self.plan)

    @cached_property
    def entries(self) -> list[Any]:
        """What was recorded in the week, newest first; `action` is the scored one it is about."""
        scored = self.page.standings.filter(
            scored=True, obligation__plan=self.plan, obligation__ref=OuterRef("ref")
        )
        known = Entry.objects.filter(plan=self.plan).known_on(self.on, self.on)
        reported = known.filter(kind__in=KINDS).select_related("text").order_by("-number")
        of_week = reported.filter(recorded_day__gte=self.monday, recorded_day__lt=self.on)
        actions = Subquery(scored.values("obligation_id")[:1])
        entries: list[Any] = list(of_week.annotate(action=actions))
        hide_texts(entries, self.on)
        describe_moves([entry for entry in entries if entry.kind == "moved"], self.plan)
        for entry in entries:
            entry.is_proposed = entry.number in self.proposed
        return entries

    @cached_property
    def proposed(self) -> set[int]:
        """The numbers of the decisions that wait for another side."""
        lists = self.page.standings.filter(proposed__isnull=False).values_list(
            "proposed", flat=True
        )
        return {number for numbers in lists for number in numbers or ()} | {
            entry.number for entry in self.term.proposals
        }

    @cached_property
    def changes_of_meaning(self) -> Items:
        """The entries that change what the plan or its entries mean, the newest first.

        They are those that entered the register in the week, whatever day they count from. Terms
        are among them only where they differ from earlier ones.
        """
        zone = ZoneInfo(self.plan.timezone)
        first, end = (datetime.combine(day, time.min, zone) for day in (self.monday, self.on))
        register = Entry.objects.filter(plan=self.plan)
        entries = list(
            register.filter(loaded_at__gte=first, loaded_at__lt=end)
            .exclude(kind__in=(*KINDS, RELEASED))
            .select_related("text", "to")
            .order_by("-number")
        )
        hide_texts(entries, self.on)
        changes = find_term_changes(entries, register)
        rows = [entry for entry in entries if entry.kind != "terms" or changes.get(entry.pk)]
        items = Items.first_of(rows)
        describe_rights(items.rows, self.plan)
        for entry in items.rows:
            entry.term_changes = changes.get(entry.pk, [])
            days = {max(change.since, self.plan.adopted_on) for change in entry.term_changes}
            entry.counts_from = sorted(days)
            entry.about = entry.to.number if entry.to else None
        return items

    @cached_property
    def authors(self) -> set[int | None]:
        requests = Entry.objects.filter(plan=self.plan, kind=REDACTION_ASKED)
        return {*requests.values_list("by", flat=True), *(entry.by_id for entry in self.entries)}

    @cached_property
    def cleared(self) -> Items:
        flags = Flag.objects.filter(plan=self.plan, kind=FlagKind.OVERDUE)
        of_week = flags.filter(cleared__gt=self.monday, cleared__lte=self.on)
        return Items.first_of_query(of_week.select_related("obligation").order_by("pk"))

    @property
    def sums(self) -> list[SumInWords]:
        """The sums in the active language."""
        return sums_on(self.page)

    @cached_property
    def counts(self) -> list[StateLine]:
        now = add_up(count_states(self.page, self.on))
        before = add_up(count_states(self.page, self.monday))
        disputed = add_up(count_disputed(self.page, self.on))
        return [
            StateLine(labels.STATES[state], now[state], now[state] - before[state], disputed[state])
            for state in STATES_BY_URGENCY
            if now[state] or before[state]
        ]

    @cached_property
    def jobs(self) -> list[JobStatus]:
        return job_statuses(self.plan, timezone.now())

    @cached_property
    def verification(self) -> Verification | None:
        return Verification.objects.filter(plan=self.plan).first()

    @cached_property
    def sightings(self) -> list[Sighting]:
        return sightings(self.plan, clock.now(self.plan.timezone))

    @cached_property
    def term(self) -> PageTerm:
        return term_of(self.page)

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
