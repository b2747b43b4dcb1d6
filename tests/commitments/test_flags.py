"""Flags: raised once for each first day, cleared with the reason, never deleted and never raised
again for the past.
"""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from actionplan.local import samples
from actionplan.plan_transfer import load
from commitments.models import Flag, Plan
from commitments.register import flags, standings
from tests import factories
from tests.factories import entry_row
from tests.generated import blank
from tests.plans import SMALL, changed

pytestmark = pytest.mark.sqlite


class Raised(NamedTuple):
    """A flag as these tests write it: `since` has the kind before it where no kind was asked for."""

    since: str
    noticed: str
    cleared: str | None
    reason: str


def day(text: str) -> date:
    return date.fromisoformat(text)


def run(plan: Plan, *days: str) -> None:
    """The daily job as at the end of these days."""
    for text in days:
        flags.bring_up_to(plan, day(text))


def record(plan: Plan, *rows: dict[str, str], on: str = "") -> None:
    """Load the rows on a day: that on which the last of them was recorded, unless given."""
    today = day(on or rows[-1]["recorded"])
    recorded = plan.entries.count()
    named = [
        row | {"id": row["id"] or f"e{recorded + position}"} for position, row in enumerate(rows)
    ]
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    factories.load_entries(plan, named, now=noon)


def flags_of(plan: Plan, ref: str, kind: str = "") -> list[Raised]:
    """The flags of an action, of one kind or of all, in the order of their first days."""
    raised = []
    for flag in Flag.objects.filter(plan=plan, obligation__ref=ref).order_by("since", "kind"):
        noticed = str(flag.noticed)
        cleared = None if flag.cleared is None else str(flag.cleared)
        if not kind:
            raised.append(Raised(f"{flag.kind} {flag.since}", noticed, cleared, flag.cleared_by))
        elif flag.kind == kind:
            raised.append(Raised(str(flag.since), noticed, cleared, flag.cleared_by))
    return raised


# Raised


def test_runs_twice_on_a_day_and_days_later_leave_one_flag(calais: Plan) -> None:
    run(calais, "2014-11-01", "2014-11-01", "2014-11-04")
    assert flags_of(calais, "4.4", "overdue") == [("2014-11-01", "2014-11-01", None, "")]


def test_a_run_after_days_without_one_says_since_when_and_when_it_was_noticed(calais: Plan) -> None:
    run(calais, "2014-11-04")
    assert flags_of(calais, "4.4", "overdue") == [("2014-11-01", "2014-11-04", None, "")]


def test_a_second_run_raises_and_clears_nothing(calais: Plan) -> None:
    assert flags.bring_up_to(calais, day("2014-11-01"))["raised"] > 0
    assert flags.bring_up_to(calais, day("2014-11-01")) == {"raised": 0, "cleared": 0}


def test_a_second_run_left_out_is_one_that_would_find_nothing(calais: Plan) -> None:
    for text in ("2014-11-01", "2014-11-05", "2014-11-04", "2014-11-05"):
        run(calais, text)
        record(calais, entry_row("4.1", "progress", "2014-10-10", text), on="2014-11-05")
        run(calais, text)
        Plan.objects.filter(pk=calais.pk).update(flagged="")
        assert flags.bring_up_to(calais, day(text)) == {"raised": 0, "cleared": 0}


def test_flags_follow_standings_that_were_computed_anew(calais: Plan) -> None:
    run(calais, "2014-11-01")
    calais.flags.all().delete()
    standings.rebuild_all(calais)
    assert flags.bring_up_to(calais, day("2014-11-01"))["raised"] > 0


def test_due_soon_is_flagged_from_the_lead_on_and_cleared_when_the_day_comes(calais: Plan) -> None:
    run(calais, "2014-09-30")
    assert flags_of(calais, "4.4", "due-soon") == [("2014-09-17", "2014-09-30", None, "")]
    run(calais, "2014-10-01")
    assert flags_of(calais, "4.4", "due-soon") == [
        ("2014-09-17", "2014-09-30", "2014-10-01", "passed")
    ]


