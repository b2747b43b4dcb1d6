"""The jobs and their ledger: run twice, late, for a past day or not at all, the database says what
it must.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from actionplan.integrity.verify import verify_plan
from actionplan.jobs import runner, tasks
from actionplan.models import JobRun
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.models import Flag, Plan
from tests.client import Client
from tests.generated import blank
from tests.plans import SMALL, changed

pytestmark = pytest.mark.sqlite
Today = Callable[[str], None]


@pytest.fixture
def today(settings: Settings) -> Today:
    """Pins the day that the site takes for today."""

    def pin(text: str) -> None:
        settings.ACTIONPLAN_TODAY = date.fromisoformat(text)

    return pin


def ledger(job: str = "flag_overdue") -> list[tuple[str, str, int]]:
    rows = JobRun.objects.filter(plan__slug="calais-2014", job=job).order_by("day")
    return [(row.day.isoformat(), row.outcome, row.runs) for row in rows]


def noticed(ref: str, kind: str = "overdue") -> list[tuple[str, str]]:
    rows = Flag.objects.filter(plan__slug="calais-2014", obligation__ref=ref, kind=kind).order_by(
        "since"
    )
    return [(row.since.isoformat(), row.noticed.isoformat()) for row in rows]


def report(plan: Plan, ref: str, kind: str, effective: str, recorded: str) -> None:
    row = blank(
        id=f"{ref}-{kind}", ref=ref, kind=kind, effective=effective, recorded=recorded, side="GB"
    )
    text = f"{','.join(row)}\n{','.join(row.values())}\n"
    now = datetime.fromisoformat(f"{recorded}T12:00+00:00")
    assert entries.load_entries(plan, text.encode(), now=now, by=None).errors == []


def second_plan(zone: str = "Europe/London") -> Plan:
    load.load_plan(
        changed(SMALL, ("Europe/London", zone)).encode(), now=datetime(2014, 9, 20, 9, tzinfo=UTC)
    )
    return Plan.objects.get(slug="small")


# Which days are run


def test_the_first_run_is_for_today_alone(calais: Plan, today: Today) -> None:
    today("2014-11-04")
    runner.run_due()
    assert ledger() == [("2014-11-04", "succeeded", 1)]
    assert noticed("4.4") == [("2014-11-01", "2014-11-04")]


def test_a_clock_that_ran_fast_and_was_set_back_raises_no_alarm(calais: Plan, today: Today) -> None:
    report(calais, "4.4", "started", "2014-10-30", "2014-11-05")
    for day in ("2014-11-03", "2014-11-11", "2014-11-03"):
        today(day)
        call_command("flag_overdue")
    assert noticed("4.4") == [("2014-11-01", "2014-11-03")]
    assert verify_plan(calais).findings == []


def test_runs_on_one_day_and_days_later_leave_one_flag(calais: Plan, today: Today) -> None:
    for day in ("2014-11-01", "2014-11-01", "2014-11-04"):
        today(day)
        call_command("flag_overdue")
    assert noticed("4.4") == [("2014-11-01", "2014-11-01")]
    assert ledger() == [("2014-11-01", "succeeded", 2), ("2014-11-04", "succeeded", 1)]


def test_missed_days_are_run_with_their_true_dates(calais: Plan, today: Today) -> None:
    report(calais, "4.1", "progress", "2014-10-03", "2014-10-03")
    today("2014-10-31")
    runner.run_due()
    today("2014-11-04")
    runner.run_due()
    assert ledger() == [
        (f"2014-{day}", "succeeded", 1) for day in ("10-31", "11-01", "11-02", "11-03", "11-04")
    ]
    assert noticed("4.4") == [("2014-11-01", "2014-11-01")]
    assert noticed("4.1", "stale") == [("2014-11-02", "2014-11-02")]


def test_a_missed_day_is_run_as_it_was_known_on_that_day(calais: Plan, today: Today) -> None:
    today("2014-10-31")
    runner.run_due()
    report(calais, "4.4", "started", "2014-10-29", "2014-11-03")
    today("2014-11-04")
    runner.run_due()
    (flag,) = Flag.objects.filter(plan=calais, obligation__ref="4.4", kind="overdue")
    assert (flag.noticed, flag.cleared, flag.cleared_by) == (
        date(2014, 11, 1),
        date(2014, 11, 3),
        "reported-late",
    )


def test_no_more_than_a_year_is_filled_in(calais: Plan, today: Today) -> None:
    JobRun.objects.create(
        plan=calais,
        job="flag_overdue",
        day=date(2014, 9, 20),
        started=timezone.now(),
        finished=timezone.now(),
        outcome="succeeded",
    )
    today("2017-01-01")
    days = runner.due_days("flag_overdue", calais)
    assert (days[0], days[-1], len(days)) == (date(2016, 1, 2), date(2017, 1, 1), 366)


@pytest.mark.slow
def test_flags_of_years_without_a_run_are_not_missed(
    calais: Plan, today: Today, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a backup is restored years later. A year of runs takes long, a month does as well."""
    monkeypatch.setattr(runner, "CATCH_UP", timedelta(days=30))
    for day in ("2014-09-20", "2017-06-01", "2017-06-02"):
        today(day)
        runner.run_due()
    assert verify_plan(calais).findings == []
    Flag.objects.filter(plan=calais, kind="overdue").first().delete()  # type: ignore[union-attr]
    (finding,) = verify_plan(calais).findings
    assert finding.kind == "row-missing"


