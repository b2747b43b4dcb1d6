"""The state of everything on a day, as known on another: one structure for JSON and text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from actionplan.jobs.ledger import freshness, iso
from actionplan.overview.status_types import (
    ActionState,
    CommitmentState,
    CommitmentStatus,
    InstalmentStatus,
    PeriodStatus,
    PlanStatus,
    QuestionStatus,
    SideStatus,
    StepStatus,
)
from commitments.models import Action, Entry, Plan, PublicEntry, Standing
from commitments.pages.counts import summarise
from commitments.pages.labels import count_days_of_part
from commitments.register import histories, standings
from commitments.register.opening import find_opening
from commitments.register.questions import open_questions_on
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import days_counted, days_passed
from commitments.text import number_or_text
from funding.models import Contribution

# what JSON has for an object
Json = Mapping[str, Any]


def status(
    plan: Plan, on: date, known: date | None, *, today: date, inside: bool = True
) -> PlanStatus:
    """The status as docs/reference/status.md describes it; `known` None means now.

    Not `inside`: without the owners' confidence, the ids of entries and the jobs, as everybody reads
    it of a public plan.
    """
    rows = standings.standings_on(plan, on, known, today=today)
    actions = _in_order_of_the_plan(plan, rows)
    commitments = plan.commitments.values_list("pk", "number")
    numbers = {key: number_or_text(number) for key, number in commitments}
    recurring = [row.obligation_id for row in actions if row.every]
    recurrences = histories.read_recurrences(plan, recurring, on, known or today)
    term = histories.read_term(plan, on, known or today)
    proposed = {*term.proposed, *(number for row in actions for number in row.proposed or [])}
    codes = _codes_of(plan, proposed, inside=inside)
    questions: dict[str, list[QuestionStatus]] = {}
    if inside or plan.public_questions:
        questions = _open_questions(plan, on, known or today)
    return {
        "plan": plan.slug,
        "on": on.isoformat(),
        "known": known.isoformat() if known else "now",
        "until": iso(term.last_day),
        "opened": _opened(plan, on, known),
        "proposed": [codes[number] for number in term.proposed],
        "commitments": _commitments(numbers, actions),
        "actions": [
            {
                "ref": row.obligation.ref,
                "commitment": numbers[row.obligation.commitment_id],
                "questions": questions.get(row.obligation.ref, []),
                **action_status(row, on, recurrences.get(row.obligation_id), codes, inside=inside),
            }
            for row in actions
        ],
        "contributions": _contributions(plan, rows, on),
        "jobs": freshness(plan) if inside else [],
    }


def _open_questions(plan: Plan, on: date, known: date) -> dict[str, list[QuestionStatus]]:
    """The open questions by ref, the oldest first."""
    questions = defaultdict(list)
    for entry in open_questions_on(plan, on, known):
        question: QuestionStatus = {
            "entry": entry.number,
            "from": entry.side,
            "to": entry.words,
            "since": entry.recorded_day.isoformat(),
            "due": entry.when or None,
        }
        questions[entry.ref].append(question)
    return questions


def _opened(plan: Plan, on: date, known: date | None) -> str | None:
    """The day on which the plan was opened; None where it was not yet, or where that was not known."""
    opening = find_opening(plan)
    if opening is None or opening.recorded_day > on:
        return None
    if known and opening.recorded_day > known:
        return None
    return opening.recorded_day.isoformat()


def _codes_of(plan: Plan, numbers: Iterable[int], *, inside: bool) -> dict[int, str]:
    """The ids of entries by their numbers; for readers from outside the number stands in place of
    the id.
    """
    entries = Entry.objects if inside else PublicEntry.objects
    rows = entries.filter(plan_id=plan.pk, number__in=numbers)
    return dict(rows.values_list("number", "code"))


def _in_order_of_the_plan(plan: Plan, rows: Iterable[Standing]) -> list[Standing]:
    """The standings of actions, in the order of the plan."""
    positions = dict(Action.objects.filter(plan=plan).values_list("pk", "position"))
    actions = [row for row in rows if row.obligation_id in positions]
    return sorted(actions, key=lambda row: positions[row.obligation_id])


def _commitments(
    numbers: Mapping[int, int | str], actions: Iterable[Standing]
) -> list[CommitmentStatus]:
    by_commitment: dict[int, list[Standing]] = {key: [] for key in numbers}
    for row in actions:
        by_commitment[row.obligation.commitment_id].append(row)
    return [
        {"number": number, **commitment_status(by_commitment[key])}
        for key, number in numbers.items()
    ]


def commitment_status(actions: Iterable[Standing]) -> CommitmentState:
    state, counts = summarise(actions)
    return {"state": state, "counts": counts}


def action_status(
    row: Standing,
    on: date,
    recurrence: Recurrence | None,
    codes: Mapping[int, str],
    *,
    inside: bool = True,
) -> ActionState:
    """The status of one action. `codes` are the ids of entries by their numbers."""
    first_day, last_day = _days_due(row, recurrence)
    return {
        "scored": row.scored,
        "modality": row.modality,
        "state": row.state,
        "days": days_counted(row.state, row.anchor, row.late, on),
        "first_day": iso(first_day),
        "last_day": iso(last_day),
        "original_last_day": iso(row.original_last),
        "original_days": days_passed(row.original_last, row.original_stop, on),
        "words": row.words or None,
        "stale": row.stale_since is not None,
        "confirmed": row.confirmed,
        "disputed": row.disputed,
        "sides_differ": row.sides_differ,
        "never_reported": row.never_reported,
        "confidence": (row.confidence or None) if inside else None,
        "delivered": row.delivered,
        "target": row.target,
        "reading": row.reading,
        "level": row.level,
        "baseline": row.baseline,
        "progress": row.progress or None,
        "proposed": [codes[number] for number in row.proposed or []],
        "needs": row.needs or [],
        "each": [_side(part, on) for part in row.each] if row.each else None,
        "steps": [_step(part, on) for part in row.steps] if row.steps else None,
        "periods": [_period(period) for period in recurrence.periods] if recurrence else [],
        "periods_closed": recurrence.periods_closed if recurrence else None,
        "periods_short": recurrence.periods_short if recurrence else None,
    }


def _days_due(row: Standing, recurrence: Recurrence | None) -> tuple[date | None, date | None]:
    """The first and last day of the deadline; for what recurs those of the current period."""
    if recurrence and recurrence.window:
        return recurrence.window.first, recurrence.window.last
    return row.first_day, row.last_day


def _side(part: Json, on: date) -> SideStatus:
    return {
        "side": part["side"],
        "state": part["state"],
        "days": count_days_of_part(part, on),
        "progress": part["progress"],
        "delivered": part["delivered"],
        "reading": part["reading"],
    }


def _step(part: Json, on: date) -> StepStatus:
    return {
        "when": part["when"],
        "quantity": part["quantity"],
        "state": part["state"],
        "days": count_days_of_part(part, on),
    }


def _period(period: Period) -> PeriodStatus:
    return {
        "period": period.name,
        "state": period.state,
        "delivered": period.delivered,
        "target": period.target,
    }


def _contributions(plan: Plan, rows: Iterable[Standing], on: date) -> list[InstalmentStatus]:
    """The instalments, in the order of the plan's contributions."""
    sides = dict(Contribution.objects.filter(plan=plan).values_list("ref", "side"))
    order = list(sides)
    instalments = sorted(
        (row for row in rows if row.obligation.instalment),
        key=lambda row: (order.index(row.obligation.ref), row.obligation.instalment),
    )
    return [_instalment(row, sides[row.obligation.ref], on) for row in instalments]


def _instalment(row: Standing, side: str, on: date) -> InstalmentStatus:
    amounts = row.amounts
    return {
        "ref": row.obligation.ref,
        "from": side,
        "instalment": row.obligation.instalment,
        "state": row.state,
        "days": days_counted(row.state, row.anchor, row.late, on),
        "last_day": iso(row.last_day),
        "original_last_day": iso(row.original_last),
        "firmness": row.modality,
        "stated": amounts["stated"],
        "paid": amounts["paid"],
        "outstanding": amounts["outstanding"],
    }
