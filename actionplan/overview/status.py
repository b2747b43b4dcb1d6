"""The state of everything on a day, as known on another: one structure for JSON, text, pages and
digests.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from actionplan.jobs import ledger
from commitments.models import Action, Plan, Standing
from commitments.pages.counts import summarise
from commitments.register import histories, standings
from commitments.rules.recurrence import Recurrence
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
    order = dict(Action.objects.filter(plan=plan).values_list("pk", "position"))
    actions = sorted(
        (row for row in rows if row.obligation_id in order),
        key=lambda row: order[row.obligation_id],
    )
    instalments = [row for row in rows if row.obligation.instalment]
    numbers = dict(plan.commitments.values_list("pk", "number"))
    periodic = (row.obligation_id for row in actions if row.every)
    recurring = histories.read_recurrences(plan, periodic, on, known or today)
    return {
        "plan": plan.slug,
        "on": on.isoformat(),
        "known": known.isoformat() if known else "now",
        "commitments": [
            {
                "number": number,
                **summary(row for row in actions if row.obligation.commitment_id == pk),
            }
            for pk, number in numbers.items()
        ],
        "actions": [
            {
                "ref": row.obligation.ref,
                "commitment": numbers[row.obligation.commitment_id],
                **_action(row, on, recurring.get(row.obligation_id)),
                **({} if inside else {"confidence": None}),
            }
            for row in actions
        ],
        "contributions": _contributions(plan, instalments, on),
        "jobs": ledger.freshness(plan) if inside else [],
    }


def summary(rows: Iterable[Standing]) -> dict[str, Any]:
    state, counts = summarise(rows)
    return {"state": state, "counts": counts}


def _action(row: Standing, on: date, recurrence: Recurrence | None) -> dict[str, Any]:
    window = recurrence.window if recurrence else None
    first, last = (window.first, window.last) if window else (row.first_day, row.last_day)
    original = last if recurrence else row.original_last
    return {
        "scored": row.scored,
        "modality": row.modality,
        "state": row.state,
        "days": days_counted(row.state, row.anchor, row.late, on),
        "first_day": _iso(first),
        "last_day": _iso(last),
        "original_last_day": _iso(original),
        "original_days": 0
        if recurrence and original
        else days_passed(original, row.original_stop, on),
        "words": row.words or None,
        "stale": row.stale_since is not None,
        "confirmed": row.confirmed,
        "disputed": row.disputed,
        "sides_differ": row.sides_differ,
        "never_reported": row.never_reported,
        "confidence": row.confidence or None,
        "delivered": row.delivered,
        "target": row.target,
        "periods": [
            {"period": p.name, "state": p.state, "delivered": p.delivered, "target": p.target}
            for p in (recurrence.periods if recurrence else [])
        ],
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _contributions(plan: Plan, rows: Iterable[Standing], on: date) -> list[dict[str, Any]]:
    sides = dict(Contribution.objects.filter(plan=plan).values_list("ref", "side"))
    order = {ref: place for place, ref in enumerate(sides)}
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
        for row in sorted(
            rows, key=lambda row: (order[row.obligation.ref], row.obligation.instalment)
        )
    ]
