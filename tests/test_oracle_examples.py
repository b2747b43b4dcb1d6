"""The naive oracle against the worked examples of both editions of the rules, and by hand beyond.

It uses nothing but the oracle: neither the product nor its plans.
"""

from datetime import date
from itertools import count
from typing import Any

import pytest

from tests.oracle import status

Json = dict[str, Any]
Row = dict[str, str]
COLUMNS = "id ref kind effective recorded side quantity amount currency instalment to words reason note source"
numbers = count(1)


def row(ref: str, kind: str, effective: str, recorded: str = "", **fields: Any) -> Row:
    own = {"id": f"x{next(numbers)}", "ref": ref, "kind": kind, "effective": effective}
    given = {key: str(value) for key, value in fields.items()}
    return dict.fromkeys(COLUMNS.split(), "") | own | {"recorded": recorded or effective} | given


def about(meant: Row, kind: str, effective: str, side: str = "", **fields: Any) -> Row:
    return row("", kind, effective, to=meant["id"], side=side, **fields)


def action(ref: str, lead: str = "home", modality: str = "firm", **terms: Any) -> Json:
    return {"ref": ref, "modality": modality, "lead": lead.split(), **terms}


def finish(when: str, **more: Any) -> Json:
    return {"kind": "finish", "when": when, "words": "then", **more}


def recurring(every: Any, quantity: int = 1, **more: Any) -> Json:
    return {"kind": "recurring", "every": every, "quantity": quantity, "words": "each", **more}


def plan(*actions: Json, funds: list[Json] | None = None, **settings: Any) -> Json:
    own = {
        "slug": "calais-2014",
        "adopted_on": date(2014, 9, 20),
        "timezone": "Europe/London",
        "sides": ["GB", "FR"],
        "lead_days": 14,
        "grace_days": 0,
        "stale_days": 30,
        "year_basis": "uk-financial",
    }
    bodies = [("home", "GB"), ("interior", "FR"), ("port", None), ("police", "GB")]
    return {
        "plan": own | settings,
        "bodies": [{"id": body} | ({"side": side} if side else {}) for body, side in bodies],
        "commitments": [{"number": 1, "actions": list(actions)}],
        "funds": [{"id": "fund", "commitment": 1, "contributions": funds or []}],
    }


SHARE = {
    "ref": "1.2",
    "from": "GB",
    "stated": [["EUR", "5000000"], ["GBP", "4000000"]],
    "each": "year",
    "times": 3,
}
CALAIS = plan(
    action("1.3"),
    action("1.4"),
    action("1.5"),
    action("1.7", modality="soft", consents=["port", "roads"], until=["1.4", "1.5"]),
    action("2.5", "home interior", "soft", deadline=finish("../2014-12-31")),
    action("4.4", deadline={"kind": "start", "when": "2014-10", "words": "in October"}),
    action("5.4", deadline={"kind": "immediate", "words": "effective immediately"}),
    action("5.5", deadline=recurring("month", 2, first="2014-10")),
    funds=[SHARE],
)


def month(number: int, *quantities: int) -> list[Row]:
    """The officers delivered in the months from that one on; none for nought."""
    each = enumerate(quantities, start=number)
    return [row("5.5", "delivered", f"2014-{m}-13", quantity=q) for m, q in each if q]


def paid(effective: str, currency: str, amount: str, kind: str = "paid") -> Row:
    return row("1.2", kind, effective, instalment=1, currency=currency, amount=amount)


def shown(
    of: Json | list[Json], rows: list[Row], on: str, ref: str, known: str | None = ""
) -> Json:
    """The action, or the first instalment, of that ref; as known then if nothing else is said."""
    day = date.fromisoformat(on)
    whole = status(of, rows, day, date.fromisoformat(known or on) if known is not None else None)
    found: Json = next(x for x in whole["actions"] + whole["contributions"] if x["ref"] == ref)
    return found