def test_a_scored_action_is_flagged_as_stale_thirty_days_after_the_latest_word(
    calais: Plan,
) -> None:
    record(calais, entry_row("4.1", "progress", "2014-10-10", "2014-10-13"))
    run(calais, "2014-10-19")
    assert not Flag.objects.filter(kind="stale")
    run(calais, "2014-10-20", "2014-11-11", "2014-11-12")
    assert flags_of(calais, "1.7", "stale") == [("2014-10-20", "2014-10-20", None, "")]
    assert flags_of(calais, "4.1", "stale") == [("2014-11-12", "2014-11-12", None, "")]


def test_each_missed_period_of_the_latest_run_is_a_flag(calais: Plan) -> None:
    record(calais, entry_row("5.5", "delivered", "2014-12-03", quantity="2"))
    run(calais, "2015-02-28", "2015-03-01")
    assert flags_of(calais, "5.5", "missed-period") == [
        ("2015-02-01", "2015-02-28", None, ""),
        ("2015-03-01", "2015-03-01", None, ""),
    ]
    assert flags_of(calais, "5.5", "overdue") == [("2015-02-01", "2015-02-28", None, "")]


def test_the_flags_of_missed_periods_are_cleared_when_a_later_one_is_met(calais: Plan) -> None:
    run(calais, "2014-11-30", "2014-12-01")
    record(calais, entry_row("5.5", "delivered", "2014-12-03", quantity="2"))
    assert flags_of(calais, "5.5", "missed-period") == [
        ("2014-11-01", "2014-11-30", "2014-12-03", "resumed"),
        ("2014-12-01", "2014-12-01", "2014-12-03", "resumed"),
    ]
    assert flags_of(calais, "5.5", "overdue") == [
        ("2014-11-01", "2014-11-30", "2014-12-03", "resumed")
    ]


def test_a_moved_deadline_is_flagged_when_the_original_one_has_passed(calais: Plan) -> None:
    record(calais, entry_row("2.5", "moved", "2014-12-15", to="../2015-03-31", reason="agreed"))
    run(calais, "2014-12-31")
    assert flags_of(calais, "2.5", "original-passed") == []
    run(calais, "2015-01-01", "2015-04-01")
    assert flags_of(calais, "2.5", "original-passed") == [("2015-01-01", "2015-01-01", None, "")]
    assert flags_of(calais, "2.5", "overdue") == [("2015-04-01", "2015-04-01", None, "")]


def test_an_instalment_is_flagged_like_an_action(calais: Plan) -> None:
    run(calais, "2015-03-17", "2015-04-01")
    assert flags_of(calais, "1.2") == [
        ("due-soon 2015-03-17", "2015-03-17", "2015-04-01", "passed"),
        ("overdue 2015-04-01", "2015-04-01", None, ""),
    ]


@pytest.mark.parametrize(
    "new",
    ['modality = "optional"', 'modality = "statement"', 'modality = "firm"\nthird_party = true'],
)
def test_what_is_not_scored_is_never_flagged(db: None, new: str) -> None:
    text = SMALL.replace('modality = "firm"', new)
    load.load_plan(text.encode(), now=datetime(2014, 9, 20, 9, tzinfo=UTC))
    plan = Plan.objects.get(slug="small")
    run(plan, "2014-09-30", "2014-10-20", "2014-11-01", "2015-01-01")
    assert flags_of(plan, "1.1") == flags_of(plan, "1.2") == []


# Cleared

DONE_LATE = entry_row("4.4", "started", "2014-11-10")


@pytest.mark.parametrize(
    ("row", "cleared", "reason"),
    [
        (entry_row("4.4", "started", "2014-10-29", "2014-11-05"), "2014-11-05", "reported-late"),
        (DONE_LATE, "2014-11-10", "met"),
        (entry_row("4.4", "started", "2014", "2014-11-05"), "2014-11-05", "met"),
        (
            entry_row("4.4", "moved", "2014-11-05", to="2014-12", reason="agreed"),
            "2014-11-05",
            "moved",
        ),
        (entry_row("4.4", "superseded", "2014-11-05", reason="x"), "2014-11-05", "superseded"),
        (entry_row("4.4", "not-pursued", "2014-11-05", reason="x"), "2014-11-05", "superseded"),
    ],
)
def test_an_overdue_flag_is_cleared_by_the_entry_that_ends_it(
    calais: Plan, row: dict[str, str], cleared: str, reason: str
) -> None:
    run(calais, "2014-11-01")
    record(calais, row)
    assert flags_of(calais, "4.4", "overdue") == [("2014-11-01", "2014-11-01", cleared, reason)]


