"""The naive oracle against the worked examples of rules.md, section 7."""

from datetime import date, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.oracle import status

Row = dict[str, str]
COLUMNS = "id ref kind effective recorded side quantity amount currency instalment to words reason note source"


def action(ref: str, modality: str = "firm", **terms: Any) -> dict[str, Any]:
    return {"ref": ref, "modality": modality, "lead": ["nca"], **terms}


def calais() -> dict[str, Any]:
    settings = {
        "slug": "calais-2014",
        "adopted_on": date(2014, 9, 20),
        "timezone": "Europe/London",
        "sides": ["GB", "FR"],
        "lead_days": 14,
        "grace_days": 0,
        "stale_days": 30,
        "year_basis": "uk-financial",
    }
    by_year_end = {"kind": "finish", "when": "../2014-12-31", "words": "before the end of the year"}
    in_october = {"kind": "start", "when": "2014-10", "words": "will begin in October"}
    at_once = {"kind": "immediate", "words": "effective immediately"}
    monthly = {
        "kind": "recurring",
        "every": "month",
        "quantity": 2,
        "first": "2014-10",
        "words": "each month",
    }
    agreement = {"consents": ["port-authority", "road-authorities"], "until": ["1.4", "1.5"]}
    stated = [["EUR", "5000000"], ["GBP", "4000000"]]
    share = {
        "ref": "1.2",
        "from": "GB",
        "stated": stated,
        "each": "year",
        "times": 3,
        "firmness": "firm",
    }
    return {
        "plan": settings,
        "commitments": [
            {
                "number": 1,
                "actions": [action("1.4"), action("1.5"), action("1.7", "soft", **agreement)],
            },
            {"number": 2, "actions": [action("2.5", "soft", deadline=by_year_end)]},
            {
                "number": 4,
                "actions": [
                    action("4.1"),
                    action("4.2"),
                    action("4.3", "optional"),
                    action("4.4", deadline=in_october),
                ],
            },
            {
                "number": 5,
                "actions": [action("5.4", deadline=at_once), action("5.5", deadline=monthly)],
            },
        ],
        "funds": [{"id": "intervention", "commitment": 1, "contributions": [share]}],
    }


numbers = count(1)


def row(ref: str, kind: str, effective: str, recorded: str = "", **fields: str) -> Row:
    own = {"id": f"e{next(numbers)}", "ref": ref, "kind": kind, "effective": effective}
    return dict.fromkeys(COLUMNS.split(), "") | own | {"recorded": recorded or effective} | fields


def officers(effective: str, quantity: int) -> Row:
    return row("5.5", "delivered", effective, quantity=str(quantity))


def paid(effective: str, currency: str, amount: str) -> Row:
    return row("1.2", "paid", effective, instalment="1", currency=currency, amount=amount)


def month(name: str, state: str, delivered: int) -> dict[str, Any]:
    return {"period": name, "state": state, "delivered": delivered, "target": 2}


def one(whole: dict[str, Any], ref: str) -> dict[str, Any]:
    """The action of that ref, or the first instalment of the contribution of that ref."""
    found: dict[str, Any] = next(
        x for x in whole["actions"] + whole["contributions"] if x["ref"] == ref
    )
    return found


LATE_REPORT = [row("4.4", "started", "2014-10-29", "2014-11-05")]
LATE_START = [row("4.4", "started", "2014-11-10")]
MOVED = [row("2.5", "moved", "2014-12-15", to="2015-03-31", reason="more time")]
BOTH_OFFICERS = [officers("2014-10-13", 2)]
ONE_OFFICER = [officers("2014-10-13", 1)]
NONE_IN_NOVEMBER = [officers("2014-10-13", 2), officers("2014-12-01", 4)]
STORM = [
    row("1.4", "completed", "2014-12-10"),
    row("1.4", "reopened", "2014-12-28", "2014-12-29", reason="storm"),
]
OWED = {"EUR": "5000000.00", "GBP": "4000000.00"}
NOTHING_OWED = {"EUR": "0.00", "GBP": "0.00"}
PART_PAID = [paid("2015-02-10", "EUR", "3000000")]
PAID_IN_POUNDS = [paid("2015-03-20", "GBP", "4000000")]

