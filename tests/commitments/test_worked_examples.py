"""The worked examples of the rules, each from the Calais plan's file and entries to the status that
others read.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from actionplan.overview.status import status
from commitments.models import Plan
from tests import factories
from tests.factories import entry_row

TODAY = date(2020, 2, 1)
NOW = datetime(2020, 2, 1, 9, tzinfo=UTC)


def record(plan: Plan, rows: list[dict[str, str]]) -> None:
    factories.load_entries(plan, rows, now=NOW, agreed=False)


def action(plan: Plan, ref: str, on: str, known: str = "") -> dict[str, Any]:
    day = date.fromisoformat(on)
    found = status(plan, day, None if known == "now" else day, today=TODAY)
    (one,) = [row for row in found["actions"] if row["ref"] == ref]
    return dict(one)


def instalment(plan: Plan, number: int, on: str) -> dict[str, Any]:
    found = status(plan, date.fromisoformat(on), date.fromisoformat(on), today=TODAY)
    (one,) = [
        row for row in found["contributions"] if (row["ref"], row["instalment"]) == ("1.2", number)
    ]
    return dict(one)


STARTED = entry_row("4.4", "started", "2014-10-29", "2014-11-05")
MOVED = entry_row("2.5", "moved", "2014-12-15", to="../2015-03-31", reason="agreed", id="move")
AGREED = entry_row("2.5", "confirmed", "2014-12-15", side="FR", to="move")
MOVED_LATER = entry_row("2.5", "moved", "2014-12-17", to="../2015-03-31", reason="x", id="move")
AGREED_LATER = entry_row("2.5", "confirmed", "2014-12-22", side="FR", to="move")
FELL = [
    entry_row("2.5", "completed", "2014-12-10"),
    entry_row("2.5", "reopened", "2020-01-15", reason="closed"),
]
OCTOBER = entry_row("5.5", "delivered", "2014-10-13", quantity="2")
NOVEMBER = entry_row("5.5", "delivered", "2014-11-13", quantity="1")
DECEMBER = entry_row("5.5", "delivered", "2014-12-13", quantity="2")
STORM = [
    entry_row("1.4", "completed", "2014-12-10"),
    entry_row("1.4", "reopened", "2014-12-28", "2014-12-29", reason="storm"),
]


@pytest.mark.parametrize(
    ("rows", "ref", "on", "known", "state", "days"),
    [
        ([], "4.4", "2014-09-16", "", "upcoming", 15),
        ([], "4.4", "2014-09-30", "", "due-soon", 1),
        ([], "4.4", "2014-10-01", "", "due", 30),
        ([], "4.4", "2014-10-31", "", "due", 0),
        ([], "4.4", "2014-11-01", "", "overdue", 1),
        ([STARTED], "4.4", "2014-11-03", "", "overdue", 3),
        ([STARTED], "4.4", "2014-11-03", "now", "met", None),
        ([STARTED], "4.4", "2014-11-05", "", "met", None),
        ([entry_row("4.4", "started", "2014-11-10")], "4.4", "2014-11-30", "", "met-late", 10),
        ([], "2.5", "2014-12-17", "", "due-soon", 14),
        ([], "2.5", "2014-12-31", "", "due", 0),
        ([], "2.5", "2015-01-01", "", "overdue", 1),
        ([MOVED], "2.5", "2014-12-15", "", "upcoming", 16),
        ([MOVED, AGREED], "2.5", "2014-12-15", "", "upcoming", 106),
        ([MOVED, AGREED], "2.5", "2015-04-01", "", "overdue", 1),
        ([MOVED_LATER, AGREED_LATER], "2.5", "2014-12-20", "", "due-soon", 11),
        ([MOVED_LATER, AGREED_LATER], "2.5", "2014-12-22", "", "upcoming", 99),
        ([MOVED_LATER], "2.5", "2015-01-01", "", "overdue", 1),
        (FELL, "2.5", "2020-01-15", "", "due", 0),
        (FELL, "2.5", "2020-01-16", "", "overdue", 1),
        ([OCTOBER, NOVEMBER], "5.5", "2014-12-01", "", "overdue", 1),
        ([OCTOBER, NOVEMBER, DECEMBER], "5.5", "2015-01-01", "", "due", 30),
        ([entry_row("1.3", "progress", "2015-01-12")], "1.3", "2015-01-12", "", "no-date", None),
        ([], "5.4", "2014-09-20", "", "due", 0),
        ([], "5.4", "2014-09-30", "", "overdue", 10),
        (
            [entry_row("5.5", "delivered", "2014-10-13", quantity="2")],
            "5.5",
            "2014-10-31",
            "",
            "met",
            None,
        ),
        (
            [entry_row("5.5", "delivered", "2014-10-13", quantity="1")],
            "5.5",
            "2014-11-01",
            "",
            "overdue",
            1,
        ),
        (STORM, "1.4", "2014-12-20", "", "met", None),
        (STORM, "1.4", "2014-12-20", "now", "met", None),
        (STORM, "1.4", "2014-12-30", "", "no-date", None),
        (STORM, "1.4", "2014-12-30", "now", "no-date", None),
        ([], "1.7", "2014-10-31", "", "awaiting", None),
    ],
)
def test_an_action_stands_as_the_rules_say(
    calais: Plan,
    rows: list[dict[str, str]],
    ref: str,
    on: str,
    known: str,
    state: str,
    days: int | None,
) -> None:
    record(calais, rows)
    found = action(calais, ref, on, known)
    assert (found["state"], found["days"]) == (state, days)


def test_a_moved_deadline_still_says_by_how_much_the_original_has_passed(calais: Plan) -> None:
    record(calais, [MOVED, AGREED])
    assert action(calais, "2.5", "2014-12-15")["original_days"] == 0
    assert action(calais, "2.5", "2015-04-01")["original_days"] == 91


def test_an_original_day_goes_on_counting_where_something_is_owed_again(calais: Plan) -> None:
    record(calais, FELL)
    found = action(calais, "2.5", "2020-01-15")
    assert (found["original_last_day"], found["original_days"]) == ("2014-12-31", 1841)
    assert action(calais, "2.5", "2020-01-16")["original_days"] == 1842


def test_a_move_by_one_side_is_proposed_until_the_other_confirms_it(calais: Plan) -> None:
    record(calais, [MOVED_LATER, AGREED_LATER])
    assert action(calais, "2.5", "2014-12-20")["proposed"] == ["move"]
    assert action(calais, "2.5", "2014-12-22")["proposed"] == []


def test_older_shortfalls_stay_visible(calais: Plan) -> None:
    record(calais, [OCTOBER, NOVEMBER, DECEMBER])
    found = action(calais, "5.5", "2014-12-01")
    assert (found["periods_short"], found["periods_closed"]) == (1, 2)
    found = action(calais, "5.5", "2015-01-01")
    assert (found["periods_short"], found["periods_closed"]) == (1, 3)


def test_an_action_without_a_date_is_under_way_once_something_is_reported(calais: Plan) -> None:
    assert action(calais, "1.3", "2015-01-12")["progress"] == "none"
    record(calais, [entry_row("1.3", "progress", "2015-01-12")])
    assert action(calais, "1.3", "2015-01-12")["progress"] == "under-way"


def test_periods_are_counted_one_by_one_without_back_fill(calais: Plan) -> None:
    record(
        calais,
        [
            entry_row("5.5", "delivered", "2014-10-13", quantity="2"),
            entry_row("5.5", "delivered", "2014-12-02", quantity="4"),
        ],
    )
    periods = action(calais, "5.5", "2015-01-01")["periods"]
    assert [(period["period"], period["state"], period["delivered"]) for period in periods] == [
        ("2014-10", "met", 2),
        ("2014-11", "missed", 0),
        ("2014-12", "met", 4),
        ("2015-01", "open", 0),
    ]


def test_a_partly_delivered_month_is_partly_met_while_the_next_is_open(calais: Plan) -> None:
    record(calais, [entry_row("5.5", "delivered", "2014-10-13", quantity="1")])
    periods = action(calais, "5.5", "2014-11-01")["periods"]
    assert [(period["period"], period["state"]) for period in periods] == [
        ("2014-10", "partly"),
        ("2014-11", "open"),
    ]


def test_an_awaiting_action_gets_stale_and_never_overdue(calais: Plan) -> None:
    assert action(calais, "1.7", "2014-10-31")["stale"] is True
    assert action(calais, "1.7", "2025-10-31")["state"] == "awaiting"


EUROS = entry_row("1.2", "paid", "2015-02-10", amount="3000000", currency="EUR", instalment="1")
POUNDS = entry_row("1.2", "paid", "2015-03-20", amount="4000000", currency="GBP", instalment="1")


@pytest.mark.parametrize(
    ("rows", "on", "state", "days", "outstanding"),
    [
        ([], "2015-03-31", "due", 0, {"EUR": "5000000.00", "GBP": "4000000.00"}),
        ([], "2015-04-01", "overdue", 1, {"EUR": "5000000.00", "GBP": "4000000.00"}),
        ([EUROS], "2015-04-01", "overdue", 1, {"EUR": "2000000.00", "GBP": "4000000.00"}),
        ([POUNDS], "2015-04-01", "met", None, {"EUR": "0.00", "GBP": "0.00"}),
    ],
)
def test_an_instalment_stands_as_the_rules_say(
    calais: Plan,
    rows: list[dict[str, str]],
    on: str,
    state: str,
    days: int | None,
    outstanding: dict[str, str],
) -> None:
    record(calais, rows)
    found = instalment(calais, 1, on)
    assert (found["state"], found["days"], found["outstanding"]) == (state, days, outstanding)


def test_a_payment_in_pounds_invents_no_figure_in_euros(calais: Plan) -> None:
    record(calais, [POUNDS])
    assert instalment(calais, 1, "2015-04-01")["paid"] == {"GBP": "4000000.00"}