def test_each_plan_has_its_own_today(calais: Plan) -> None:
    second_plan("Pacific/Auckland")
    with time_machine.travel(datetime(2014, 10, 31, 12, tzinfo=UTC), tick=False):
        runner.run_due()
    days = JobRun.objects.filter(job="flag_overdue").values_list("plan__slug", "day")
    assert set(days) == {("calais-2014", date(2014, 10, 31)), ("small", date(2014, 11, 1))}


@pytest.mark.parametrize(
    ("moment", "day", "flagged"),
    [
        (datetime(2014, 10, 31, 23, 30, tzinfo=UTC), date(2014, 10, 31), False),
        (datetime(2014, 11, 1, 0, 0, tzinfo=UTC), date(2014, 11, 1), True),
        (datetime(2015, 6, 30, 22, 59, tzinfo=UTC), date(2015, 6, 30), True),
        (datetime(2015, 6, 30, 23, 0, tzinfo=UTC), date(2015, 7, 1), True),
    ],
)
def test_a_day_ends_at_midnight_in_the_zone_of_the_plan(
    calais: Plan, moment: datetime, day: date, flagged: bool
) -> None:
    with time_machine.travel(moment, tick=False):
        tasks.run_due_jobs()
    assert (JobRun.objects.get(plan=calais, job="flag_overdue").day, bool(noticed("4.4"))) == (
        day,
        flagged,
    )


# Days that are asked for


def test_a_future_day_is_refused(
    calais: Plan, today: Today, capsys: pytest.CaptureFixture[str]
) -> None:
    today("2014-11-01")
    with pytest.raises(SystemExit) as ended:
        call_command("flag_overdue", on="2014-11-02")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "2014-11-02 has not come yet in Europe/London: give today or a day before it\n"
    )
    assert (ledger(), Flag.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    "text", ["2014-11-31", "1 November", "2014-W44-6", "20141101", "0001-01-01", ""]
)
def test_a_day_that_is_none_is_refused(
    calais: Plan, today: Today, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    today("2014-11-01")
    with pytest.raises(SystemExit) as ended:
        call_command("flag_overdue", on=text)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"--on is {text!r}: it must be a day from ")


def test_a_past_day_is_run_as_at_its_end_and_resurrects_nothing(calais: Plan, today: Today) -> None:
    today("2014-11-01")
    call_command("flag_overdue")
    report(calais, "4.4", "started", "2014-10-29", "2014-11-05")
    today("2014-11-10")
    for day in ("2014-11-05", "2014-11-03", "2014-11-01", "2014-10-31"):
        call_command("flag_overdue", on=day)
    (flag,) = Flag.objects.filter(plan=calais, obligation__ref="4.4", kind="overdue")
    assert (flag.noticed, flag.cleared, flag.cleared_by) == (
        date(2014, 11, 1),
        date(2014, 11, 5),
        "reported-late",
    )