EXAMPLES: list[tuple[str, str, list[Row], dict[str, Any]]] = [
    ("2014-09-16", "4.4", [], {"state": "upcoming", "days": 15}),
    ("2014-09-30", "4.4", [], {"state": "due-soon", "days": 1}),
    ("2014-10-01", "4.4", [], {"state": "due", "days": 30}),
    ("2014-10-31", "4.4", [], {"state": "due", "days": 0}),
    (
        "2014-11-01",
        "4.4",
        [],
        {"state": "overdue", "days": 1, "stale": True, "never_reported": True},
    ),
    ("2014-11-03", "4.4", LATE_REPORT, {"state": "overdue", "days": 3}),
    ("2014-11-05", "4.4", LATE_REPORT, {"state": "met", "days": None}),
    ("2014-11-30", "4.4", LATE_START, {"state": "met-late", "days": 10, "original_days": 10}),
    ("2014-12-17", "2.5", [], {"state": "due-soon", "days": 14}),
    ("2014-12-31", "2.5", [], {"state": "due", "days": 0}),
    ("2015-01-01", "2.5", [], {"state": "overdue", "days": 1}),
    ("2014-12-15", "2.5", MOVED, {"state": "upcoming", "days": 106, "original_days": 0}),
    ("2015-04-01", "2.5", MOVED, {"state": "overdue", "days": 1, "original_days": 91}),
    ("2014-09-20", "5.4", [], {"state": "due", "days": 0}),
    ("2014-09-30", "5.4", [], {"state": "overdue", "days": 10}),
    ("2014-10-31", "5.5", BOTH_OFFICERS, {"state": "met", "periods": [month("2014-10", "met", 2)]}),
    (
        "2014-11-01",
        "5.5",
        ONE_OFFICER,
        {
            "state": "overdue",
            "days": 1,
            "periods": [month("2014-10", "partly", 1), month("2014-11", "open", 0)],
        },
    ),
    (
        "2015-01-01",
        "5.5",
        NONE_IN_NOVEMBER,
        {
            "state": "due",
            "days": 30,
            "periods": [
                month("2014-10", "met", 2),
                month("2014-11", "missed", 0),
                month("2014-12", "met", 4),
                month("2015-01", "open", 0),
            ],
        },
    ),
    ("2014-12-20", "1.4", STORM, {"state": "met", "days": None}),
    ("2014-12-30", "1.4", STORM, {"state": "no-date", "days": None}),
    ("2015-03-31", "1.2", [], {"state": "due", "days": 0, "instalment": 1}),
    ("2015-04-01", "1.2", [], {"state": "overdue", "days": 1, "paid": {}, "outstanding": OWED}),
    (
        "2015-04-01",
        "1.2",
        PART_PAID,
        {
            "state": "overdue",
            "days": 1,
            "paid": {"EUR": "3000000.00"},
            "outstanding": {"EUR": "2000000.00", "GBP": "4000000.00"},
        },
    ),
    (
        "2015-04-01",
        "1.2",
        PAID_IN_POUNDS,
        {"state": "met", "days": None, "paid": {"GBP": "4000000.00"}, "outstanding": NOTHING_OWED},
    ),
    ("2014-10-31", "1.7", [], {"state": "awaiting", "days": None, "stale": True}),
]


@pytest.mark.parametrize(("on", "ref", "rows", "expected"), EXAMPLES)
def test_a_worked_example_reads_as_expected(
    on: str, ref: str, rows: list[Row], expected: dict[str, Any]
) -> None:
    day = date.fromisoformat(on)
    shown = one(status(calais(), rows, day, day), ref)
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize(("on", "state"), [("2014-12-20", "met"), ("2014-12-30", "no-date")])
def test_what_stood_before_the_storm_is_the_same_in_the_light_of_today(on: str, state: str) -> None:
    assert one(status(calais(), STORM, date.fromisoformat(on), None), "1.4")["state"] == state


def test_half_past_eleven_at_night_in_london_is_still_the_last_day_of_october() -> None:
    moment = datetime.fromisoformat("2014-10-31T23:30:00+00:00")
    on = moment.astimezone(ZoneInfo(calais()["plan"]["timezone"])).date()
    assert on != moment.astimezone(ZoneInfo("Europe/Paris")).date()
    assert one(status(calais(), [], on, on), "4.4")["state"] == "due"


def test_an_entry_recorded_at_that_moment_is_known_that_day_in_london_and_not_in_paris() -> None:
    on, plan = date(2014, 10, 31), calais()
    rows = [row("4.4", "started", "2014-10-29", "2014-10-31T23:30:00Z")]
    assert one(status(plan, rows, on, on), "4.4")["state"] == "met"
    plan["plan"]["timezone"] = "Europe/Paris"
    assert one(status(plan, rows, on, on), "4.4")["state"] == "due"


def test_the_status_has_the_keys_and_counts_of_the_interface() -> None:
    on = date(2014, 11, 1)
    whole = status(calais(), [], on, on)
    assert list(whole) == [
        *("plan", "on", "known", "until", "opened", "proposed"),
        *("commitments", "actions", "contributions"),
    ]
    assert (whole["plan"], whole["on"], whole["known"]) == (
        "calais-2014",
        "2014-11-01",
        "2014-11-01",
    )
    assert whole["commitments"][2] == {
        "number": 4,
        "state": "overdue",
        "counts": {"overdue": 1, "no-date": 2, "disputed": 0},
    }
    assert one(whole, "4.4") == {
        "ref": "4.4",
        "commitment": 4,
        "scored": True,
        "modality": "firm",
        "state": "overdue",
        "days": 1,
        "progress": "none",
        "first_day": "2014-10-01",
        "last_day": "2014-10-31",
        "original_last_day": "2014-10-31",
        "original_days": 1,
        "words": "will begin in October",
        "proposed": [],
        "stale": True,
        "confirmed": False,
        "disputed": False,
        "sides_differ": False,
        "never_reported": True,
        "confidence": None,
        "delivered": None,
        "target": None,
        "periods": [],
        "periods_short": None,
        "periods_closed": None,
        "reading": None,
        "level": None,
        "baseline": None,
        "each": None,
        "steps": None,
        "needs": [],
    }
    assert one(whole, "1.2") == {
        "ref": "1.2",
        "from": "GB",
        "instalment": 1,
        "state": "upcoming",
        "days": 150,
        "last_day": "2015-03-31",
        "original_last_day": "2015-03-31",
        "firmness": "firm",
        "stated": OWED,
        "paid": {},
        "outstanding": OWED,
    }
    assert status(calais(), [], on, None)["known"] == "now"
