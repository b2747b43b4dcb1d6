"""What the overview of a plan shows: one function for each section, one query for each question.

Every figure is given with the address of the list that it counts.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from actionplan.overview.priorities import (
    Figure,
    count_attention,
    next_deadlines,
    pressing_actions,
    silent_actions,
)
from actionplan.overview.timeline import timeline
from commitments.models import Aim, Commitment, Standing
from commitments.pages.counts import (
    CountsByCommitment,
    StateCount,
    add_up,
    count_states,
    counts_of,
    worst,
)
from commitments.pages.entries import EntryRow, describe_entries, entries_on
from commitments.pages.page import Page
from commitments.rules.states import STATES_BY_URGENCY, State
from funding.instalments import InstalmentOnDay, instalments_on
from funding.models import Contribution
from funding.totals import CurrencyTotal, compute_totals, money_entries, sum_by_currency

CHANGES_SHOWN = 7


@dataclass(frozen=True)
class CommitmentLine:
    """A commitment with its worst state, the counts of its actions and the next of its deadlines."""

    commitment: Commitment
    state: str | None
    counts: list[StateCount]
    next_deadline: Standing | None


@dataclass(frozen=True)
class ContributionLine:
    """What one contribution adds up to in each currency; `stated` is false without any amount."""

    contribution: Contribution
    stated: bool
    totals: list[CurrencyTotal]


@dataclass(frozen=True)
class StateChange:
    """How many actions were in a state on the earlier day, and how many are now."""

    state: str
    before: Figure
    now: Figure

    @property
    def signed_difference(self) -> str:
        difference = self.now.count - self.before.count
        if difference == 0:
            return "0"
        return f"{difference:+d}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Comparison:
    earlier: date
    changes: list[StateChange]


@dataclass(frozen=True)
class Changes:
    """The newest entries of the last seven days, and how many there are altogether."""

    entries: list[EntryRow]
    all: Figure

    @property
    def not_shown(self) -> int:
        return self.all.count - len(self.entries)


def overview(page: Page) -> dict[str, Any]:
    """Everything that follows from the register; the jobs do not."""
    counts = count_states(page, page.on)
    return {
        "attention": count_attention(page),
        "changes": changes_of_the_week(page),
        "commitments": commitments(page, counts),
        "contributions": contributions(page),
        "spent": sum_by_currency(money_entries(page, "spent")),
        "silent": silent_actions(page),
        "comparison": compare_with_last_month(page, counts),
        "timeline": timeline(page, pressing_actions(page)),
        "gaps": Aim.objects.filter(plan=page.plan, commitments=None).order_by("code"),
    }


def commitments(page: Page, counts: CountsByCommitment) -> list[CommitmentLine]:
    deadlines = next_deadlines(page)
    return [
        CommitmentLine(
            commitment=commitment,
            state=worst(counts.get(commitment.pk, {})),
            counts=counts_of(counts.get(commitment.pk, {}), page, commitment=commitment.number),
            next_deadline=deadlines.get(commitment.pk),
        )
        for commitment in page.plan.commitments.order_by("number")
    ]


def compare_with_last_month(page: Page, counts: CountsByCommitment) -> Comparison | None:
    """The states now and a month before, or on the day of adoption if that is later."""
    earlier = max(page.on - relativedelta(months=1), page.plan.adopted_on)
    if earlier >= page.on:
        return None
    now = add_up(counts)
    before = add_up(count_states(page, earlier))
    changes = [
        StateChange(
            state=state.value,
            before=Figure(before[state], _list_of(page, state, on=earlier.isoformat())),
            now=Figure(now[state], _list_of(page, state)),
        )
        for state in STATES_BY_URGENCY
        if now[state] or before[state]
    ]
    return Comparison(earlier, changes)


def _list_of(page: Page, state: State, **query: str) -> str:
    return page.url("commitments", state=state.value, scored="1", **query)


def changes_of_the_week(page: Page) -> Changes:
    """What was recorded in the seven days that end with the page's day, the newest first."""
    since = page.on - timedelta(days=6)
    week = entries_on(page).without_plan_entries().filter(recorded_day__gte=since)
    newest = week.order_by("-recorded_day", "-number")[:CHANGES_SHOWN]
    url = page.url("register", since=since.isoformat(), kind="reported")
    return Changes(describe_entries(newest, page), Figure(week.count(), url))


def contributions(page: Page) -> list[ContributionLine]:
    instalments_of: dict[Contribution, list[InstalmentOnDay]] = defaultdict(list)
    for line in instalments_on(page):
        instalments_of[line.contribution].append(line)
    return [
        ContributionLine(
            contribution=contribution,
            stated=any(line.stated for line in lines),
            totals=compute_totals(lines, [], page.on),
        )
        for contribution, lines in instalments_of.items()
    ]
