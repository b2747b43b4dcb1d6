"""The state of everything on a day, as known on another: one structure for JSON and text."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from actionplan.jobs import ledger
from commitments.models import Action, Plan, Standing
from commitments.pages.counts import summarise
from commitments.register import histories, standings
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import days_counted, days_passed
from funding.models import Contribution


def status(
    plan: Plan, on: date, known: date | None, *, today: date, inside: bool = True
) -> dict[str, Any]:
    """The status as docs/reference/status.md describes it; `known` None means now.

    Not `inside`: without the owners' confidence and without the jobs, as everybody reads it of a
    public plan.
    """
    rows = standings.standings_on(plan, on, known, today=today)
    actions = _in_order_of_the_plan(plan, rows)
    numbers = dict(plan.commitments.values_list("pk", "number"))
    recurring = [row.obligation_id for row in actions if row.every]
    recurrences = histories.read_recurrences(plan, recurring, on, known or today)
    return {
        "plan": plan.slug,
        "on": on.isoformat(),
        "known": known.isoformat() if known else "now",
        "commitments": _commitments(numbers, actions),
        "actions": [
            {
                "ref": row.obligation.ref,
                "commitment": numbers[row.obligation.commitment_id],
                **action_status(row, on, recurrences.get(row.obligation_id), inside=inside),
            }
            for row in actions
        ],
        "contributions": _contributions(plan, rows, on),
        "jobs": ledger.freshness(plan) if inside else [],
    }


def _in_order_of_the_plan(plan: Plan, rows: Iterable[Standing]) -> list[Standing]:
    """Those of actions."""
    positions = dict(Action.objects.filter(plan=plan).values_list("pk", "position"))
    actions = [row for row in rows if row.obligation_id in positions]
    return sorted(actions, key=lambda row: positions[row.obligation_id])


def _commitments(numbers: Mapping[int, int], actions: Iterable[Standing]) -> list[dict[str, Any]]:
    by_commitment: dict[int, list[Standing]] = {key: [] for key in numbers}
    for row in actions:
        by_commitment[row.obligation.commitment_id].append(row)
    return [
        {"number": number, **commitment_status(by_commitment[key])}
        for key, number in numbers.items()
    ]


def commitment_status(actions: Iterable[Standing]) -> dict[str, Any]:
    state, counts = summarise(actions)
    return {"state": state, "counts": counts}


def action_status(
    row: Standing, on: date, recurrence: Recurrence | None, *, inside: bool = True
) -> dict[str, Any]:
    first, last, original = row.first_day, row.last_day, row.original_last
    if recurrence:
        if recurrence.window:
            first, last = recurrence.window.first, recurrence.window.last
        original = last
    return {
        "scored": row.scored,
        "modality": row.modality,
        "state": row.state,
        "days": days_counted(row.state, row.anchor, row.late, on),
        "first_day": _iso(first),
        "last_day": _iso(last),
        "original_last_day": _iso(original),
        # the original window of a recurring action is the current one
        "original_days": 0
        if recurrence and original
        else days_passed(original, row.original_stop, on),
        "words": row.words or None,
        "stale": row.stale_since is not None,
        "confirmed": row.confirmed,
        "disputed": row.disputed,
        "sides_differ": row.sides_differ,
        "never_reported": row.never_reported,
        "confidence": (row.confidence or None) if inside else None,
        "delivered": row.delivered,
        "target": row.target,
        "periods": [_period(period) for period in recurrence.periods] if recurrence else [],
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "period": period.name,
        "state": period.state,
        "delivered": period.delivered,
        "target": period.target,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _contributions(plan: Plan, rows: Iterable[Standing], on: date) -> list[dict[str, Any]]:
    """The instalments, in the order of the plan's contributions."""
    sides = dict(Contribution.objects.filter(plan=plan).values_list("ref", "side"))
    positions = {ref: position for position, ref in enumerate(sides)}
    instalments = sorted(
        (row for row in rows if row.obligation.instalment),
        key=lambda row: (positions[row.obligation.ref], row.obligation.instalment),
    )
    return [
        {
            "ref": row.obligation.ref,
            "from": sides[row.obligation.ref],
            "instalment": row.obligation.instalment,
            "state": row.state,
            "days": days_counted(row.state, row.anchor, row.late, on),
            "last_day": _iso(row.last_day),
            "firmness": row.modality,
            **row.amounts,
        }
        for row in instalments
    ]
