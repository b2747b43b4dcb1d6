"""The second edition of the rules: a plan that was judged by the first one is judged anew, and its
register says from when on, and which states of past days that has changed.

What begins under the second edition has no such entry.
"""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from django.db import transaction

from commitments.models import Action, Entry, Obligation, Plan, Standing
from commitments.register import standings
from commitments.register.entries import Draft, append, civil_day
from commitments.register.entry_types import EDITION
from commitments.register.recorded_terms import terms_of_sides, whole_terms
from commitments.rules.dates import shift
from commitments.rules.events import Perspective
from commitments.rules.states import State

# by obligation and perspective: the first day of each stretch and its standing, in order
Stretches = dict[tuple[int, str], list[Standing]]


@dataclass(frozen=True)
class ChangedDays:
    """Days that read otherwise than before; `known` says from which perspective, `why` is a code."""

    ref: str
    instalment: int
    known: str
    first: str
    last: str
    before: str
    after: str
    why: str


@transaction.atomic
def begin_second_edition(plan: Plan, now: datetime) -> Entry | None:
    """Judge a plan of the first edition by the second; None for one that is judged by it already.

    1. Give the terms what the first edition did not count among them: who leads.
    2. Judge all days anew.
    3. Record since when, and what has changed.
    """
    Plan.objects.lock(plan)
    entries = Entry.objects.filter(plan=plan)
    is_of_first = entries.filter(kind="terms", form=None).exists()
    if not is_of_first or entries.filter(kind=EDITION).exists():
        return None
    today = civil_day(now, plan.timezone)
    before = read_stretches(plan)
    append(plan, list(_complete_terms(plan)), by=None, now=now)
    standings.rebuild_all(plan)
    changed = find_changed_days(plan, before, read_stretches(plan), today)
    draft = Draft(
        kind=EDITION,
        code=f"edition-{secrets.token_hex(12)}",
        effective=today.isoformat(),
        recorded_day=today,
        recorded_at=now,
        words="2",
        terms={"changed": [asdict(days) for days in changed]},
    )
    (entry,) = append(plan, [draft], by=None, now=now)
    return entry


def _complete_terms(plan: Plan) -> Iterator[Draft]:
    """All versions of all terms once more, in their order, with what has become a term."""
    actions = Action.objects.filter(plan=plan).prefetch_related("leads")
    leads = {action.pk: list(action.leads.all()) for action in actions}
    sides = dict(plan.bodies.exclude(side="").values_list("code", "side"))
    recorded = Entry.objects.filter(plan=plan, kind="terms").order_by("number")
    for entry in recorded.select_related("obligation"):
        terms: dict[str, Any] = dict(entry.terms or {})
        is_whole = bool(whole_terms(terms))
        if is_whole and entry.obligation_id in leads:
            codes = [body.code for body in leads[entry.obligation_id]]
            named = {*codes, *terms["consents"]}
            terms["lead"] = codes
            terms |= terms_of_sides({code: sides.get(code, "") for code in sorted(named)})
            terms["year_basis"] = plan.year_basis
        elif is_whole:
            terms["sides"] = plan.sides
        yield Draft(
            kind="terms",
            code=f"terms-{secrets.token_hex(12)}",
            ref=entry.ref,
            instalment=entry.instalment,
            obligation=entry.obligation,
            effective=entry.effective,
            recorded_day=entry.recorded_day,
            terms=terms,
        )


def read_stretches(plan: Plan) -> Stretches:
    stretches: Stretches = {}
    for row in Standing.objects.filter(plan=plan).order_by("from_day"):
        stretches.setdefault((row.obligation_id, row.lens), []).append(row)
    return stretches


def find_changed_days(
    plan: Plan, before: Stretches, after: Stretches, today: date
) -> list[ChangedDays]:
    """The past days of each obligation that read otherwise, as far as they follow one another."""
    changed = []
    for obligation in Obligation.objects.filter(plan=plan).order_by("pk"):
        for perspective in Perspective:
            key = (obligation.pk, perspective.value)
            days = _changed_days(
                obligation, perspective.value, before.get(key, []), after.get(key, [])
            )
            changed += [one for one in days if one.first <= today.isoformat()]
    return changed


def _changed_days(
    obligation: Obligation, perspective: str, before: list[Standing], after: list[Standing]
) -> Iterator[ChangedDays]:
    """Days that follow one another and read alike before, alike now and for one reason are one
    line.
    """
    starts = sorted({row.from_day for row in (*before, *after)})
    latest: ChangedDays | None = None
    for start, following in zip_longest(starts, starts[1:]):
        old, new = _row_on(before, start), _row_on(after, start)
        if old is None or new is None or old.state == new.state:
            continue
        days = ChangedDays(
            ref=obligation.ref,
            instalment=obligation.instalment,
            known=perspective,
            first=start.isoformat(),
            last=shift(following, -1).isoformat() if following else "",
            before=old.state,
            after=new.state,
            why=explain(old, new),
        )
        if latest is not None and _continues(latest, days):
            latest = replace(latest, last=days.last)
            continue
        if latest is not None:
            yield latest
        latest = days
    if latest is not None:
        yield latest


def _continues(earlier: ChangedDays, later: ChangedDays) -> bool:
    follows = shift(date.fromisoformat(earlier.last), 1).isoformat() == later.first
    return follows and earlier == replace(later, first=earlier.first, last=earlier.last)


def _row_on(rows: list[Standing], day: date) -> Standing | None:
    """The row of the stretch that holds the day."""
    of_day = [row for row in rows if row.from_day <= day]
    return of_day[-1] if of_day else None


def explain(old: Standing, new: Standing) -> str:
    """Which change of the rules it is."""
    if new.state == "lapsed":
        return "term"
    if new.every:
        return "periods"
    if old.moved != new.moved or State.NOT_PURSUED in (old.state, new.state):
        return "proposal"
    if State.AWAITING in (old.state, new.state):
        return "waiting"
    if State.SUPERSEDED in (old.state, new.state):
        return "until"
    return "owed-again"