@pytest.mark.parametrize("kind", ["progress", "note"])
def test_an_overdue_flag_is_not_cleared_by_mere_words(calais: Plan, kind: str) -> None:
    run(calais, "2014-11-01")
    record(calais, entry_row("4.4", kind, "2014-11-05"))
    run(calais, "2014-11-05")
    assert flags_of(calais, "4.4", "overdue") == [("2014-11-01", "2014-11-01", None, "")]


def test_a_flag_of_a_moved_deadline_is_cleared_when_the_move_is_withdrawn(calais: Plan) -> None:
    record(
        calais,
        entry_row("1.1", "moved", "2014-10-15", to="../2014-10-31", reason="agreed", id="move"),
    )
    run(calais, "2014-11-01")
    record(calais, blank(kind="withdrawn", to="move", reason="slip", recorded="2014-11-05"))
    assert flags_of(calais, "1.1", "overdue") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "withdrawn")
    ]


def test_a_flag_is_cleared_by_changed_terms(calais: Plan) -> None:
    run(calais, "2014-11-01")
    text = changed(
        samples.PLAN_FILE.read_text(),
        ("format = 1\n", 'format = 1\nchange = "agreed"\n'),
        ('when = "2014-10", words', 'when = "2014-12", words'),
    )
    load.load_plan(text.encode(), now=datetime(2014, 11, 5, 9, tzinfo=UTC))
    run(calais, "2014-11-05")
    assert flags_of(calais, "4.4", "overdue") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "terms")
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (entry_row("1.1", "progress", "2014-11-05"), "reported"),
        (entry_row("1.1", "completed", "2014-11-05"), "met"),
        (entry_row("1.1", "not-pursued", "2014-11-05", reason="x"), "superseded"),
    ],
)
def test_a_stale_flag_is_cleared_by_a_report(
    calais: Plan, row: dict[str, str], reason: str
) -> None:
    run(calais, "2014-10-20")
    record(calais, row)
    assert flags_of(calais, "1.1", "stale") == [("2014-10-20", "2014-10-20", "2014-11-05", reason)]


@pytest.mark.parametrize(
    "row",
    [
        entry_row("1.1", "note", "2014-11-05"),
        entry_row("1.1", "confidence", "2014-11-05", words="green"),
        entry_row("1.1", "moved", "2014-11-05", to="2015", reason="x"),
    ],
)
def test_a_stale_flag_stays_where_nothing_is_reported(calais: Plan, row: dict[str, str]) -> None:
    run(calais, "2014-10-20")
    record(calais, row)
    assert flags_of(calais, "1.1", "stale") == [("2014-10-20", "2014-10-20", None, "")]


def test_what_waited_for_others_is_cleared_with_them(calais: Plan) -> None:
    run(calais, "2014-10-20")
    record(
        calais,
        entry_row("1.4", "completed", "2014-11-04"),
        entry_row("1.5", "completed", "2014-11-05"),
    )
    assert flags_of(calais, "1.7", "stale") == [
        ("2014-10-20", "2014-10-20", "2014-11-05", "superseded")
    ]


@pytest.mark.parametrize(
    ("effective", "recorded", "reason"),
    [("2015-02-10", "2015-02-10", "met"), ("2014-12-30", "2015-01-05", "reported-late")],
)
def test_a_passed_original_date_is_cleared_by_what_was_done(
    calais: Plan, effective: str, recorded: str, reason: str
) -> None:
    record(calais, entry_row("2.5", "moved", "2014-12-15", to="../2015-03-31", reason="agreed"))
    run(calais, "2015-01-01")
    record(calais, entry_row("2.5", "completed", effective, recorded))
    assert flags_of(calais, "2.5", "original-passed") == [
        ("2015-01-01", "2015-01-01", recorded, reason)
    ]


