"""What the overview of a plan shows: one function for each section, one query for each question.

Every figure is given with the address of the list that it counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from dateutil.relativedelta import relativedelta
from django.db.models import Q

from actionplan.overview.decisions import decisions, worst_actions
from actionplan.overview.priorities import (
    IS_MET,
    IS_OVERDUE,
    IS_STALE,
    NAMES_SHOWN,
    Figure,
    KeyFigure,
    count_figures,
    find_moves,
    key_figures,
    list_addresses,
    next_dates,
    pressing_actions,
)
from actionplan.overview.timeline import timeline
from commitments.lists.filters import KIND_GROUPS
from commitments.models import Commitment, Standing
from commitments.pages.counts import (
    CountsByCommitment,
    StateCount,
    count_disputed,
    count_states,
    count_under_way,
    counts_of,
)
from commitments.pages.entries import EntryRow, describe_entries, entries_on
from commitments.pages.page import Page
from commitments.pages.plan_term import term_of
from commitments.register.entry_types import kinds_with
from commitments.register.histories import read_recurrences
from commitments.rules.recurrence import Recurrence
from funding.instalments import instalments_on
from funding.lateness import lateness
from funding.promises import promises
from funding.totals import money_entries, sum_by_currency

CHANGES_SHOWN = 7
NEWS_GROUPS = tuple(group for group in KIND_GROUPS if group != "register")
COMPARED = {"met": IS_MET, "overdue": IS_OVERDUE, "stale": IS_STALE}


@dataclass(frozen=True)
class Segment:
    """A part of a commitment's bar: an action is one unit wide. `state` is a state, or `under-way` for
    what is under way without a date.
    """

    state: str
    start: int
    width: int


@dataclass(frozen=True)
class CommitmentLine:
    """A commitment with the counts of its actions and the action whose date comes next."""

    commitment: Commitment
    counts: list[StateCount]
    next_date: Standing | None

    @property
    def segments(self) -> Iterator[Segment]:
        start = 0
        for of_state in self.counts:
            under_way = of_state.under_way
            if under_way:
                yield Segment("under-way", start, under_way)
            if under_way < of_state.count:
                yield Segment(of_state.state, start + under_way, of_state.count - under_way)
            start += of_state.count


@dataclass(frozen=True)
class CommitmentLines:
    """The commitments in the order of the text; `scale` is the number of actions that fills a bar."""

    lines: list[CommitmentLine]
    scale: int


@dataclass(frozen=True)
class Comparison:
    """A figure a month ago and now. `joined` has some of the actions that are new in it, `left`
    some that it no longer counts.
    """

    name: str
    before: Figure
    now: Figure
    joined: list[Standing]
    joined_count: int
    left: list[Standing]
    left_count: int

    @property
    def more_joined(self) -> int:
        return self.joined_count - len(self.joined)

    @property
    def more_left(self) -> int:
        return self.left_count - len(self.left)


@dataclass(frozen=True)
class Changes:
    """The newest entries of the last seven days (`since`), and how many there are altogether: news of the
    plan, and apart from it what concerns only the register, such as rights of accounts.
    """

    since: date
    entries: list[EntryRow]
    all: Figure
    about_register: Figure

    @property
    def not_shown(self) -> int:
        return self.all.count - len(self.entries)


def overview(page: Page) -> dict[str, object]:
    """The content that follows from the register; the state of the jobs does not."""
    if page.on < page.plan.adopted_on:
        return {"is_signed": False}
    figures = key_figures(page)
    instalments = instalments_on(page)
    earlier = day_a_month_ago(page)
    worst = worst_actions(page)
    pressing = pressing_actions(page)
    recurrences = recurrences_of(page, [*(decision.standing for decision in worst), *pressing])
    return {
        "is_signed": True,
        "term": term_of(page),
        "figures": figures,
        "no_longer_met": no_longer_met(page),
        "decisions": decisions(page, worst, instalments, recurrences),
        "commitments": commitments(page, count_states(page, page.on)),
        "promises": promises(instalments),
        "lateness": lateness(instalments, page.on),
        "spent": sum_by_currency(money_entries(page, "spent")),
        "earlier": earlier,
        "comparisons": compare_with(page, earlier, figures) if earlier else [],
        "changes": changes_of_the_week(page),
        "timeline": timeline(page, pressing, recurrences),
    }


def no_longer_met(page: Page) -> list[Standing]:
    """What was met a week ago, and is not any more."""
    week_ago = page.on - timedelta(days=7)
    if week_ago < page.plan.adopted_on:
        return []
    moves = find_moves(page, week_ago, {"met": IS_MET})["met"]
    standings = page.standings.select_related("obligation").filter(pk__in=_named(moves.left))
    return list(standings.order_by("obligation_id"))


def recurrences_of(page: Page, standings: Iterable[Standing]) -> dict[int, Recurrence]:
    recurring = {standing.obligation_id for standing in standings if standing.every}
    return read_recurrences(page.plan, recurring, page.on, page.known_day)


def commitments(page: Page, counts: CountsByCommitment) -> CommitmentLines:
    next_standings = next_dates(page)
    disputed = count_disputed(page, page.on)
    under_way = count_under_way(page, page.on)
    lines = [
        CommitmentLine(
            commitment=commitment,
            counts=counts_of(
                counts.get(commitment.pk, {}),
                disputed.get(commitment.pk, {}),
                page,
                under_way=under_way.get(commitment.pk, {}),
                commitment=commitment.number,
            ),
            next_date=next_standings.get(commitment.pk),
        )
        for commitment in page.plan.commitments.all()
    ]
    scale = max((sum(states.values()) for states in counts.values()), default=1)
    return CommitmentLines(lines, scale)


def day_a_month_ago(page: Page) -> date | None:
    """The day a month earlier, or the day of adoption if that is later; None on the day of
    adoption.
    """
    earlier = max(page.on - relativedelta(months=1), page.plan.adopted_on)
    if earlier >= page.on:
        return None
    return earlier


def compare_with(page: Page, earlier: date, figures: dict[str, KeyFigure]) -> list[Comparison]:
    counts = count_figures(page, earlier)
    earlier_page = replace(page, on=earlier, known=page.known and earlier)
    addresses = list_addresses(earlier_page)
    moves = find_moves(page, earlier, COMPARED)
    named = [key for move in moves.values() for key in _named(move.joined) + _named(move.left)]
    standings = page.standings.select_related("obligation").in_bulk(named)
    return [
        Comparison(
            name=name,
            before=Figure(counts[name], addresses[name]),
            now=figures[name].now,
            joined=[standings[key] for key in _named(moves[name].joined)],
            joined_count=len(moves[name].joined),
            left=[standings[key] for key in _named(moves[name].left)],
            left_count=len(moves[name].left),
        )
        for name in COMPARED
    ]


def _named(keys: list[int]) -> list[int]:
    return keys[:NAMES_SHOWN]


def changes_of_the_week(page: Page) -> Changes:
    """What was recorded in the seven days that end with the page's day, the newest first."""
    since = page.on - timedelta(days=6)
    week = entries_on(page).filter(recorded_day__gte=since)
    about_register = Q(kind__in=kinds_with(group="register"))
    news = week.exclude(about_register)
    newest = news.order_by("-recorded_day", "-number")[:CHANGES_SHOWN]
    url = partial(page.url, "register", since=since.isoformat())
    return Changes(
        since=max(page.on - timedelta(days=7), page.plan.adopted_on),
        entries=describe_entries(newest, page),
        all=Figure(news.count(), url(kind=NEWS_GROUPS)),
        about_register=Figure(week.filter(about_register).count(), url(kind="register")),
    )