Read = tuple[str, int | None]
LATE_REPORT = [row("4.4", "started", "2014-10-29", "2014-11-05")]
MOVE_BY_GB = row("2.5", "moved", "2014-12-15", to="2015-03-31", reason="r", side="GB")
MOVED = [MOVE_BY_GB, about(MOVE_BY_GB, "confirmed", "2014-12-15", "FR")]
STORM = [
    row("1.4", "completed", "2014-12-10"),
    row("1.4", "reopened", "2014-12-28", "2014-12-29", reason="storm"),
]

FIRST_EDITION: list[tuple[str, str, list[Row], Read]] = [
    ("2014-09-16", "4.4", [], ("upcoming", 15)),
    ("2014-09-30", "4.4", [], ("due-soon", 1)),
    ("2014-10-01", "4.4", [], ("due", 30)),
    ("2014-10-31", "4.4", [], ("due", 0)),
    ("2014-11-01", "4.4", [], ("overdue", 1)),
    ("2014-11-03", "4.4", LATE_REPORT, ("overdue", 3)),
    ("2014-11-05", "4.4", LATE_REPORT, ("met", None)),
    ("2014-11-30", "4.4", [row("4.4", "started", "2014-11-10")], ("met-late", 10)),
    ("2014-12-17", "2.5", [], ("due-soon", 14)),
    ("2014-12-31", "2.5", [], ("due", 0)),
    ("2015-01-01", "2.5", [], ("overdue", 1)),
    ("2014-12-15", "2.5", MOVED, ("upcoming", 106)),
    ("2015-04-01", "2.5", MOVED, ("overdue", 1)),
    ("2014-09-20", "5.4", [], ("due", 0)),
    ("2014-09-30", "5.4", [], ("overdue", 10)),
    ("2014-10-31", "5.5", month(10, 2), ("met", None)),
    ("2014-11-01", "5.5", month(10, 1), ("overdue", 1)),
    ("2015-01-01", "5.5", month(10, 2, 0, 4), ("due", 30)),  # overdue in the first edition
    ("2014-12-20", "1.4", STORM, ("met", None)),
    ("2014-12-30", "1.4", STORM, ("no-date", None)),
    ("2014-10-31", "1.7", [], ("awaiting", None)),
    ("2015-03-31", "1.2", [], ("due", 0)),
    ("2015-04-01", "1.2", [], ("overdue", 1)),
    ("2015-04-01", "1.2", [paid("2015-02-10", "EUR", "3000000")], ("overdue", 1)),
    ("2015-04-01", "1.2", [paid("2015-03-20", "GBP", "4000000")], ("met", None)),
]


@pytest.mark.parametrize(("on", "ref", "rows", "expected"), FIRST_EDITION)
def test_an_example_of_the_first_edition_reads_as_it_says(
    on: str, ref: str, rows: list[Row], expected: Read
) -> None:
    one = shown(CALAIS, rows, on, ref)
    assert (one["state"], one["days"]) == expected


def test_what_else_the_examples_of_the_first_edition_say() -> None:
    assert shown(CALAIS, LATE_REPORT, "2014-11-03", "4.4", None)["state"] == "met"
    assert shown(CALAIS, STORM, "2014-12-20", "1.4", None)["state"] == "met"
    assert shown(CALAIS, [], "2014-10-31", "1.7")["stale"]
    moved = [shown(CALAIS, MOVED, on, "2.5") for on in ("2014-12-15", "2015-04-01")]
    assert [one["original_days"] for one in moved] == [0, 91]
    part = shown(CALAIS, [paid("2015-02-10", "EUR", "3000000")], "2015-04-01", "1.2")
    assert part["outstanding"] == {"EUR": "2000000.00", "GBP": "4000000.00"}
    full = shown(CALAIS, [paid("2015-03-20", "GBP", "4000000")], "2015-04-01", "1.2")
    assert full["outstanding"] == {"EUR": "0.00", "GBP": "0.00"}
    assert full["paid"] == {"GBP": "4000000.00"}
    periods = shown(CALAIS, month(10, 1), "2014-11-01", "5.5")["periods"]
    assert [(p["period"], p["state"], p["delivered"]) for p in periods] == [
        ("2014-10", "partly", 1),
        ("2014-11", "open", 0),
    ]


