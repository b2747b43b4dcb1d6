"""Rows that somebody put into the table of flags: copies of flags with other values."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from pytest_django import Settings

from actionplan.integrity.verify import verify_flags_of_runs
from actionplan.jobs import runner
from actionplan.models import JobRun
from commitments.findings import NOTES
from commitments.models import Flag, FlagKind, Obligation, Plan
from commitments.register import flags
from tests import factories
from tests.attacks import seeds
from tests.factories import TODAY

pytestmark = [pytest.mark.attacks, pytest.mark.sqlite]

FIRST_RUN = TODAY + timedelta(days=2)
LAST_RUN = TODAY + timedelta(days=11)
OPEN: dict[str, Any] = {"noticed": LAST_RUN, "cleared": None, "cleared_by": ""}
CLEARED: dict[str, Any] = {"noticed": FIRST_RUN, "cleared": LAST_RUN, "cleared_by": "met"}


@pytest.fixture
def flagged(calais: Plan, sample_day: date) -> Plan:
    """The sample register with its flags, some of them cleared."""
    factories.load_sample_entries(calais)
    for day in (FIRST_RUN, LAST_RUN):
        run_job(calais, day)
    assert Flag.objects.filter(cleared=None).exists()
    assert Flag.objects.exclude(cleared=None).exists()
    return calais


def run_job(plan: Plan, day: date) -> None:
    flags.bring_up_to(plan, day)
    moment = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    run = {"started": moment, "finished": moment, "outcome": JobRun.Outcome.SUCCEEDED}
    JobRun.objects.create(plan=plan, job="flag_overdue", day=day, **run)


def named(plan: Plan) -> set[str]:
    """The rows of flags that the verification names."""
    findings = verify_flags_of_runs(Plan.objects.get(pk=plan.pk))
    return {str(finding.values["row"]) for finding in findings if finding.kind not in NOTES}


def row_of(flag: Flag) -> str:
    return f"{flag.obligation} {flag.kind} {flag.since}"


def copies(plan: Plan) -> Iterator[Flag]:
    """For each action and instalment some of the flags that are not there, of each kind and since
    days of other flags, open and cleared.
    """
    chance = Random(1)
    existing = set(Flag.objects.values_list("obligation", "kind", "since"))
    days = sorted({since for _obligation, _kind, since in existing})
    kinds = [*FlagKind.values, "altered"]
    ends = [OPEN, CLEARED, CLEARED | {"cleared_by": "altered"}]
    for obligation in Obligation.objects.filter(plan=plan):
        for kind in chance.sample(kinds, 2):
            since = chance.choice(days) + timedelta(days=chance.choice([-1, 0, 0, 1]))
            if (obligation.pk, kind, since) not in existing:
                end = chance.choice(ends)
                yield Flag(plan=plan, obligation=obligation, kind=kind, since=since, **end)


def test_the_flags_of_the_job_are_all_sound(flagged: Plan) -> None:
    assert named(flagged) == set()


def test_a_copy_for_another_action_rule_or_day_is_named(flagged: Plan) -> None:
    forged = Flag.objects.bulk_create(copies(flagged))
    assert len(forged) > 50
    assert named(flagged) == {row_of(flag) for flag in forged}


def test_a_flag_that_was_cleared_otherwise_than_by_a_run_is_named(flagged: Plan) -> None:
    flag = Flag.objects.exclude(cleared=None)[0]
    alterations: list[dict[str, Any]] = [
        {"noticed": FIRST_RUN - timedelta(days=1)},
        {"cleared": FIRST_RUN - timedelta(days=1)},
        {"cleared": LAST_RUN + timedelta(days=1)},
        {"cleared_by": "altered"},
        {"cleared": None, "cleared_by": ""},
    ]
    for altered in alterations:
        Flag.objects.filter(pk=flag.pk).update(**altered)
        assert named(flagged) == {row_of(flag)}, altered
        flag.save()


def test_a_flag_between_two_plans_is_named_by_both(flagged: Plan) -> None:
    other = factories.create_plan()
    flag = Flag.objects.filter(plan=flagged)[0]
    Flag.objects.filter(pk=flag.pk).update(plan=other)
    assert named(other) == {row_of(flag)}
    assert row_of(flag) in named(flagged)


def test_a_flag_in_a_plan_for_which_the_job_never_ran_is_named(db: None) -> None:
    plan = factories.create_plan()
    obligation = Obligation.objects.filter(plan=plan)[0]
    flag = Flag(plan=plan, obligation=obligation, kind="stale", since=TODAY, **CLEARED)
    flag.save()
    assert named(plan) == {row_of(flag)}


def test_a_flag_that_an_entry_of_the_same_day_cleared_is_sound(flagged: Plan) -> None:
    """The job ran in the morning; nothing is known of that state of the register any more but by
    its entries.
    """
    day = LAST_RUN + timedelta(days=40)
    run_job(flagged, day)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    manager = factories.create_manager(flagged)
    stale = Flag.objects.filter(kind="stale", cleared=None, noticed=day, obligation__ref="2.5")
    assert stale.exists()
    factories.report_entry("2.5", by=manager, now=noon)
    assert not stale.exists()
    run_job(flagged, day + timedelta(days=1))
    assert named(flagged) == set()


@pytest.mark.rare
@pytest.mark.parametrize("first_seed", range(3))
def test_months_of_honest_work_leave_every_flag_sound(
    calais: Plan, settings: Settings, tmp_path: Path, first_seed: int
) -> None:
    """Reports, withdrawals, moved deadlines and corrections, before and after the runs of a day and on
    days that were missed.
    """
    settings.CHECKPOINT_KEY = tmp_path / "site" / "checkpoint.key"
    settings.MEDIA_ROOT = tmp_path / "evidence"
    settings.ACTIONPLAN_TODAY = TODAY
    register = seeds.make_register(calais, tmp_path)
    chance = Random(first_seed)
    for _step in range(70):
        register.now += timedelta(days=chance.choice([0, 1, 1, 1, 2, 9]))
        settings.ACTIONPLAN_TODAY = register.now.date()
        if chance.random() < 0.5:
            run_what_is_due(calais)
        for _act in range(chance.randint(0, 3)):
            report_something(register, chance)
        if chance.random() < 0.5:
            seeds.live_honestly(register, chance)
        if chance.random() < 0.5:
            run_what_is_due(calais)
        assert named(calais) == set(), register.now
    assert Flag.objects.exclude(cleared=None).count() > 20


def run_what_is_due(plan: Plan) -> None:
    for day in runner.due_days("flag_overdue", plan):
        runner.run("flag_overdue", Plan.objects.get(pk=plan.pk), day)


def report_something(register: seeds.Register, chance: Random) -> None:
    """On any action, of that day or an earlier one; some of it is withdrawn. What the rules refuse is
    not done.
    """
    refs = list(Obligation.objects.filter(plan=register.plan, instalment=0).values_list("ref"))
    (ref,) = chance.choice(refs)
    happened = register.now.date() - timedelta(days=chance.choice([0, 0, 3, 40]))
    with suppress(PermissionDenied, ValidationError), transaction.atomic():
        entry = factories.report_entry(
            ref,
            by=chance.choice([register.british, register.french]),
            kind=chance.choice(["progress", "started", "completed"]),
            effective=happened.isoformat(),
            now=register.now,
        )
        if chance.random() < 0.2:
            factories.annotate_entry(entry, by=entry.by, kind="withdrawn", now=register.now)
