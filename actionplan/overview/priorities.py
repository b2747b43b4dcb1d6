"""What presses most on a day: the figures of the plan, the next dates, the actions of the timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from commitments.lists.filters import NEVER_REPORTED, falls_due_by, order_by_urgency
from commitments.models import Standing
from commitments.pages.counts import scored_actions
from commitments.pages.page import Page
from commitments.rules.states import CLOSED, SATISFIED, State

MONTH_AHEAD = timedelta(days=30)
TIMELINE_SHOWN = 12
# the states in which a deadline is still ahead
AHEAD = (State.DUE, State.DUE_SOON, State.UPCOMING)
NAMES_SHOWN = 4
IS_MET = Q(state__in=SATISFIED)
IS_OVERDUE = Q(state=State.OVERDUE)
IS_STALE = Q(stale_since__isnull=False)


@dataclass(frozen=True)
class Figure:
    """A number and the address of the list that it counts."""

    count: int
    url: str


@dataclass(frozen=True)
class KeyFigure:
    """A figure of the day, and the same one week before; None before the adoption."""

    now: Figure
    week_ago: int | None


@dataclass(frozen=True)
class Moves:
    """The keys of the standings of the page's day by which a condition came to hold or ceased to."""

    joined: list[int]
    left: list[int]


def count_figures(page: Page, day: date) -> dict[str, int]:
    """How many scored actions there are, and how many of them each figure counts."""
    return scored_actions(page, day).aggregate(
        counting=Count("pk"),
        overdue=Count("pk", filter=IS_OVERDUE),
        due=Count("pk", filter=falls_due_by(day + MONTH_AHEAD)),
        stale=Count("pk", filter=IS_STALE),
        never=Count("pk", filter=NEVER_REPORTED),
        contested=Count("pk", filter=Q(disputed=True)),
        met=Count("pk", filter=IS_MET),
        met_late=Count("pk", filter=Q(state=State.MET_LATE)),
        met_disputed=Count("pk", filter=IS_MET & Q(disputed=True)),
        ahead=Count("pk", filter=Q(state__in=AHEAD)),
        awaiting=Count("pk", filter=Q(state=State.AWAITING)),
        no_date=Count("pk", filter=Q(state=State.NO_DATE)),
        closed=Count("pk", filter=Q(state__in=CLOSED)),
    )


def list_addresses(page: Page) -> dict[str, str]:
    """The address of the list behind each figure, by the figure's name."""
    met = tuple(state.value for state in State if state in SATISFIED)
    questions: dict[str, dict[str, object]] = {
        "counting": {},
        "overdue": {"state": State.OVERDUE.value},
        "due": {"due": (page.on + MONTH_AHEAD).isoformat()},
        "stale": {"attention": "stale"},
        "never": {"attention": "never"},
        "contested": {"attention": "disputed"},
        "met": {"state": met},
        "met_late": {"state": State.MET_LATE.value},
        "met_disputed": {"state": met, "attention": "disputed"},
        "ahead": {"state": tuple(state.value for state in AHEAD)},
        "awaiting": {"state": State.AWAITING.value},
        "no_date": {"state": State.NO_DATE.value},
        "closed": {"state": tuple(state.value for state in State if state in CLOSED)},
    }
    return {
        name: page.url("commitments", **question, scored="1")
        for name, question in questions.items()
    }


def key_figures(page: Page) -> dict[str, KeyFigure]:
    now = count_figures(page, page.on)
    week_ago = page.on - timedelta(days=7)
    before: dict[str, int] = {}
    if week_ago >= page.plan.adopted_on:
        before = count_figures(page, week_ago)
    return {
        name: KeyFigure(Figure(now[name], url), before.get(name))
        for name, url in list_addresses(page).items()
    }


def find_moves(page: Page, earlier: date, conditions: Mapping[str, Q]) -> dict[str, Moves]:
    """Which scored actions meet each condition on the page's day and did not earlier, and which did
    and no longer do.
    """
    before = scored_actions(page, earlier).filter(obligation=OuterRef("obligation"))
    answers: dict[str, Combinable] = {}
    for name, condition in conditions.items():
        is_now = condition & Q(scored=True)
        answers[f"{name}_now"] = ExpressionWrapper(is_now, BooleanField())
        answers[f"{name}_before"] = Exists(before.filter(condition))
    # whose stretch began earlier has not changed
    changed = page.standings.filter(from_day__gt=earlier).annotate(**answers)
    rows = list(changed.order_by("obligation_id").values("pk", *answers))
    return {
        name: Moves(
            joined=[row["pk"] for row in rows if row[f"{name}_now"] and not row[f"{name}_before"]],
            left=[row["pk"] for row in rows if row[f"{name}_before"] and not row[f"{name}_now"]],
        )
        for name in conditions
    }


def next_dates(page: Page) -> dict[int, Standing]:
    """The action of each commitment whose date comes next, by the commitment's key.

    `next_day` is its date: the last day on which it is in time.
    """
    next_day = Case(When(state=State.DUE, then=F("anchor")), default=Coalesce("last_day", "anchor"))
    ahead = page.standings.filter(scored=True, state__in=AHEAD).annotate(next_day=next_day)
    of_commitment = ahead.filter(commitment=OuterRef("pk")).order_by("next_day", "obligation_id")
    commitments = page.plan.commitments.order_by()
    first = commitments.annotate(first=Subquery(of_commitment.values("pk")[:1]))
    keys = list(first.values_list("first", flat=True))
    standings = ahead.filter(pk__in=keys).select_related("obligation")
    return {standing.obligation.commitment_id: standing for standing in standings}


def pressing_actions(page: Page) -> list[Standing]:
    """The scored actions with a date, the most pressing first, those that are met last."""
    ahead_or_missed = Q(state__in=[State.OVERDUE, *AHEAD])
    met = IS_MET & (Q(anchor__isnull=False) | Q(last_day__isnull=False))
    scored = order_by_urgency(page.standings.filter(ahead_or_missed | met, scored=True))
    # the few that are shown are chosen before anything is joined to them
    first = scored.order_by("urgency", "pressing_day", "obligation_id")[:TIMELINE_SHOWN]
    standings = page.standings_with_actions().filter(pk__in=first.values("pk"))
    return list(order_by_urgency(standings))