def test_a_missed_period_is_cleared_by_a_late_report(calais: Plan) -> None:
    run(calais, "2014-11-01")
    record(calais, entry_row("5.5", "delivered", "2014-10-13", "2014-11-05", quantity="2"))
    assert flags_of(calais, "5.5", "missed-period") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "reported-late")
    ]
    assert flags_of(calais, "5.5", "overdue") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "reported-late")
    ]


@pytest.mark.parametrize(
    ("effective", "reason"), [("2015-03-20", "reported-late"), ("2015-04-02", "met")]
)
def test_an_overdue_instalment_is_cleared_by_its_payment(
    calais: Plan, effective: str, reason: str
) -> None:
    run(calais, "2015-04-01")
    money = {"amount": "4000000", "currency": "GBP", "instalment": "1"}
    record(calais, entry_row("1.2", "paid", effective, "2015-04-03", **money))
    assert flags_of(calais, "1.2", "overdue") == [
        ("2015-04-01", "2015-04-01", "2015-04-03", reason)
    ]


def test_a_flag_of_another_action_is_left_alone(calais: Plan) -> None:
    run(calais, "2014-11-01")
    record(calais, DONE_LATE)
    assert flags_of(calais, "5.4", "overdue") == [("2014-09-21", "2014-11-01", None, "")]


# Not again


def test_a_run_for_a_past_day_does_not_resurrect_what_has_been_cleared(calais: Plan) -> None:
    run(calais, "2014-11-01")
    record(calais, entry_row("4.4", "started", "2014-10-29", "2014-11-05"))
    run(calais, *(f"2014-11-0{number}" for number in range(1, 8)))
    assert flags_of(calais, "4.4", "overdue") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "reported-late")
    ]


def test_a_second_lapse_is_a_second_flag(calais: Plan) -> None:
    run(calais, "2014-11-01")
    record(calais, entry_row("4.4", "started", "2014-10-29", "2014-11-05", id="start"))
    record(calais, blank(kind="withdrawn", to="start", reason="slip", recorded="2014-11-10"))
    run(calais, "2014-11-10", "2014-11-11")
    assert flags_of(calais, "4.4", "overdue") == [
        ("2014-11-01", "2014-11-01", "2014-11-05", "reported-late"),
        ("2014-11-10", "2014-11-10", None, ""),
    ]


def test_a_flag_that_was_cleared_by_a_slip_of_the_same_day_stands_again(calais: Plan) -> None:
    run(calais, "2014-11-01")
    record(calais, entry_row("4.4", "started", "2014-10-29", "2014-11-05", id="start"))
    record(calais, blank(kind="withdrawn", to="start", reason="slip", recorded="2014-11-05"))
    run(calais, "2014-11-05", "2014-11-04")
    assert flags_of(calais, "4.4", "overdue") == [("2014-11-01", "2014-11-01", None, "")]


def test_a_missed_period_that_was_cleared_by_a_slip_of_the_same_day_stands_again(
    calais: Plan,
) -> None:
    run(calais, "2014-11-01")
    record(
        calais, entry_row("5.5", "delivered", "2014-10-13", "2014-11-05", quantity="2", id="two")
    )
    record(calais, blank(kind="withdrawn", to="two", reason="slip", recorded="2014-11-05"))
    run(calais, "2014-11-05")
    assert flags_of(calais, "5.5", "missed-period") == [("2014-11-01", "2014-11-01", None, "")]


def test_no_flag_is_ever_deleted(calais: Plan) -> None:
    keys: set[int] = set()
    start = day("2014-10-20")
    for number in range(0, 60, 4):
        if number == 24:
            record(
                calais,
                DONE_LATE,
                entry_row("5.5", "delivered", "2014-10-13", "2014-11-13", quantity="2"),
            )
        run(calais, (start + timedelta(days=number)).isoformat())
        now = set(Flag.objects.values_list("pk", flat=True))
        assert keys <= now
        keys = now


def test_only_a_run_that_changes_a_flag_raises_the_version_of_the_plan(calais: Plan) -> None:
    before = Plan.objects.get(pk=calais.pk).version
    run(calais, "2014-11-01")
    raised = Plan.objects.get(pk=calais.pk).version
    assert raised > before
    Plan.objects.filter(pk=calais.pk).update(flagged="")
    run(calais, "2014-11-01")
    assert Plan.objects.get(pk=calais.pk).version == raised
