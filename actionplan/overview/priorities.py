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


def count_attention(page: Page) -> dict[str, Figure]:
    """How many scored actions want attention, and for what."""
    by = page.on + SOON
    counts = page.standings.filter(scored=True).aggregate(
        overdue=Count("pk", filter=Q(state=State.OVERDUE)),
        soon=Count("pk", filter=falls_due_by(by)),
        never_reported=Count("pk", filter=ATTENTION["never"].condition),
        stale=Count("pk", filter=ATTENTION["stale"].condition),
    )
    lists = {
        "overdue": page.url("commitments", state=State.OVERDUE.value, scored="1"),
        "soon": page.url("commitments", due=by.isoformat(), scored="1"),
        "never_reported": page.url("commitments", attention="never"),
        "stale": page.url("commitments", attention="stale"),
    }
    return {name: Figure(counts[name], url) for name, url in lists.items()}


def next_deadlines(page: Page) -> dict[int, Standing]:
    """The most pressing action with an unmet deadline of each commitment, by the commitment's key."""
    of_commitment = page.standings.filter(scored=True, commitment=OuterRef("pk"))
    by_date = of_commitment.order_by("anchor", "obligation_id").values("pk")
    # state by state, since an index then finds the first however large the plan is
    first = Coalesce(*(Subquery(by_date.filter(state=state)[:1]) for state in WITH_DEADLINE))
    commitments = page.plan.commitments.order_by().annotate(first=first)
    keys = list(commitments.values_list("first", flat=True))
    standings = page.standings_with_actions().filter(pk__in=keys)
    return {standing.obligation.commitment_id: standing for standing in standings}


def pressing_actions(page: Page) -> list[Standing]:
    """The scored actions with a date, the most pressing first, those that are met last."""
    ahead_or_missed = Q(state__in=WITH_DEADLINE)
    met = Q(state__in=SATISFIED) & (Q(anchor__isnull=False) | Q(last_day__isnull=False))
    scored = order_by_urgency(page.standings.filter(ahead_or_missed | met, scored=True))
    # the few that are shown are chosen before anything is joined to them
    first = scored.order_by("urgency", "pressing_day", "obligation_id")[:TIMELINE_SHOWN]
    standings = page.standings_with_actions().filter(pk__in=first.values("pk"))
    return list(order_by_urgency(standings))


def silent_actions(page: Page) -> dict[str, list[str]]:
    """The refs of some actions that nobody reports on, by the kind of silence."""
    never_reported = page.standings.filter(ATTENTION["never"].condition).order_by("obligation_id")
    stale = page.standings.filter(ATTENTION["stale"].condition)
    return {
        "never_reported": _first_refs(never_reported),
        "stale": _first_refs(stale.order_by("stale_since", "obligation_id")),
    }


def _first_refs(standings: StandingQuerySet) -> list[str]:
    return list(standings.values_list("obligation__ref", flat=True)[:SILENT_SHOWN])