ALONE = row("2.5", "moved", "2014-12-17", to="2015-03-31", reason="r", side="GB")
AGREED = [ALONE, about(ALONE, "confirmed", "2014-12-22", "FR")]
FELL = [row("2.5", "completed", "2014-12-10"), row("2.5", "reopened", "2020-01-15", reason="r")]
OPENED = [
    row("", "opened", "2014-11-01"),
    row("4.4", "started", "2014-10-20", "2014-10-21", loaded="2015-01-12"),
]
EARLY = [row("2.5", "moved", "2014-12-15", to="2015-03-31", reason="r", side="GB")]

SECOND_EDITION: list[tuple[str, str, list[Row], Json]] = [
    (
        "2014-12-01",
        "5.5",
        month(10, 2, 1),
        {"state": "overdue", "days": 1, "periods_short": 1, "periods_closed": 2},
    ),
    (
        "2015-01-01",
        "5.5",
        month(10, 2, 1, 2),
        {"state": "due", "days": 30, "periods_short": 1, "periods_closed": 3},
    ),
    ("2014-12-20", "2.5", AGREED, {"state": "due-soon", "days": 11, "proposed": [ALONE["id"]]}),
    ("2014-12-22", "2.5", AGREED, {"state": "upcoming", "days": 99, "proposed": []}),
    ("2015-01-01", "2.5", [ALONE], {"state": "overdue", "days": 1, "proposed": [ALONE["id"]]}),
    ("2014-12-15", "2.5", EARLY, {"state": "upcoming", "days": 16, "proposed": [EARLY[0]["id"]]}),
    (
        "2020-01-15",
        "2.5",
        FELL,
        {
            "state": "due",
            "days": 0,
            "first_day": "2020-01-15",
            "last_day": "2020-01-15",
            "original_last_day": "2014-12-31",
            "original_days": 1841,
            "progress": "under-way",
        },
    ),
    ("2020-01-16", "2.5", FELL, {"state": "overdue", "days": 1, "original_days": 1842}),
    (
        "2015-01-12",
        "1.3",
        [row("1.3", "progress", "2015-01-12")],
        {"state": "no-date", "days": None, "progress": "under-way"},
    ),
    ("2014-11-05", "4.4", OPENED, {"state": "overdue", "days": 5, "progress": "none"}),
]


@pytest.mark.parametrize(("on", "ref", "rows", "expected"), SECOND_EDITION)
def test_an_example_of_the_second_edition_reads_as_it_says(
    on: str, ref: str, rows: list[Row], expected: Json
) -> None:
    one = shown(CALAIS, rows, on, ref)
    assert {key: one[key] for key in expected} == expected


def test_what_was_loaded_after_opening_is_known_now_and_was_not_known_then() -> None:
    assert shown(CALAIS, OPENED, "2014-11-05", "4.4", None)["state"] == "met"
    assert shown(CALAIS, OPENED, "2014-11-05", "4.4", "2015-01-11")["state"] == "overdue"
    assert shown(CALAIS, OPENED, "2014-11-05", "4.4", "2015-01-12")["state"] == "met"


# By hand, clause by clause: rows and plan, the day, what it reads.

