"""The second edition of the rules: a plan that was judged by the first one is judged anew, and its
register says from when on, and which states of past days that has changed.

What begins under the second edition has no such entry.
"""

import secrets
from collections.abc import Iterable, Iterator
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
PERSPECTIVES = [perspective.value for perspective in Perspective]
# what is known of a change that reads the same from both perspectives
BOTH = "both"


@dataclass(frozen=True)
class ChangedDays:
    """Days whose state is another one by the second edition. `known` says from which perspective,
    or from both, and `why` is a code.
    """

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
    if not is_of_first_edition(plan):
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


def is_of_first_edition(plan: Plan) -> bool:
    """Whether the standings of a plan are still those of the first edition."""
    entries = Entry.objects.filter(plan=plan)
    has_terms_of_first = entries.filter(kind="terms", form=None).exists()
    return has_terms_of_first and not entries.filter(kind=EDITION).exists()


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
    """The past days of each obligation whose state is another one; equal changes of days that
    follow one another are joined.
    """
    changed = []
    for obligation in Obligation.objects.filter(plan=plan).order_by("pk"):
        changes = [
            change
            for change in _changes_of(obligation, before, after)
            if change.first <= today.isoformat()
        ]
        merged = []
        for known in (BOTH, *PERSPECTIVES):
            merged += _merge_days([change for change in changes if change.known == known])
        changed += sorted(merged, key=lambda change: change.first)
    return changed


def _changes_of(
    obligation: Obligation, before: Stretches, after: Stretches
) -> Iterator[ChangedDays]:
    """The changes of one obligation, from each day on which a standing begins to the next. A change
    that both perspectives have is given once.
    """
    keys = [(obligation.pk, perspective) for perspective in PERSPECTIVES]
    rows = [row for stretches in (before, after) for key in keys for row in stretches.get(key, [])]
    starts = sorted({row.from_day for row in rows})
    for start, following in zip_longest(starts, starts[1:]):
        changes = []
        for key in keys:
            old = _row_on(before.get(key, []), start)
            new = _row_on(after.get(key, []), start)
            if old is None or new is None or old.state == new.state:
                continue
            change = ChangedDays(
                ref=obligation.ref,
                instalment=obligation.instalment,
                known=key[1],
                first=start.isoformat(),
                last=shift(following, -1).isoformat() if following else "",
                before=old.state,
                after=new.state,
                why=explain(old, new),
            )
            changes.append(change)
        in_both = [replace(change, known=BOTH) for change in changes]
        if len(changes) == 2 and in_both[0] == in_both[1]:
            changes = in_both[:1]
        yield from changes


def _merge_days(changes: Iterable[ChangedDays]) -> list[ChangedDays]:
    """The changes, with those joined that follow one another and have the same states and reason."""
    merged: list[ChangedDays] = []
    for change in changes:
        if merged and _continues(merged[-1], change):
            merged[-1] = replace(merged[-1], last=change.last)
        else:
            merged.append(change)
    return merged


def _continues(earlier: ChangedDays, later: ChangedDays) -> bool:
    if not earlier.last:
        return False
    follows = shift(date.fromisoformat(earlier.last), 1).isoformat() == later.first
    return follows and earlier == replace(later, first=earlier.first, last=earlier.last)


def _row_on(rows: list[Standing], day: date) -> Standing | None:
    """The row that holds on the day; None where there is none yet. The rows are in the order of
    time.
    """
    of_day = [row for row in rows if row.from_day <= day]
    return of_day[-1] if of_day else None


def explain(old: Standing, new: Standing) -> str:
    """The code of the change of the rules that made the difference."""
    if new.state == "lapsed":
        return "term"
    if new.every:
        return "periods"
    if old.moved != new.moved or State.NOT_PURSUED in (old.state, new.state):
        return "proposal"
    if State.AWAITING in (old.state, new.state):
        return "waiting"
    if State.SUPERSEDED in (old.state, new.state):
        return "proposal" if new.proposed else "until"
    return "owed-again"