def test_the_commands_say_what_they_did(
    calais: Plan, today: Today, capsys: pytest.CaptureFixture[str]
) -> None:
    today("2014-11-01")
    call_command("flag_overdue")
    said = capsys.readouterr().out
    count = Flag.objects.filter(plan=calais).count()
    assert said == f"calais-2014 2014-11-01: {count} raised, 0 cleared\n"
    call_command("run_due_jobs")
    assert "calais-2014 2014-11-01 flag_overdue: 0 raised, 0 cleared\n" in capsys.readouterr().out


# The ledger


def test_a_run_leaves_a_row_with_its_counts(calais: Plan, today: Today) -> None:
    today("2014-11-01")
    runner.run_due()
    row = JobRun.objects.get(plan=calais, job="flag_overdue")
    assert row.counts == {"raised": Flag.objects.filter(plan=calais).count()}
    assert row.finished and row.started <= row.finished


def fail(plan: Plan, day: date) -> dict[str, int]:
    raise RuntimeError("the disk is full")


def test_a_failure_leaves_a_failed_row_and_the_day_is_run_again(
    calais: Plan, today: Today, monkeypatch: pytest.MonkeyPatch
) -> None:
    today("2014-10-31")
    runner.run_due()
    today("2014-11-02")
    with monkeypatch.context() as patch:
        patch.setitem(runner.JOBS, "flag_overdue", fail)
        with pytest.raises(RuntimeError, match="the disk is full"):
            runner.run_due()
    assert ledger() == [("2014-10-31", "succeeded", 1), ("2014-11-01", "failed", 1)]
    runner.run_due()
    assert ledger() == [
        ("2014-10-31", "succeeded", 1),
        ("2014-11-01", "succeeded", 2),
        ("2014-11-02", "succeeded", 1),
    ]
    assert noticed("4.4") == [("2014-11-01", "2014-11-01")]


def test_what_fails_holds_up_no_other_plan_and_no_other_job(
    calais: Plan, today: Today, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_plan()
    real = runner.JOBS["flag_overdue"]
    monkeypatch.setitem(
        runner.JOBS, "flag_overdue", lambda plan, day: (fail if plan == calais else real)(plan, day)
    )
    today("2014-11-01")
    with pytest.raises(RuntimeError):
        runner.run_due()
    outcomes = set(JobRun.objects.values_list("plan__slug", "job", "outcome"))
    assert outcomes == {
        ("calais-2014", "flag_overdue", "failed"),
        ("calais-2014", "send_digests", "succeeded"),
        ("calais-2014", "verify_register", "succeeded"),
        ("small", "verify_register", "succeeded"),
        ("small", "flag_overdue", "succeeded"),
        ("small", "send_digests", "succeeded"),
    }


def test_a_job_without_a_success_for_two_days_is_shown(
    calais: Plan, today: Today, client: Client
) -> None:
    today("2014-11-01")
    assert client.get("/health/jobs/").status_code == 503
    tasks.run_due_jobs()
    answer = client.get("/health/jobs/")
    assert (answer.status_code, answer.json()["late"]) == (200, [])
    JobRun.objects.filter(job="flag_overdue").update(finished=timezone.now() - timedelta(hours=49))
    answer = client.get("/health/jobs/")
    assert (answer.status_code, answer.json()["late"]) == (503, ["flag_overdue"])


def test_digests_asked_for_on_a_later_day_leave_the_row_of_their_week(
    calais: Plan, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 14)
    runner.run("send_digests", calais, date(2015, 1, 14))
    assert list(JobRun.objects.filter(job="send_digests").values_list("day", flat=True)) == [
        date(2015, 1, 12)
    ]
    assert runner.due_days("send_digests", calais) == [date(2015, 1, 12)]