DISPUTE_FIRST = [
    ALONE,
    about(ALONE, "disputed", "2014-12-18", "FR"),
    about(ALONE, "confirmed", "2014-12-19", "FR"),
]
DISPUTE_AFTER = [
    ALONE,
    about(ALONE, "confirmed", "2014-12-19", "FR"),
    about(ALONE, "disputed", "2014-12-20", "FR"),
]
NOBODYS = row("2.5", "superseded", "2014-12-01", reason="r")
TERM = row("", "term", "2015-01-10", to="2016-06", reason="r", side="FR")
DONE_14 = row("1.4", "completed", "2014-12-10")
ONE_SIDE = action("2", deadline=finish("2014-12-31"), consents=["police", "port"], needs=["calm"])
AWAITED = [
    row("2", "consent", "2015-02-01", words="port"),
    row("2", "event", "2015-02-05", words="calm"),
]
LEVEL = action("2", deadline=finish("2015-06-30", level=10, baseline={"value": 4, "on": "2014"}))
MOST = action("2", deadline=finish("2015-06-30", level=10, at="most"))
BOTH = action("2", "home interior", each=["GB", "FR"], deadline=finish("2015-06-30"))
BOTH_COUNT = action(
    "2", "home interior", each=["GB", "FR"], deadline=finish("2015-06-30", quantity=4)
)
STEPS = action(
    "2",
    deadline={
        "kind": "finish",
        "words": "then",
        "steps": [
            {"when": "../2014-12-31", "quantity": 200},
            {"when": "../2015-12-31", "quantity": 500},
        ],
    },
)
HANGS = action("3", deadline={"kind": "within", "days": 14, "of": "1.4", "words": "after it"})
LAST = action("5", deadline=recurring("month", first="2014-10", last="2014-12-10"))
MONTHLY = action("5", deadline=recurring("month", first="2014-10"))


def given(day: str, quantity: int, ref: str = "2", side: str = "") -> Row:
    return row(ref, "delivered", day, quantity=quantity, side=side)


def reading(day: str, quantity: int, side: str = "") -> Row:
    return row("2", "reading", day, quantity=quantity, side=side)


def done(day: str, ref: str = "2", side: str = "") -> Row:
    return row(ref, "completed", day, side=side)


def moved(day: str, to: str) -> Row:
    return row("2", "moved", day, to=to, reason="r")


LOST = [done("2014-12-10"), row("2", "reopened", "2020-01-15", reason="r")]
GB_DONE, FR_DONE = done("2015-06-01", side="GB"), done("2015-07-10", side="FR")
REACHED = [reading("2015-05-01", 8), reading("2015-06-01", 10)]
SLIPPED = [*REACHED, reading("2015-09-01", 9), reading("2015-10-01", 7)]
EACH_MONTH = [given("2014-10-05", 1, "5"), given("2014-12-05", 1, "5")]
JPY = {
    "ref": "9",
    "from": "GB",
    "stated": [["JPY", "500"], ["TND", "2.5"]],
    "due": date(2015, 1, 1),
}
OPENS = {**SHARE, "firmness": "conditional", "condition": "1.4"}
BY_EVENT = {**SHARE, "firmness": "conditional", "condition": "evaluation"}
BACK = [paid("2015-03-20", "GBP", "4000000"), paid("2016-02-01", "GBP", "1", "refunded")]
TIMED: Json = {"until": "2015-01-31"}
LATE = action("2", deadline=finish("2014-12-31"))
UNDATED = action("3")
OPTIONAL = action("4", modality="optional", deadline=finish("2014-12-31"))

