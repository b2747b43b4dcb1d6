"""What presses most on a day: what wants attention, the next deadlines, who is silent."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from commitments.lists.filters import ATTENTION, falls_due_by, order_by_urgency
from commitments.models import Standing
from commitments.models.standings import StandingQuerySet
from commitments.pages.page import Page
from commitments.rules.states import SATISFIED, State

SOON = timedelta(days=14)
SILENT_SHOWN = 7
TIMELINE_SHOWN = 12
# the states in which a deadline is still ahead, or has passed without being met
WITH_DEADLINE = (State.OVERDUE, State.DUE, State.DUE_SOON, State.UPCOMING)


@dataclass(frozen=True)
class Figure:
    """A number and the address of the list that it counts."""

    count: int
    url: str


@dataclass(frozen=True)
class Attention:
    """How many scored actions want attention, and for what."""

    overdue: Figure
    soon: Figure
    never_reported: Figure
    stale: Figure


@dataclass(frozen=True)
class SilentActions:
    """The refs of some actions that nobody reports on."""

    never_reported: list[str]
    stale: list[str]


def count_attention(page: Page) -> Attention:
    by = page.on + SOON
    counts = page.standings.filter(scored=True).aggregate(
        overdue=Count("pk", filter=Q(state=State.OVERDUE)),
        soon=Count("pk", filter=falls_due_by(by)),
        never_reported=Count("pk", filter=ATTENTION["never"].condition),
        stale=Count("pk", filter=ATTENTION["stale"].condition),
    )
    overdue = page.url("commitments", state=State.OVERDUE.value, scored="1")
    soon = page.url("commitments", due=by.isoformat(), scored="1")
    never_reported = page.url("commitments", attention="never")
    stale = page.url("commitments", attention="stale")
    return Attention(
        overdue=Figure(counts["overdue"], overdue),
        soon=Figure(counts["soon"], soon),
        never_reported=Figure(counts["never_reported"], never_reported),
        stale=Figure(counts["stale"], stale),
    )


def next_deadlines(page: Page) -> dict[int, Standing]:
    """The most pressing action with an unmet deadline of each commitment, by the commitment's key."""
    of_commitment = page.standings.filter(scored=True, commitment=OuterRef("pk"))
    # state by state, since an index then finds the first however large the plan is
    candidates = [_by_date(of_commitment.filter(state=state.value)) for state in WITH_DEADLINE]
    first = Coalesce(*(Subquery(rows.values("pk")[:1]) for rows in candidates))
    commitments = page.plan.commitments.order_by().annotate(first=first)
    standings = page.standings_with_actions().filter(
        pk__in=list(commitments.values_list("first", flat=True))
    )
    return {standing.obligation.commitment_id: standing for standing in standings}


def pressing_actions(page: Page) -> list[Standing]:
    """The scored actions with a date, the most pressing first, those that are met last."""
    scored = page.standings_with_actions().filter(scored=True)
    pressing: list[Standing] = []
    # state by state, since an index then finds the first however large the plan is
    for state in WITH_DEADLINE:
        pressing += _by_date(scored.filter(state=state.value))[: TIMELINE_SHOWN - len(pressing)]
        if len(pressing) == TIMELINE_SHOWN:
            return pressing
    has_a_date = Q(anchor__isnull=False) | Q(last_day__isnull=False)
    met = scored.filter(has_a_date, state__in=[state.value for state in SATISFIED])
    by_urgency = order_by_urgency(met).order_by("urgency", "pressing_day", "obligation_id")
    return [*pressing, *by_urgency[: TIMELINE_SHOWN - len(pressing)]]


def _by_date(standings: StandingQuerySet) -> StandingQuerySet:
    return standings.order_by("anchor", "obligation_id")


def silent_actions(page: Page) -> SilentActions:
    never_reported = page.standings.filter(ATTENTION["never"].condition).order_by("obligation_id")
    stale = page.standings.filter(ATTENTION["stale"].condition).order_by(
        "stale_since", "obligation_id"
    )
    return SilentActions(never_reported=_first_refs(never_reported), stale=_first_refs(stale))


def _first_refs(standings: StandingQuerySet) -> list[str]:
    return list(standings.values_list("obligation__ref", flat=True)[:SILENT_SHOWN])
