"""The standings of obligations: judged by the rule, stored for every day, and read for one.

Nothing else writes standings. What is stored follows from the register alone, so all of it can be
rebuilt at any time.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from django.db import transaction
from django.db.models import Q

from commitments.models import Entry, Obligation, Plan, Standing
from commitments.register.histories import in_parts, read_histories
from commitments.rules.events import Perspective
from commitments.rules.standing import Stretch, merge_equal_days, standings

# A stretch of an obligation is known by these; a verdict gives the rest.
Key = tuple[int, str, date]
COMPARED_COLUMNS = [
    field.attname for field in Standing._meta.concrete_fields if not field.primary_key
]


@transaction.atomic
def rebuild_all(plan: Plan) -> int:
    """Judge every obligation of a plan and write its standings afresh; how many."""
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
    return written


def recompute(plan: Plan, obligations: Iterable[Obligation]) -> set[int]:
    """Judge these obligations and the actions that they can supersede, and write what differs.

    Returns the keys of these obligations and of the others whose standings have changed.
    """
    keys = {obligation.pk for obligation in obligations}
    affected = Q(pk__in=keys) | Q(action__superseders__in=keys)
    for part in in_parts(Obligation.objects.filter(affected, plan=plan).distinct()):
        outdated, missing = differing_rows(plan, part)
        Standing.objects.filter(pk__in=[row.pk for row in outdated]).delete()
        Standing.objects.bulk_create(missing)
        keys |= {row.obligation_id for row in outdated + missing}
    return keys


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


def judged_rows(plan: Plan, obligations: list[Obligation]) -> Iterator[Standing]:
    """The rows that the rule makes of these obligations, not stored."""
    histories = read_histories(plan, obligations)
    for obligation in obligations:
        for perspective in Perspective:
            for stretch in standings(histories[obligation.pk], perspective):
                yield make_row(obligation, perspective, stretch)


def make_row(obligation: Obligation, perspective: Perspective, stretch: Stretch) -> Standing:
    columns = stretch.verdict._asdict()
    # The days since when they hold stand in their place.
    del columns["stale"], columns["slipped"]
    # Lists of pairs, because PostgreSQL does not keep the order of an object's keys.
    columns["figures"] = {
        name: [list(pair) for pair in amounts] for name, amounts in stretch.verdict.figures
    }
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


def standings_on(plan: Plan, on: date, known: date | None, *, today: date) -> list[Standing]:
    """The standing of every obligation on a day, as known on another (None: now).

    Stored rows serve the two perspectives; for any other day of knowing the rule is asked afresh.
    """
    perspective = Perspective.AS_KNOWN_THEN
    if known != on:
        perspective = Perspective.AS_KNOWN_NOW
        later = Entry.objects.filter(plan=plan, recorded_day__gt=known or today)
        if later.exclude(kind="plan").exists():
            return list(judge_day(plan, on, known or today))
    rows = Standing.objects.filter(plan=plan).on(on, perspective)
    return list(rows.select_related("obligation"))


def judge_day(plan: Plan, on: date, known: date) -> Iterator[Standing]:
    """Standings of one day, made by the rule and not stored."""
    for part in in_parts(Obligation.objects.filter(plan=plan)):
        histories = read_histories(plan, part)
        for obligation in part:
            history = histories[obligation.pk]
            in_plan_since = history.versions[0].since
            if in_plan_since <= min(on, known):
                (stretch,) = merge_equal_days({on: history.judge(on, known)})
                yield make_row(obligation, Perspective.AS_KNOWN_THEN, stretch)