BY_HAND: list[tuple[Json, list[Row], str, str, Json]] = [
    # A1: what is not assessed neither breaks nor lengthens a run; a duty that is over
    (plan(LAST), EACH_MONTH, "2014-12-31", "5", {"state": "met", "periods_short": 1}),
    (plan(LAST), EACH_MONTH, "2015-01-01", "5", {"state": "met-short", "days": None}),
    (plan(LAST), EACH_MONTH, "2015-09-01", "5", {"progress": "done", "periods_closed": 3}),
    (plan(MONTHLY), [], "2015-01-01", "5", {"state": "overdue", "days": 62}),
    (plan(MONTHLY), [done("2014-11-10", "5")], "2014-11-30", "5", {"state": "overdue"}),
    (
        plan(MONTHLY),
        [done("2014-11-10", "5")],
        "2014-12-01",
        "5",
        {"state": "met-short", "periods_short": 2, "periods_closed": 2},
    ),
    (plan(MONTHLY), [done("2014-09-25", "5")], "2014-09-25", "5", {"state": "met"}),
    (
        plan(MONTHLY),
        [row("5", "superseded", "2014-11-15", reason="r")],
        "2015-02-01",
        "5",
        {"state": "superseded", "periods_short": 1, "periods_closed": 1, "progress": None},
    ),
    (
        plan(MONTHLY, until="2014-11-30"),
        [given("2014-11-05", 1, "5")],
        "2014-12-01",
        "5",
        {"state": "lapsed", "days": None, "periods_short": 1, "periods_closed": 2},
    ),
    # A2
    (CALAIS, DISPUTE_FIRST, "2014-12-22", "2.5", {"state": "due-soon", "proposed": [ALONE["id"]]}),
    (CALAIS, DISPUTE_AFTER, "2014-12-22", "2.5", {"state": "upcoming", "days": 99}),
    (
        CALAIS,
        [NOBODYS, about(NOBODYS, "confirmed", "2014-12-02", "FR")],
        "2014-12-05",
        "2.5",
        {"state": "upcoming", "proposed": [NOBODYS["id"]]},
    ),
    (
        CALAIS,
        [
            NOBODYS,
            about(NOBODYS, "confirmed", "2014-12-02", "FR"),
            about(NOBODYS, "confirmed", "2014-12-03", "GB"),
        ],
        "2014-12-05",
        "2.5",
        {"state": "superseded", "proposed": []},
    ),
    # A3
    (
        CALAIS,
        [DONE_14, done("2014-12-11", "1.5"), about(DONE_14, "disputed", "2014-12-12", "FR")],
        "2014-12-20",
        "1.7",
        {"state": "awaiting"},
    ),
    (
        CALAIS,
        [DONE_14, done("2014-12-11", "1.5")],
        "2014-12-20",
        "1.7",
        {"state": "superseded", "progress": None},
    ),
    # A4: a later move holds, and so does being done again
    (
        CALAIS,
        [*FELL, row("2.5", "completed", "2020-02-01")],
        "2020-03-01",
        "2.5",
        {"state": "met-late", "days": 17, "original_days": 1858},
    ),
    (plan(LATE), [*LOST, moved("2020-01-20", "2020-03-31")], "2020-02-01", "2", {"days": 59}),
    (plan(LATE), [*LOST, moved("2020-01-10", "2020-01-12")], "2020-01-16", "2", {"days": 1}),
    (
        plan(LATE),
        [done("2015-02-10"), row("2", "reopened", "2015-02", "2015-02-20", reason="r")],
        "2015-02-20",
        "2",
        {"state": "overdue", "days": 10, "original_days": 51},
    ),
    (
        plan(LATE),
        [row("2", "reopened", "2015-02", "2015-02-20", reason="r"), done("2015-02-10")],
        "2015-02-20",
        "2",
        {"state": "met-late", "days": 41},
    ),
    # A5: a consent of the side that leads stops no clock; days beside awaiting; a new last day
    (plan(ONE_SIDE), [], "2015-01-10", "2", {"state": "awaiting", "days": 10}),
    (
        plan(ONE_SIDE),
        AWAITED[:1],
        "2015-02-04",
        "2",
        {"state": "awaiting", "needs": [{"name": "calm", "on": None}]},
    ),
    (plan(ONE_SIDE), AWAITED, "2015-02-05", "2", {"state": "due", "days": 0}),
    (
        plan(ONE_SIDE),
        AWAITED,
        "2015-02-06",
        "2",
        {"state": "overdue", "days": 1, "original_days": 37},
    ),
    # A6
    (CALAIS, [row("1.3", "note", "2014-10-01")], "2014-10-20", "1.3", {"stale": True}),
    (CALAIS, [row("1.3", "note", "2014-10-01")], "2014-10-20", "1.3", {"never_reported": True}),
    (plan(action("2", stale_days=0)), [], "2015-10-20", "2", {"stale": False}),
    (plan(action("2", stale_days=5)), [], "2014-09-25", "2", {"stale": True}),
    # A7
    (plan(funds=[JPY]), [], "2015-01-01", "9", {"stated": {"JPY": "500", "TND": "2.500"}}),
    (plan(action("1.4"), funds=[OPENS]), [], "2015-04-10", "1.2", {"state": "awaiting"}),
    (
        plan(action("1.4"), funds=[OPENS]),
        [done("2015-04-10", "1.4")],
        "2015-04-11",
        "1.2",
        {
            "state": "overdue",
            "days": 1,
            "last_day": "2015-04-10",
            "original_last_day": "2015-03-31",
        },
    ),
    (
        plan(funds=[BY_EVENT]),
        [row("1.2", "event", "2014-12-01", words="another")],
        "2015-03-31",
        "1.2",
        {"state": "awaiting"},
    ),
    (
        plan(funds=[SHARE]),
        BACK,
        "2016-02-02",
        "1.2",
        {"state": "overdue", "days": 1, "last_day": "2016-02-01"},
    ),
    # B2
    (plan(LEVEL), REACHED, "2015-07-01", "2", {"state": "met", "reading": 10, "level": 10}),
    (plan(LEVEL), SLIPPED, "2015-09-01", "2", {"state": "due", "days": 0, "reading": 9}),
    (plan(LEVEL), SLIPPED, "2015-10-02", "2", {"state": "overdue", "days": 31, "reading": 7}),
    (plan(LEVEL), [], "2015-01-01", "2", {"reading": None, "baseline": {"value": 4, "on": "2014"}}),
    (plan(MOST), [reading("2015-07-02", 0)], "2015-07-02", "2", {"state": "met-late", "days": 2}),
    # B3
    (
        plan(BOTH),
        [GB_DONE],
        "2015-07-01",
        "2",
        {"state": "overdue", "days": 1, "sides_differ": False},
    ),
    (plan(BOTH), [GB_DONE, FR_DONE], "2015-08-01", "2", {"state": "met-late", "days": 10}),
    (
        plan(BOTH_COUNT),
        [given("2015-06-01", 9, side="GB"), given("2015-06-02", 3, side="FR")],
        "2015-06-29",
        "2",
        {"state": "due-soon", "days": 1, "delivered": None, "target": None},
    ),
    (
        plan(BOTH_COUNT),
        [
            given("2015-06-01", 9, side="GB"),
            row("2", "delivered", "2015-06", "2015-06-30", quantity=4, side="FR"),
        ],
        "2015-06-30",
        "2",
        {"state": "met", "days": None},
    ),
    # B4
    (
        plan(action("5", deadline=recurring("week", first="2014-W42"))),
        [],
        "2014-10-19",
        "5",
        {"state": "due", "days": 0, "first_day": "2014-10-13", "last_day": "2014-10-19"},
    ),
    (
        plan(action("5", deadline=recurring("plan-year")), year_basis="anniversary"),
        [],
        "2014-09-30",
        "5",
        {"state": "due", "days": 354, "last_day": "2015-09-19"},
    ),
    # B5
    (
        plan(action("1.4"), HANGS),
        [DONE_14],
        "2014-12-20",
        "3",
        {"state": "due", "days": 4},
    ),
    (plan(action("1.4"), HANGS), STORM, "2014-12-30", "3", {"state": "awaiting", "days": None}),
    (
        plan(action("1.4"), HANGS),
        [row("3", "moved", "2014-12-01", to="2015-02-01", reason="r")],
        "2015-02-02",
        "3",
        {"state": "overdue", "days": 1, "original_last_day": None, "original_days": None},
    ),
    # B6
    (
        plan(STEPS),
        [given("2014-12-01", 200)],
        "2015-12-31",
        "2",
        {"state": "due", "days": 0, "target": 500, "delivered": 200},
    ),
    (
        plan(STEPS),
        [given("2015-01-10", 500)],
        "2015-02-01",
        "2",
        {"state": "met-late", "days": 10, "last_day": "2015-12-31", "target": 500},
    ),
    (
        plan(STEPS),
        [],
        "2015-01-01",
        "2",
        {
            "state": "overdue",
            "days": 1,
            "steps": [
                {"when": "../2014-12-31", "quantity": 200, "state": "overdue", "days": 1},
                {"when": "../2015-12-31", "quantity": 500, "state": "upcoming", "days": 364},
            ],
        },
    ),
    # B7: what fell due survives
    (plan(LATE, **TIMED), [], "2015-02-01", "2", {"state": "overdue", "days": 32}),
    (plan(UNDATED, **TIMED), [], "2015-01-31", "3", {"state": "no-date"}),
    (plan(UNDATED, **TIMED), [], "2015-02-01", "3", {"state": "lapsed", "progress": None}),
    (plan(OPTIONAL, **TIMED), [], "2015-02-01", "4", {"state": "lapsed"}),
    (plan(UNDATED, **TIMED), [TERM], "2015-02-01", "3", {"state": "lapsed"}),
    (
        plan(UNDATED, **TIMED),
        [TERM, about(TERM, "confirmed", "2015-01-20", "GB")],
        "2015-02-01",
        "3",
        {"state": "no-date"},
    ),
    (plan(funds=[SHARE], **TIMED), [], "2015-02-01", "1.2", {"state": "lapsed", "days": None}),
]


