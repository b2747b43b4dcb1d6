"""The standings of obligations: judged by the rule, stored for every day, and read for one.

Nothing else writes standings. What is stored follows from the register alone, so all of it can be
rebuilt at any time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import transaction

from commitments.findings import Finding
from commitments.models import Action, Entry, Obligation, Plan, Standing
from commitments.register.entry_types import kinds_with
from commitments.register.histories import in_parts, read_histories
from commitments.register.recorded_terms import refs_waited_for
from commitments.rules.events import Perspective
from commitments.rules.standing import (
    SidePart,
    StepPart,
    Stretch,
    merge_equal_days,
    standings,
)
from commitments.rules.waiting import Need
from commitments.rules.working_days import CountedDays

# A stretch of an obligation is known by these; a verdict gives the rest.
Key = tuple[int, str, date]
COMPARED_COLUMNS = [
    field.attname for field in Standing._meta.concrete_fields if not field.primary_key
]


@transaction.atomic
def rebuild_all(plan: Plan) -> int:
    """Judge every obligation of a plan and write all its standings anew; returns how many rows."""
    Plan.objects.lock(plan)
    plans = Plan.objects.filter(pk=plan.pk)
    plans.update(flagged="")
    plans.raise_version()
    Standing.objects.filter(plan=plan).delete()
    written = 0
    for part in in_parts(Obligation.objects.filter(plan=plan)):
        rows = list(judged_rows(plan, part))
        Standing.objects.bulk_create(rows, batch_size=1000)
        written += len(rows)
    _keep_counted_days(plan)
    return written


def recompute(plan: Plan, obligations: Iterable[Obligation]) -> set[int]:
    """Judge these obligations and those that wait for them, and write what differs.

    Returns the keys of these obligations and of the others whose standings have changed.
    """
    keys = {obligation.pk for obligation in obligations}
    affected = with_those_that_wait(keys)
    for part in in_parts(Obligation.objects.filter(pk__in=affected, plan=plan)):
        outdated, missing = differing_rows(plan, part)
        Standing.objects.filter(pk__in=[row.pk for row in outdated]).delete()
        Standing.objects.bulk_create(missing)
        keys |= {row.obligation_id for row in outdated + missing}
    _keep_counted_days(plan)
    return keys


def with_those_that_wait(keys: Iterable[int]) -> set[int]:
    """The keys of these obligations, of those that wait for them, and of those that wait for these
    in turn.
    """
    affected = set(keys)
    latest = affected
    while latest:
        links = Obligation.waits_for.through._default_manager.filter(action__in=latest)
        latest = set(links.values_list("obligation_id", flat=True)) - affected
        affected |= latest
    return affected


def link(plan: Plan, obligations: Iterable[Obligation]) -> None:
    """Note for which actions these obligations wait by their terms. Links are only ever added, since
    earlier terms still hold for earlier days.
    """
    keys_by_ref = dict(Action.objects.filter(plan=plan).values_list("ref", "pk"))
    keys = [obligation.pk for obligation in obligations]
    entries = Entry.objects.filter(kind="terms", obligation__in=keys)
    links = {
        (obligation_id, keys_by_ref[ref])
        for obligation_id, terms in entries.values_list("obligation_id", "terms")
        for ref in refs_waited_for(terms or {})
        if ref in keys_by_ref
    }
    through = Obligation.waits_for.through
    rows = [
        through(obligation_id=obligation_id, action_id=action_id)
        for obligation_id, action_id in sorted(links)
    ]
    through._default_manager.bulk_create(rows, ignore_conflicts=True)


def verify_standings(plan: Plan) -> Iterator[Finding]:
    """The rows and columns that are not what the rule says of the register."""
    table = Standing._meta.db_table
    for part in in_parts(Obligation.objects.filter(plan=plan).order_by("pk")):
        names = {obligation.pk: str(obligation) for obligation in part}
        outdated, missing = map(by_key, differing_rows(plan, part))
        for key in sorted(outdated.keys() | missing.keys()):
            obligation_id, lens, from_day = key
            values = {"table": table, "row": f"{names[obligation_id]} {lens} {from_day}"}
            if key not in missing:
                yield Finding("row-added", values)
            elif key not in outdated:
                yield Finding("row-missing", values)
            else:
                for name in COMPARED_COLUMNS:
                    if getattr(outdated[key], name) != getattr(missing[key], name):
                        yield Finding("row-altered", {**values, "column": name})


def _keep_counted_days(plan: Plan) -> None:
    """Keep the days that were counted now. Those that are kept already stay as they are, so that a
    newer calendar moves no deadline.
    """
    new = plan.working_days.new
    if not new:
        return
    plans = Plan.objects.filter(pk=plan.pk)
    plan.counted_days = new | plans.values_list("counted_days", flat=True).get()
    plans.update(counted_days=plan.counted_days)
    plan.working_days = CountedDays(plan.counted_days)


def find_mismatches(plan: Plan) -> list[str]:
    """The obligations whose stored standings are not what the rule says now."""
    mismatches = []
    for part in in_parts(Obligation.objects.filter(plan=plan).order_by("pk")):
        outdated, missing = differing_rows(plan, part)
        different = {row.obligation_id for row in outdated + missing}
        mismatches += [str(obligation) for obligation in part if obligation.pk in different]
    return mismatches


def differing_rows(
    plan: Plan, obligations: list[Obligation]
) -> tuple[list[Standing], list[Standing]]:
    """The stored rows that the rule would not make now, and those that it would make in addition."""
    stored = by_key(Standing.objects.filter(obligation__in=obligations))
    computed = by_key(judged_rows(plan, obligations))
    outdated = [row for key, row in stored.items() if not same_content(row, computed.get(key))]
    missing = [row for key, row in computed.items() if not same_content(row, stored.get(key))]
    return outdated, missing


def by_key(rows: Iterable[Standing]) -> dict[Key, Standing]:
    return {(row.obligation_id, row.lens, row.from_day): row for row in rows}


def same_content(one: Standing, other: Standing | None) -> bool:
    """Whether two rows say the same, whatever their primary keys."""
    return other is not None and all(
        getattr(one, name) == getattr(other, name) for name in COMPARED_COLUMNS
    )


def judged_rows(
    plan: Plan, obligations: list[Obligation], *, before: int | None = None
) -> Iterator[Standing]:
    """The rows that the rule makes of these obligations, not stored; with `before` from the entries
    before that one alone.
    """
    histories = read_histories(plan, obligations, before=before)
    for obligation in obligations:
        for perspective, stretches in standings(histories[obligation.pk]).items():
            for stretch in stretches:
                yield make_row(obligation, perspective, stretch)


def make_row(obligation: Obligation, perspective: Perspective, stretch: Stretch) -> Standing:
    columns = stretch.verdict._asdict()
    # The days since when they hold stand in their place.
    del columns["stale"], columns["slipped"]
    # Lists of pairs, because PostgreSQL does not keep the order of an object's keys.
    columns["figures"] = {
        name: [list(pair) for pair in amounts] for name, amounts in stretch.verdict.figures
    }
    columns["proposed"] = list(stretch.verdict.proposed) or None
    columns["progress"] = stretch.verdict.progress or ""
    if stretch.verdict.baseline is not None:
        columns["baseline"] = asdict(stretch.verdict.baseline)
    for name in ("needs", "each", "steps"):
        columns[name] = [json_of(part) for part in columns[name]] or None
    return Standing(
        plan_id=obligation.plan_id,
        obligation=obligation,
        commitment_id=None if obligation.instalment else obligation.commitment_id,
        lens=perspective,
        from_day=stretch.start,
        to_day=stretch.end,
        since=stretch.since,
        stale_since=stretch.stale_since,
        slipped_since=stretch.slipped_since,
        **columns,
    )


def json_of(part: Need | SidePart | StepPart) -> dict[str, Any]:
    """The fields of a part, with days in ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(part).items()
    }


def standings_on(plan: Plan, on: date, known: date | None, *, today: date) -> list[Standing]:
    """The standing of every obligation on a day, as known on another (None: now).

    Stored rows serve the two perspectives; for any other day of knowing the rule is asked afresh.
    """
    perspective = Perspective.AS_KNOWN_THEN
    if known != on:
        perspective = Perspective.AS_KNOWN_NOW
        later = Entry.objects.filter(plan=plan, recorded_day__gt=known or today)
        if later.exclude(kind__in=kinds_with(is_silent=True)).exists():
            return list(judge_day(plan, on, known or today))
    rows = Standing.objects.filter(plan=plan).on(on, perspective)
    return list(rows.select_related("obligation"))


def judge_day(plan: Plan, on: date, known: date) -> Iterator[Standing]:
    """Standings of one day, made by the rule and not stored."""
    for part in in_parts(Obligation.objects.filter(plan=plan)):
        histories = read_histories(plan, part)
        for obligation in part:
            history = histories[obligation.pk]
            if history.versions[0].counts(on, known):
                (stretch,) = merge_equal_days({on: history.judge(on, known)})
                yield make_row(obligation, Perspective.AS_KNOWN_THEN, stretch)