@pytest.mark.parametrize(("of", "rows", "on", "ref", "expected"), BY_HAND)
def test_a_clause_reads_as_worked_out_by_hand(
    of: Json, rows: list[Row], on: str, ref: str, expected: Json
) -> None:
    one = shown(of, rows, on, ref)
    assert {key: one[key] for key in expected} == expected


def test_each_side_is_judged_by_its_own_reports() -> None:
    assert shown(plan(BOTH), [GB_DONE], "2015-07-01", "2")["each"] == [
        {
            "side": "GB",
            "state": "met",
            "days": None,
            "progress": "done",
            "delivered": None,
            "reading": None,
        },
        {
            "side": "FR",
            "state": "overdue",
            "days": 1,
            "progress": "none",
            "delivered": None,
            "reading": None,
        },
    ]


def test_the_periods_of_the_other_rhythms_are_named_and_bounded_as_they_say() -> None:
    found = {}
    rhythms: list[tuple[Any, Json]] = [
        ("week", {}),
        ("half-year", {}),
        ("plan-year", {}),
        ({"days": 45}, {"first": "2019-06-08"}),
        ({"days": 45}, {}),
    ]
    for every, more in rhythms:
        of = plan(action("5", deadline=recurring(every, **more)))
        one = shown(of, [], "2019-07-01", "5")
        found[str(every) + str(more)] = one["periods"][0]["period"], one["last_day"]
    assert found == {
        "week{}": ("2014-W39", "2019-07-07"),
        "half-year{}": ("2015-40", "2019-12-31"),
        "plan-year{}": ("2015-04-01/2016-03-31", "2020-03-31"),
        "{'days': 45}{'first': '2019-06-08'}": ("2019-06-08/2019-07-22", "2019-07-22"),
        "{'days': 45}{}": ("2014-09-21/2014-11-04", "2019-07-11"),
    }


def test_a_change_counts_from_its_own_day_and_is_known_when_it_was_said() -> None:
    before = plan(action("2", deadline=finish("2015-01-31")))
    after = plan(action("2", deadline=finish("2015-06-30")))
    after |= {"change": "agreed", "from": date(2015, 2, 10), "recorded": date(2015, 2, 12)}
    files = [before, after]
    assert shown(files, [], "2015-02-09", "2", None)["days"] == 9
    assert shown(files, [], "2015-02-11", "2", None)["state"] == "upcoming"
    assert shown(files, [], "2015-02-11", "2")["state"] == "overdue"
    assert shown(files, [], "2015-02-12", "2")["state"] == "upcoming"
    late = {**after, "loaded": "2015-03-01"}
    opened = [row("", "opened", "2015-01-15")]
    assert shown([before, late], opened, "2015-02-12", "2")["state"] == "overdue"
    assert shown([before, late], opened, "2015-02-12", "2", None)["state"] == "upcoming"


def test_a_correction_counts_from_the_day_of_the_value_that_it_replaces() -> None:
    first = plan(
        action("2", deadline=finish("2015-01-31")), action("3", deadline=finish("2015-05"))
    )
    change = plan(
        action("2", deadline=finish("2015-06-30")), action("3", deadline=finish("2015-05"))
    )
    right = plan(
        action("2", deadline=finish("2015-07-31")), action("3", deadline=finish("2015-02"))
    )
    files = [
        first,
        {**change, "change": "agreed", "loaded": "2015-02-10"},
        {**right, "correction": "misread", "loaded": "2015-04-01"},
    ]
    assert shown(files, [], "2015-02-09", "2")["last_day"] == "2015-01-31"
    assert shown(files, [], "2015-02-10", "2")["last_day"] == "2015-07-31"
    assert shown(files, [], "2014-10-01", "3")["last_day"] == "2015-02-28"


def test_a_period_is_judged_by_the_terms_of_its_last_day() -> None:
    one, two = (plan(action("5", deadline=recurring("month", n, first="2014-10"))) for n in (1, 2))
    rows = [given(f"2014-{m}-05", 1, "5") for m in (10, 11, 12)]
    files = [one, {**two, "change": "agreed", "loaded": "2014-11-15"}]
    periods = shown(files, rows, "2014-12-10", "5")["periods"]
    assert [(p["state"], p["target"]) for p in periods] == [("met", 1), ("partly", 2), ("open", 2)]
    quarterly = plan(action("5", deadline=recurring("quarter", 1)))
    files = [one, {**quarterly, "change": "agreed", "loaded": "2014-11-15"}]
    periods = shown(files, rows, "2015-02-10", "5")["periods"]
    assert [p["period"] for p in periods] == ["2014-10", "2015-33"]


def test_what_a_change_brings_in_begins_on_its_day() -> None:
    at_once = action("3", deadline={"kind": "immediate", "words": "now"})
    files = [
        plan(),
        {**plan(at_once), "change": "more", "from": "2015-02-10", "loaded": "2015-02-11"},
    ]
    assert status(files, [], date(2015, 2, 10), date(2015, 2, 10))["actions"] == []
    one = shown(files, [], "2015-02-12", "3")
    assert (one["state"], one["days"], one["stale"]) == ("overdue", 2, False)
    gone = [*files, {**plan(), "withdrawn": "no more", "loaded": "2015-03-01"}]
    assert shown(gone, [], "2015-02-28", "3")["state"] == "overdue"
    assert shown(gone, [], "2015-03-01", "3")["state"] == "not-pursued"


def test_the_top_of_the_status_and_its_counts() -> None:
    rows = [DONE_14, about(DONE_14, "disputed", "2014-12-12", "FR"), *OPENED[:1], TERM]
    on = date(2015, 1, 15)
    whole = status(plan(action("1.4"), action("1.5"), until="2016-02"), rows, on, on)
    assert (whole["until"], whole["opened"]) == ("2016-02-29", "2014-11-01")
    assert whole["proposed"] == [TERM["id"]]
    assert whole["commitments"] == [
        {"number": 1, "state": "no-date", "counts": {"met": 1, "no-date": 1, "disputed": 1}}
    ]
    early = status(plan(), rows, date(2014, 10, 1), date(2014, 10, 1))
    assert (early["until"], early["opened"], early["proposed"]) == (None, None, [])


def test_sides_differ_until_each_other_side_confirms() -> None:
    mine, theirs = done("2014-12-01", "1.4", "GB"), row("1.4", "note", "2014-12-02", side="FR")
    agreed = about(mine, "confirmed", "2014-12-03", "FR")
    assert shown(CALAIS, [mine, theirs], "2014-12-05", "1.4")["sides_differ"]
    one = shown(CALAIS, [mine, theirs, agreed], "2014-12-05", "1.4")
    assert (one["sides_differ"], one["confirmed"], one["disputed"]) == (False, True, False)
