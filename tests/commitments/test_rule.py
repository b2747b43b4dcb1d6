"""The rule clause by clause, each with the smallest plan and register that shows it.

What of docs/reference/rules.md is decided where, in `commitments/rules/` and `funding/rules.py`; the
examples of each clause stand here in this order or bear its words.

    terms, changes and corrections     terms.versions_of, terms.begun_on
    what is known, withdrawals         events.EventsOnDay.counts, events.withdrawn_numbers
    windows, running from an event     actions.fixed_window, actions.window_after_event
    deeds, quantities, levels          promises.fulfil_deed, fulfil_quantity, fulfil_level
    owed again                         promises.day_of_fall, waiting.owed_again
    each side, steps                   actions.judge_each, judge_steps, states.worst_of_parts
    periods, what is short, over       recurrence.Recurrence, rhythms.Rhythm
    waiting, consents of one's own     waiting.last_needed_day, is_of_the_only_leading_side
    moving, closing, until             proposals.latest_in_force, actions.ActionOnDay.closed_on
    deciding together                  proposals.day_in_force, proposals.proposed
    the end of the plan                plan_term.PlanTerm, states.is_lapsed
    the order of states, days          states.determine_state, states.days_counted
    stale, progress, marks             actions.is_stale, progress_of, sides_differ
    instalments, what opens them       funding.rules.judge_instalment, day_of_opening
"""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from commitments.rules.events import Perspective
from commitments.rules.plan_term import PlanTerm
from tests.generated import ADOPTED, blank
from tests.memory import Register

NAMES = {"en": "name", "fr": "nom"}
SETTINGS = {
    "slug": "made",
    "title": NAMES,
    "adopted_on": ADOPTED,
    "timezone": "Europe/London",
    "sides": ["GB", "FR"],
    "languages": ["en", "fr"],
    "lead_days": 14,
    "grace_days": 0,
    "stale_days": 30,
    "year_basis": "calendar",
}


def plan(
    *deadlines: dict[str, Any] | None, funds: Any = None, settings: Any = None, **action: Any
) -> dict[str, Any]:
    actions = [
        {"ref": f"1.{n}", "title": NAMES, "modality": "firm", "lead": ["home"], **action}
        | ({"deadline": {"words": "as signed", **deadline}} if deadline else {})
        for n, deadline in enumerate(deadlines, 1)
    ]
    return {
        "format": 1,
        "plan": SETTINGS | (settings or {}),
        "bodies": [{"id": body, "name": NAMES} for body in ("home", "port", "road")],
        "commitments": [{"number": 1, "title": NAMES, "actions": actions}],
        "funds": funds or [],
    }


def row(kind: str, effective: str, recorded: str = "", **cells: str) -> dict[str, str]:
    found = {"ref": "1.1", "side": "GB", "recorded": recorded or effective, **cells}
    return blank(kind=kind, effective=effective, **found)


def stands(
    tree: dict[str, Any] | list[dict[str, Any]],
    on: str,
    *rows: dict[str, str],
    ref: str = "1.1",
    known: str = "",
) -> Mapping[str, Any]:
    numbered = [{**entry, "id": entry["id"] or f"e{n}"} for n, entry in enumerate(rows)]
    register = Register(tree, numbered)
    assert register.source.errors == []
    perspective = Perspective.AS_KNOWN_NOW if known == "now" else Perspective.AS_KNOWN_THEN
    return register.action(ref, date.fromisoformat(on), perspective)


def state(
    tree: dict[str, Any] | list[dict[str, Any]], on: str, *rows: dict[str, str], **more: Any
) -> tuple[str, int | None]:
    found = stands(tree, on, *rows, **more)
    return found["state"], found["days"]


WITHIN = {"kind": "within", "days": 14, "of": "arrival"}


@pytest.mark.parametrize(
    ("deadline", "first", "last"),
    [
        ({"kind": "finish", "when": "2016-21"}, "2016-03-01", "2016-05-31"),
        ({"kind": "finish", "when": "../2016-21"}, "2016-05-31", "2016-05-31"),
        ({"kind": "finish", "when": "2015-22"}, "2015-06-01", "2015-08-31"),
        ({"kind": "finish", "when": "2015-23"}, "2015-09-01", "2015-11-30"),
        ({"kind": "finish", "when": "2015-24"}, "2015-12-01", "2016-02-29"),
        ({"kind": "finish", "when": "2015-33"}, "2015-01-01", "2015-03-31"),
        ({"kind": "finish", "when": "2015-36"}, "2015-10-01", "2015-12-31"),
        ({"kind": "finish", "when": "2004-40"}, "2004-01-01", "2004-06-30"),
        ({"kind": "finish", "when": "2004-41"}, "2004-07-01", "2004-12-31"),
        ({"kind": "finish", "when": "../2029"}, "2029-12-31", "2029-12-31"),
        ({"kind": "start", "when": "2014-10-15"}, "2014-10-15", "2014-10-15"),
        ({"kind": "immediate"}, "2014-09-20", "2014-09-20"),
        ({"kind": "recurring", "every": "month", "quantity": 1}, "2014-10-01", "2014-10-31"),
        ({"kind": "recurring", "every": "quarter", "quantity": 1}, "2014-10-01", "2014-12-31"),
        ({"kind": "recurring", "every": "year", "quantity": 1}, "2015-01-01", "2015-12-31"),
        (None, None, None),
    ],
)
def test_a_deadline_has_the_window_that_its_wording_says(
    deadline: dict[str, Any] | None, first: str | None, last: str | None
) -> None:
    found = stands(plan(deadline), "2014-09-20")
    assert (found["first_day"], found["last_day"]) == (first, last)
    # the periods of a recurring action have no original
    is_recurring = deadline is not None and deadline["kind"] == "recurring"
    assert found["original_last_day"] == (None if is_recurring else last)


@pytest.mark.parametrize(
    ("grace", "on", "expected"), [(0, "2014-09-21", "overdue"), (10, "2014-09-30", "due")]
)
def test_immediately_leaves_the_days_of_grace_that_the_plan_gives(
    grace: int, on: str, expected: str
) -> None:
    tree = plan({"kind": "immediate"}, settings={"grace_days": grace})
    assert state(tree, on)[0] == expected


def test_an_action_that_waits_for_an_event_is_awaiting_until_it_happens() -> None:
    assert state(plan(WITHIN), "2015-01-01") == ("awaiting", None)
    arrived = row("event", "2014-11-03", words="arrival")
    assert state(plan(WITHIN), "2014-11-03", arrived) == ("due", 14)
    assert state(plan(WITHIN), "2014-11-17", arrived) == ("due", 0)
    assert state(plan(WITHIN), "2014-11-18", arrived) == ("overdue", 1)
    assert state(plan(WITHIN), "2014-11-18", row("event", "2014-11-03", words="departure")) == (
        "awaiting",
        None,
    )


def test_of_several_events_the_earliest_counts_and_a_vague_one_from_its_first_day() -> None:
    late, vague = (
        row("event", "2014-11-20", words="arrival"),
        row("event", "2014-11", "2014-11-25", words="arrival"),
    )
    assert state(plan(WITHIN), "2014-12-01", late, vague) == ("overdue", 16)


@pytest.mark.parametrize(
    ("span", "event", "last"),
    [
        ({"months": 1}, "2015-01-31", "2015-02-28"),
        ({"months": 3}, "2014-11-30", "2015-02-28"),
        ({"months": 1}, "2014-11-15", "2014-12-15"),
        ({"working_days": 5}, "2014-11-14", "2014-11-21"),
        # two public holidays of England, and of France 25 December only
        ({"working_days": 2}, "2014-12-24", "2014-12-30"),
        ({"working_days": 1}, "2014-11-10", "2014-11-12"),
        ({"days": 0}, "2014-11-10", "2014-11-10"),
    ],
)
def test_a_span_after_an_event_ends_on_the_day_the_calendar_says(
    span: dict[str, int], event: str, last: str
) -> None:
    tree = plan({"kind": "within", "of": "arrival", **span})
    assert stands(tree, "2015-06-01", row("event", event, words="arrival"))["last_day"] == last


PORTS = {"kind": "finish", "when": "../2015-06-30", "quantity": 7}


def test_a_quantity_is_reached_when_deliveries_of_all_sides_add_up_to_it() -> None:
    rows = (
        row("delivered", "2015-05-01", quantity="4"),
        row("delivered", "2015-06-10", quantity="3", side="FR"),
    )
    assert state(plan(PORTS), "2015-06-09", *rows) == ("upcoming", 21)
    assert state(plan(PORTS), "2015-06-10", *rows) == ("met", None)
    found = stands(plan(PORTS), "2015-06-09", *rows)
    assert (found["delivered"], found["target"], found["sides_differ"]) == (4, 7, False)


def test_a_quantity_reached_late_is_late_by_the_delivery_that_completed_it() -> None:
    rows = (
        row("delivered", "2015-07-20", quantity="1"),
        row("delivered", "2015-05-01", "2015-08-01", quantity="6"),
    )
    assert state(plan(PORTS), "2015-08-01", *rows) == ("met-late", 20)
    vague = (
        row("delivered", "2015-05-01", quantity="6"),
        row("delivered", "2015", "2015-09-01", quantity="1"),
    )
    assert state(plan(PORTS), "2015-09-01", *vague) == ("met-undated", None)


STARTS_IN_OCTOBER = {"kind": "start", "when": "2014-10"}


@pytest.mark.parametrize(
    ("effective", "expected"),
    [
        ("2014-09-01", ("met", None)),
        ("2014-10-31", ("met", None)),
        ("2014-10", ("met", None)),
        ("2014", ("met-undated", None)),
        ("2014-23", ("met-undated", None)),
        ("2014-11", ("met-late", 1)),
        ("2014-12-05", ("met-late", 35)),
    ],
)
def test_what_satisfies_is_on_time_late_or_undated_as_its_date_is_known(
    effective: str, expected: tuple[str, int | None]
) -> None:
    assert (
        state(plan(STARTS_IN_OCTOBER), "2015-06-01", row("started", effective, "2015-02-01"))
        == expected
    )


def test_of_several_satisfying_entries_the_earliest_days_count() -> None:
    rows = (row("started", "2014-12-05"), row("completed", "2014", "2015-01-05"))
    assert state(plan(STARTS_IN_OCTOBER), "2015-02-01", *rows) == ("met-undated", None)
    on_time = row("started", "2014-10-30", "2015-01-06", side="FR")
    assert state(plan(STARTS_IN_OCTOBER), "2015-02-01", *rows, on_time) == ("met", None)


def test_started_does_not_finish_and_completed_also_starts() -> None:
    finish = {"kind": "finish", "when": "2014-10"}
    assert state(plan(finish), "2014-10-20", row("started", "2014-10-10"))[0] == "due"
    assert state(plan(STARTS_IN_OCTOBER), "2014-10-20", row("completed", "2014-10-10"))[0] == "met"
    assert (
        state(plan({"kind": "immediate"}), "2014-10-20", row("started", "2014-09-19"))[0] == "met"
    )
    assert state(plan(None), "2014-10-20", row("started", "2014-09-19"))[0] == "no-date"
    assert state(plan(None), "2014-10-20", row("completed", "2014-09-19"))[0] == "met"


def test_reopened_undoes_what_could_have_happened_by_its_first_day() -> None:
    tree, done = plan({"kind": "finish", "when": "../2014-12-31"}), row("completed", "2014-12-10")
    again = row("reopened", "2014-12-28", "2015-01-03", reason="storm")
    assert state(tree, "2015-01-02", done, again)[0] == "met"
    assert state(tree, "2015-01-02", done, again, known="now") == ("overdue", 2)
    assert state(tree, "2014-12-27", done, again, known="now")[0] == "met"
    rebuilt = row("completed", "2015-01-08")
    assert state(tree, "2015-01-10", done, again, rebuilt) == ("met-late", 8)
    same_day = row("completed", "2014-12-28", "2015-01-04")
    assert state(tree, "2015-01-10", done, again, same_day)[0] == "overdue"


def test_the_last_consent_gives_a_new_last_day_if_it_came_too_late_for_the_old_one() -> None:
    tree = plan({"kind": "finish", "when": "2014-10"}, consents=["port", "road"])
    port, road = (
        row("consent", "2014-10-05", words="port"),
        row("consent", "2014-11-10", words="road"),
    )
    assert state(tree, "2014-12-01", port)[0] == "awaiting"
    assert state(tree, "2014-11-09", port, road)[0] == "awaiting"
    assert state(tree, "2014-11-09", port) == ("awaiting", 9)
    assert state(tree, "2014-11-10", port, road) == ("due", 0)
    assert state(tree, "2014-11-20", port, road) == ("overdue", 10)
    assert state(tree, "2014-12-01", port, row("completed", "2014-10-20"))[0] == "met"


def test_periods_before_the_last_consent_are_not_assessed() -> None:
    tree = plan({"kind": "recurring", "every": "month", "quantity": 1}, consents=["port"])
    found = stands(tree, "2015-01-15", row("consent", "2014-11-30", words="port"))
    assert [period["state"] for period in found["periods"]] == [
        "not-assessed",
        "missed",
        "missed",
        "open",
    ]
    assert (found["state"], found["days"]) == ("overdue", 46)
    found = stands(tree, "2015-01-15", row("consent", "2014-12-01", words="port"))
    assert [period["state"] for period in found["periods"]] == [
        "not-assessed",
        "not-assessed",
        "missed",
        "open",
    ]
    waiting = stands(tree, "2015-01-15")
    assert waiting["state"] == "awaiting"
    assert {period["state"] for period in waiting["periods"]} == {"not-assessed"}


def test_a_recurring_duty_ends_with_a_completion() -> None:
    tree = plan({"kind": "recurring", "every": "month", "quantity": 1})
    ended = row("completed", "2014-11-10")
    found = stands(tree, "2015-02-01", row("delivered", "2014-10-02"[:10], quantity="1"), ended)
    assert [period["state"] for period in found["periods"]] == [
        "met",
        "missed",
        *["not-assessed"] * 3,
    ]
    assert (found["state"], found["days"]) == ("met-short", None)
    kept = (
        row("delivered", "2014-10-02", quantity="1"),
        row("delivered", "2014-11-02", quantity="1"),
    )
    assert state(tree, "2015-02-01", *kept, ended)[0] == "met"
    assert state(tree, "2014-11-20", kept[0], ended) == ("due", 10)
    assert state(tree, "2014-10-20", row("completed", "2014-09-25")) == ("met", None)
    # a period that begins on the day of the end is still asked for; of several ends the earliest
    # counts
    on_the_first, later = row("completed", "2014-11-01"), row("completed", "2015-01-10")
    found = stands(tree, "2015-02-01", kept[0], later, on_the_first)
    assert [period["state"] for period in found["periods"]] == [
        "met",
        "missed",
        *["not-assessed"] * 3,
    ]


def test_a_vague_delivery_counts_only_where_it_lies_wholly_inside_a_period() -> None:
    tree = plan({"kind": "recurring", "every": "month", "quantity": 1})
    vague = row("delivered", "2014-36", "2014-12-31", quantity="3")
    inside = row("delivered", "2014-11", "2014-12-31", quantity="1")
    states = [p["state"] for p in stands(tree, "2015-01-01", vague, inside)["periods"]]
    assert states == ["missed", "met", "missed", "open"]


def test_an_action_pending_others_is_superseded_when_all_of_them_are_met() -> None:
    tree = plan({"kind": "finish", "when": "2014-10"}, {"kind": "none"}, {"kind": "none"})
    tree["commitments"][0]["actions"][0]["until"] = ["1.2", "1.3"]
    one, two = row("completed", "2014-09-25", ref="1.2"), row("completed", "2014-11-05", ref="1.3")
    assert state(tree, "2014-11-04", one, two) == ("overdue", 4)
    assert state(tree, "2014-11-05", one, two) == ("superseded", None)
    itself = row("completed", "2014-12-01")
    assert state(tree, "2014-12-01", one, two, itself) == ("met-late", 31)
    back = row("reopened", "2014-11-20", ref="1.3", reason="storm")
    assert state(tree, "2014-11-25", one, two, back) == ("overdue", 25)


def test_the_current_move_is_the_latest_effective_then_recorded_then_in_order() -> None:
    tree = plan({"kind": "finish", "when": "2014-10"})
    early = row("moved", "2014-10-10", to="../2014-12-31", reason="agreed")
    late = row("moved", "2014-11-01", to="../2015-03-31", reason="agreed")
    told_late = row("moved", "2014-10-05", "2014-11-20", to="../2016-12-31", reason="agreed")
    assert stands(tree, "2014-10-20", early, late)["last_day"] == "2014-12-31"
    register = Register(tree, [{**early, "id": "e"}])
    assert [
        register.row(("1.1", 0), date(2014, 10, day), Perspective.AS_KNOWN_THEN).moved
        for day in (9, 10)
    ] == [
        False,
        True,
    ]
    assert stands(tree, "2014-11-25", late, early, told_late)["last_day"] == "2015-03-31"
    morning = row(
        "moved", "2014-11-01", "2014-11-01T09:00+00:00", to="../2015-04-30", reason="agreed"
    )
    assert stands(tree, "2014-11-25", late, morning)["last_day"] == "2015-03-31"
    other = row("moved", "2014-11-01", to="../2015-05-31", reason="agreed")
    assert stands(tree, "2014-11-25", late, other)["last_day"] == "2015-05-31"


def test_a_move_decides_whether_something_done_before_it_was_on_time() -> None:
    tree, done = plan({"kind": "finish", "when": "2014-10"}), row("completed", "2014-11-20")
    assert state(tree, "2014-11-30", done) == ("met-late", 20)
    moved = row("moved", "2014-12-01", to="../2014-12-31", reason="agreed")
    found = stands(tree, "2014-12-05", done, moved)
    assert (found["state"], found["original_days"]) == ("met", 20)


def test_an_undated_action_gains_a_deadline_by_a_move_and_has_no_original() -> None:
    found = stands(
        plan(None), "2014-12-05", row("moved", "2014-11-01", to="2014-12", reason="agreed")
    )
    assert (found["state"], found["first_day"], found["original_last_day"]) == (
        "due",
        "2014-12-01",
        None,
    )
    assert found["original_days"] is None


def test_a_withdrawal_works_by_its_recorded_time_and_can_itself_be_withdrawn() -> None:
    tree, done = plan(STARTS_IN_OCTOBER), row("started", "2014-10-02", id="a")
    gone = row("withdrawn", "2014-11-10", id="b", to="a", reason="mistaken")
    back = row("withdrawn", "2014-12-10", id="c", to="b", reason="right after all")
    assert state(tree, "2014-11-09", done, gone) == ("met", None)
    assert state(tree, "2014-11-10", done, gone) == ("overdue", 10)
    assert state(tree, "2014-10-20", done, gone, known="now") == ("due", 11)
    assert state(tree, "2014-12-10", done, gone, back) == ("met", None)


def test_closing_otherwise_stands_before_or_behind_being_met() -> None:
    tree, done = plan(STARTS_IN_OCTOBER), row("started", "2014-10-02")
    not_pursued = row("not-pursued", "2014-10-10", reason="dropped", id="n")
    superseded = row("superseded", "2014-10-10", reason="replaced")
    assert state(tree, "2014-10-20", done, not_pursued) == ("not-pursued", None)
    assert state(tree, "2014-10-20", done, superseded) == ("met", None)
    assert state(tree, "2014-10-20", superseded, not_pursued) == ("not-pursued", None)
    assert state(tree, "2014-10-20", superseded) == ("superseded", None)
    assert state(tree, "2014-10-09", superseded)[0] == "due"


@pytest.mark.parametrize(
    "action", [{"modality": "optional"}, {"modality": "statement"}, {"third_party": True}]
)
def test_what_is_not_scored_has_no_date_and_is_never_stale(action: dict[str, Any]) -> None:
    tree = plan(STARTS_IN_OCTOBER, **action)
    found = stands(tree, "2014-12-01")
    assert (found["state"], found["days"], found["scored"], found["stale"]) == (
        "no-date",
        None,
        False,
        False,
    )
    assert (found["last_day"], found["never_reported"]) == ("2014-10-31", True)
    recurring = plan({"kind": "recurring", "every": "month", "quantity": 1}, **action)
    assert state(recurring, "2014-12-01") == ("no-date", None)


def test_an_action_is_stale_thirty_days_after_the_latest_recorded_day() -> None:
    assert stands(plan(None), "2014-10-19")["stale"] is False
    assert stands(plan(None), "2014-10-20")["stale"] is True
    told = row("progress", "2014-09-25", "2014-10-05")
    assert stands(plan(None), "2014-11-03", told)["stale"] is False
    assert stands(plan(None), "2014-11-04", told)["stale"] is True
    assert stands(plan(None), "2014-11-04", told)["never_reported"] is False
    assert stands(plan(None), "2014-12-04", row("completed", "2014-10-01"))["stale"] is False


def test_confirmed_disputed_and_differing_sides_are_shown_and_change_no_state() -> None:
    done = row("completed", "2014-10-01", id="a")
    yes = row("confirmed", "2014-10-02", to="a", side="FR", id="b")
    no = row("disputed", "2014-10-03", to="a", side="FR", reason="not seen", id="c")
    found = stands(plan(None), "2014-10-05", done, yes, no)
    assert (found["state"], found["confirmed"], found["disputed"], found["sides_differ"]) == (
        "met",
        True,
        True,
        False,
    )
    gone = row("withdrawn", "2014-10-04", to="a", reason="mistaken")
    assert stands(plan(None), "2014-10-05", done, yes, gone)["confirmed"] is False
    theirs = row("progress", "2014-10-03", side="FR")
    assert stands(plan(None), "2014-10-05", done, theirs)["sides_differ"] is True
    theirs_too = row("completed", "2014-10-04", side="FR")
    assert stands(plan(None), "2014-10-05", done, theirs, theirs_too)["sides_differ"] is False
    assert (
        stands(
            plan(None),
            "2014-10-05",
            done,
            row("confidence", "2014-10-03", side="FR", words="green"),
        )["sides_differ"]
        is False
    )


def test_confidence_is_the_latest_said() -> None:
    red = row("confidence", "2014-10-10", words="red", reason="late")
    green = row("confidence", "2014-10-05", "2014-10-20", words="green")
    assert stands(plan(None), "2014-10-25", red, green)["confidence"] == "red"
    assert stands(plan(None), "2014-10-07", green)["confidence"] is None


def test_a_recorded_time_near_midnight_counts_on_the_day_of_the_plans_zone() -> None:
    summer = row("progress", "2015-07-01", "2015-06-30T23:30+00:00")
    assert stands(plan(None), "2015-06-30", summer)["never_reported"] is True
    assert stands(plan(None), "2015-07-01", summer)["never_reported"] is False
    winter = row("progress", "2014-12-31", "2014-12-31T23:30+00:00")
    assert stands(plan(None), "2014-12-31", winter)["never_reported"] is False


def test_the_original_date_has_passed_from_the_day_after_it_until_the_action_is_settled() -> None:
    moved = row("moved", "2014-10-10", to="../2014-12-31", reason="agreed", id="m")
    done = row("completed", "2014-11-20", id="c")
    register = Register(plan({"kind": "finish", "when": "2014-10"}), [moved, done])
    since = [
        register.row(("1.1", 0), date.fromisoformat(day), Perspective.AS_KNOWN_THEN).slipped_since
        for day in ("2014-10-31", "2014-11-01", "2014-11-19", "2014-11-20")
    ]
    assert since == [None, date(2014, 11, 1), date(2014, 11, 1), None]


def test_a_disputed_action_supersedes_no_other() -> None:
    tree = plan(None, None)
    tree["commitments"][0]["actions"][1]["until"] = ["1.1"]
    done = row("completed", "2014-10-01", id="a")
    dispute = row("disputed", "2014-10-03", to="a", side="FR", reason="not seen")
    assert state(tree, "2014-10-05", done, ref="1.2") == ("superseded", None)
    assert state(tree, "2014-10-05", done, dispute, ref="1.2") == ("no-date", None)


def test_sides_do_not_differ_about_a_level() -> None:
    reached = row("reading", "2014-10-01", quantity="3")
    theirs = row("progress", "2014-10-03", side="FR")
    tree = plan({"kind": "none", "level": 3})
    assert stands(tree, "2014-10-05", reached, theirs)["sides_differ"] is False


def each_of_two(deadline: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """A plan whose first action both sides must do, each by itself."""
    tree = plan(deadline, *others)
    tree["bodies"] = [{"id": side.lower(), "name": NAMES, "side": side} for side in ("GB", "FR")]
    for action in tree["commitments"][0]["actions"]:
        action["lead"] = ["gb", "fr"]
    tree["commitments"][0]["actions"][0]["each"] = ["GB", "FR"]
    return tree


def test_what_each_side_must_do_is_due_by_the_earliest_of_those_that_have_not() -> None:
    tree = each_of_two({"kind": "finish", "when": "2014-10"})
    done = row("completed", "2014-10-01")
    fallen = row("reopened", "2014-11-10", reason="storm")
    assert state(tree, "2014-11-20", done, fallen) == ("overdue", 20)
    theirs = row("completed", "2014-10-05", side="FR")
    again = row("completed", "2014-11-15")
    found = stands(tree, "2014-11-20", done, fallen, theirs, again)
    assert (found["state"], found["days"], found["last_day"]) == ("met-late", 5, "2014-11-10")


def test_what_each_side_must_do_is_done_when_the_last_has_done_it() -> None:
    following = {"kind": "within", "days": 10, "of": "1.1"}
    tree = each_of_two({"kind": "finish", "when": "2014-10"}, following)
    done, theirs = row("completed", "2014-10-01"), row("completed", "2014-11", side="FR")
    theirs["recorded"] = "2014-12-01"
    found = stands(tree, "2014-12-02", done, theirs)
    assert (found["state"], found["days"], found["original_days"]) == ("met-late", 1, 1)
    assert stands(tree, "2014-12-02", done, theirs, ref="1.2")["first_day"] == "2014-11-30"


@pytest.mark.parametrize("kind", ["superseded", "not-pursued"])
def test_the_first_of_several_decisions_closes_what_recurs(kind: str) -> None:
    tree = plan({"kind": "recurring", "every": "month", "quantity": 1, "first": "2014-10"})
    decisions = [row(kind, day, reason="agreed") for day in ("2014-12-15", "2014-11-15")]
    assert stands(tree, "2015-01-10", *decisions)["periods_short"] == 1


def test_until_holds_from_the_day_on_which_the_last_of_the_actions_was_done() -> None:
    monthly = {"kind": "recurring", "every": "month", "quantity": 1, "first": "2014-10"}
    tree = plan(None, None, monthly)
    tree["commitments"][0]["actions"][2]["until"] = ["1.1", "1.2"]
    done = [row("completed", "2014-10-05"), row("completed", "2014-12-05", ref="1.2")]
    found = stands(tree, "2015-01-10", *done, ref="1.3")
    assert (found["state"], found["periods_short"]) == ("superseded", 2)


def test_of_two_actions_in_until_one_that_was_reported_late_counts_now() -> None:
    tree = with_until(plan(None, None, None), "1.1", "1.2")
    rows = [
        row("completed", "2014-10-10", ref="1.1"),
        row("completed", "2014-10-15", "2014-12-01", ref="1.2"),
    ]
    assert stands(tree, "2014-11-01", *rows, ref="1.3")["state"] == "no-date"
    assert stands(tree, "2014-11-01", *rows, ref="1.3", known="now")["state"] == "superseded"


def test_the_side_of_each_body_is_a_term_of_its_own() -> None:
    first = plan({"kind": "finish", "when": "2014-12-31"}, consents=["port"])
    sides = {"home": "GB", "port": "GB", "road": "GB"}
    first["bodies"] = [{"id": body, "name": NAMES, "side": sides[body]} for body in sides]
    changed = deepcopy(first)
    changed["commitments"][0]["actions"][0]["lead"] = ["home", "road"]
    corrected = deepcopy(changed)
    corrected["bodies"][1]["side"] = "FR"
    changed |= {"change": "agreed", "loaded": "2015-01-10", "rows_before": 0}
    corrected |= {"correction": "misread", "loaded": "2015-02-01", "rows_before": 0}
    # the consent of the other side was needed from adoption on, whatever changed meanwhile
    files = [first, changed, corrected]
    assert state(files, "2014-12-20", known="now") == ("awaiting", None)
    assert state(files[:2], "2014-12-20", known="now") == ("due-soon", 11)


def test_a_body_that_comes_to_lead_was_on_its_side_before() -> None:
    first = plan({"kind": "finish", "when": "2014-12-31"})
    first["bodies"] = [
        {"id": "home", "name": NAMES, "side": "GB"},
        {"id": "port", "name": NAMES, "side": "FR"},
    ]
    changed = deepcopy(first)
    changed["commitments"][0]["actions"][0]["lead"] = ["home", "port"]
    changed |= {"change": "agreed", "loaded": "2015-01-10", "rows_before": 0}
    moved = row("moved", "2015-01-12", to="2015-03-31", reason="agreed", id="m")
    assert state([first], "2015-02-01", moved)[0] == "upcoming"
    assert state([first, changed], "2015-02-01", moved)[0] == "overdue"


BY_YEAR_END = {"kind": "finish", "when": "../2014-12-31"}
DONE = row("completed", "2014-12-10")
FELL = row("reopened", "2015-01-10", reason="closed")


@pytest.mark.parametrize(
    ("rows", "on", "expected"),
    [
        # on the same day, whichever stands first in the register
        ([row("reopened", "2014-12-10"), DONE], "2014-12-20", ("due-soon", 11)),
        # an imprecise one undoes what stands before it, up to its last day
        (
            [row("completed", "2014-12-31"), row("reopened", "2014-12", "2015-01-05")],
            "2015-01-06",
            ("overdue", 6),
        ),
        # and nothing else than that: neither what was recorded after it nor what came after it
        (
            [row("reopened", "2014-12", "2014-12-10"), row("completed", "2014-12-20")],
            "2015-01-06",
            ("met", None),
        ),
        (
            [row("completed", "2014-12-20"), row("reopened", "2014-11", "2014-12-22")],
            "2015-01-06",
            ("met", None),
        ),
        # a reopening that undoes nothing is no fall
        (
            [row("reopened", "2015-02-01"), row("completed", "2015-03-01")],
            "2015-03-02",
            ("met-late", 60),
        ),
        # the latest that undid something, and not a later one that undid nothing more
        (
            [DONE, FELL, row("completed", "2015-01-15"), row("reopened", "2015-01-20")],
            "2015-01-25",
            ("overdue", 5),
        ),
        ([DONE, FELL, row("reopened", "2015-01-20")], "2015-01-25", ("overdue", 15)),
        # at the earliest the first day of what it undid
        (
            [
                row("completed", "2015-01-10"),
                row("completed", "2015-01-20"),
                row("reopened", "2015-01", "2015-01-22"),
            ],
            "2015-01-25",
            ("overdue", 15),
        ),
        # a move of that day holds, and one before it does not
        ([DONE, FELL, row("moved", "2015-01-10", to="2015-03-31")], "2015-02-01", ("upcoming", 58)),
        ([DONE, FELL, row("moved", "2015-01-10", to="2015-01-08")], "2015-01-12", ("overdue", 4)),
        ([DONE, row("moved", "2014-12-15", to="2015-01-05"), FELL], "2015-01-12", ("overdue", 2)),
    ],
)
def test_what_fell_is_owed_again_from_the_day_of_its_fall(
    rows: list[dict[str, str]], on: str, expected: tuple[str, int]
) -> None:
    assert state(plan(BY_YEAR_END), on, *rows) == expected


def test_of_a_fall_and_a_late_condition_the_later_one_holds() -> None:
    rows = [
        row("event", "2015-01-05", words="survey"),
        row("completed", "2015-01-08"),
        row("reopened", "2015-01-20"),
    ]
    tree = plan(BY_YEAR_END, needs=["survey"])
    assert state(tree, "2015-01-07", rows[0]) == ("overdue", 2)
    assert state(tree, "2015-01-22", *rows) == ("overdue", 2)


def test_a_fall_on_the_last_day_leaves_the_window_as_it_is() -> None:
    tree = plan({"kind": "finish", "when": "2014-12"})
    found = stands(tree, "2014-12-31", DONE, row("reopened", "2014-12-31"))
    assert (found["state"], found["first_day"]) == ("due", "2014-12-01")


def test_a_level_is_reached_by_the_first_reading_of_its_run() -> None:
    tree = plan({"kind": "finish", "when": "../2014-12-15", "level": 5})
    rows = [
        row("reading", "2014-12", "2015-01-05", quantity="5"),
        row("reading", "2014-12-10", "2015-01-05", quantity="6"),
    ]
    assert state(tree, "2015-01-06", *rows) == ("met-undated", None)


def test_a_level_is_owed_again_from_the_first_reading_that_falls_short() -> None:
    tree = plan({"kind": "finish", "when": "../2014-12-15", "level": 5, "at": "most"})
    above = row("reading", "2014-12-01", quantity="6")
    reached = row("reading", "2014-12-10", quantity="5")
    later = [row("reading", day, quantity="6") for day in ("2014-12-20", "2014-12-22")]
    assert state(tree, "2014-12-16", above) == ("overdue", 1)
    assert state(tree, "2014-12-16", above, reached) == ("met", None)
    assert state(tree, "2014-12-23", above, reached, *later) == ("overdue", 3)


def test_what_may_have_come_on_the_last_day_or_after_it_is_undated() -> None:
    tree = plan({"kind": "finish", "when": "../2014-12-01"})
    assert state(tree, "2015-01-06", row("completed", "2014-12")) == ("met-undated", None)


def test_another_kind_of_deadline_ends_no_silence_unless_it_is_counted_from_its_day() -> None:
    by_spring = plan({"kind": "finish", "when": "2015-03"})
    begin_by_spring = altered(by_spring, "2014-12-01", kind="start")
    assert stands(begin_by_spring, "2014-12-10")["stale"]
    by_month = altered(by_spring, "2014-12-01", **MONTHLY, when=None)
    assert not stands(by_month, "2014-12-10")["stale"]


@pytest.mark.parametrize(
    ("british", "french", "expected"),
    [
        ("2014-12-10", "2014-12-12", ("met", None)),
        ("2014-12-10", "2014-12", ("met-undated", None)),
        ("2014-12-20", "2014-12-25", ("met-late", 10)),
        ("2014-12-20", "2014-12", ("met-late", 5)),
    ],
)
def test_what_each_side_has_done_is_met_as_the_worst_of_them(
    british: str, french: str, expected: tuple[str, int | None]
) -> None:
    tree = joint({"kind": "finish", "when": "../2014-12-15"}, each=["GB", "FR"])
    rows = [
        row("completed", british, "2015-01-02"),
        row("completed", french, "2015-01-02", side="FR"),
    ]
    assert state(tree, "2015-01-02", *rows) == expected


def joint(*deadlines: dict[str, Any], **action: Any) -> dict[str, Any]:
    """Led by both sides."""
    tree = plan(*deadlines, **{"lead": ["home", "port"], **action})
    tree["bodies"] = [
        {"id": "home", "name": NAMES, "side": "GB"},
        {"id": "port", "name": NAMES, "side": "FR"},
    ]
    return tree


def about(kind: str, day: str, side: str = "FR") -> dict[str, str]:
    """Of the proposal."""
    return row(kind, day, to="p", side=side)


@pytest.mark.parametrize(
    ("rows", "periods_closed", "is_closed"),
    [
        ([about("confirmed", "2014-12-10")], 2, True),
        ([about("confirmed", "2014-11-20"), about("confirmed", "2014-12-10")], 1, True),
        ([about("disputed", "2014-11-18"), about("confirmed", "2014-11-20")], 3, False),
        ([about("disputed", "2014-11-18", "GB"), about("confirmed", "2014-11-20")], 1, True),
        ([about("confirmed", "2014-11-20"), about("disputed", "2014-11-22")], 1, True),
    ],
)
def test_a_proposal_closes_an_action_from_the_day_on_which_all_agreed(
    rows: list[dict[str, str]], periods_closed: int, is_closed: bool
) -> None:
    tree = joint({"kind": "recurring", "every": "month", "quantity": 1})
    proposal = row("not-pursued", "2014-11-15", reason="no ships", id="p")
    found = stands(tree, "2015-01-02", proposal, *rows)
    assert found["periods_closed"] == periods_closed
    assert (found["state"] == "not-pursued") == is_closed
    assert (found["proposed"] == ["p"]) != is_closed


def test_another_term_of_the_plan_lapses_what_is_open_on_the_day_after_it() -> None:
    tree = plan({"kind": "finish", "when": "2015-06-30"}, settings={"until": "2016-09-19"})
    term = row("term", "2014-12-01", ref="", to="2015-01-31", reason="agreed", id="t")
    agreed = row("confirmed", "2014-12-02", side="FR", to="t")
    assert state(tree, "2015-01-31", term, agreed)[0] == "upcoming"
    assert state(tree, "2015-02-01", term, agreed) == ("lapsed", None)
    assert state(tree, "2015-02-01", term)[0] == "upcoming"


def test_a_plan_without_a_term_runs_on() -> None:
    term = PlanTerm()
    day = date(2014, 12, 1)
    assert term.on_day("../2015", ["GB"], day, day).signed == date(2015, 12, 31)
    assert term.on_day("", ["GB"], day, day).signed is None


def test_a_period_that_is_met_reads_met_also_where_it_is_not_scored() -> None:
    tree = plan({"kind": "recurring", "every": "month", "quantity": 1}, modality="optional")
    assert state(tree, "2014-10-20") == ("no-date", None)
    assert state(tree, "2014-10-20", row("delivered", "2014-10-15", quantity="1"))[0] == "met"


def test_periods_of_one_day_begin_on_the_day_after_adoption() -> None:
    tree = plan({"kind": "recurring", "every": {"days": 1}, "quantity": 1})
    names = [period["period"] for period in stands(tree, "2014-09-22")["periods"]]
    assert names == ["2014-09-21/2014-09-21", "2014-09-22/2014-09-22"]


MONTHLY = {"kind": "recurring", "every": "month", "quantity": 1}
OCTOBER = row("delivered", "2014-10-02", quantity="1")
NOVEMBER = row("delivered", "2014-11-02", quantity="1")
COMPLETED = row("completed", "2014-11-10")


def altered(tree: dict[str, Any], since: str, **deadline: Any) -> list[dict[str, Any]]:
    """The plan, and the change that gives its action another deadline from a day on."""
    file = deepcopy(tree)
    file["commitments"][0]["actions"][0]["deadline"] |= deadline
    return [tree, {**file, "change": "agreed", "loaded": since, "rows_before": 0}]


def names_of(found: Mapping[str, Any]) -> list[str]:
    return [period["period"] for period in found["periods"]]


def test_another_rhythm_begins_after_the_last_period_of_the_one_before() -> None:
    files = altered(plan(MONTHLY), "2014-11-10", every="quarter")
    between = stands(files, "2014-12-05", OCTOBER)
    assert names_of(between) == ["2014-10"]
    assert (between["state"], between["days"]) == ("upcoming", 27)
    assert (between["first_day"], between["last_day"]) == ("2015-01-01", "2015-03-31")
    assert names_of(stands(files, "2015-02-01", OCTOBER)) == ["2014-10", "2015-33"]


def test_each_period_of_the_latest_run_of_short_ones_is_told() -> None:
    rows = [{**NOVEMBER, "id": "e1"}]
    history = Register(plan(MONTHLY), rows).action_history("1.1")
    recurrence = history.recurrence(date(2015, 4, 10), date(2015, 4, 10))
    assert recurrence is not None
    run = [period.name for period in recurrence.run_of_short_periods]
    assert run == ["2014-12", "2015-01", "2015-02", "2015-03"]


def test_a_period_that_begins_on_the_last_day_of_the_one_before_is_left_out() -> None:
    files = altered(plan(MONTHLY), "2014-11-10", every={"days": 45}, first="2014-10-31")
    assert names_of(stands(files, "2014-12-20", OCTOBER)) == ["2014-10", "2014-12-15/2015-01-28"]


def test_periods_of_terms_that_came_back_begin_with_each_of_their_own_days() -> None:
    by_spring = {"kind": "finish", "when": "2015-03"}
    without = {"every": None, "quantity": None}
    files = altered(plan(by_spring), "2014-10-10", **MONTHLY, when=None)
    files += altered(files[-1], "2014-12-10", **by_spring, **without)[1:]
    files += altered(files[-1], "2015-01-10", **MONTHLY, when=None)[1:]
    assert names_of(stands(files, "2015-03-05")) == ["2014-11", "2015-02", "2015-03"]


def test_a_period_is_judged_by_the_terms_of_its_last_day() -> None:
    files = altered(plan(MONTHLY), "2014-10-31", quantity=2)
    (october, _november) = stands(files, "2014-11-05", OCTOBER)["periods"]
    assert october == {"period": "2014-10", "state": "partly", "delivered": 1, "target": 2}
    files = altered(plan(MONTHLY), "2014-11-01", quantity=2)
    assert stands(files, "2014-11-05", OCTOBER)["periods"][0]["state"] == "met"


@pytest.mark.parametrize(
    ("rows", "on", "expected", "last_day"),
    [
        ([OCTOBER, COMPLETED], "2015-02-01", ("met-short", None), "2014-11-30"),
        ([OCTOBER, COMPLETED], "2014-12-02", ("met-short", None), "2014-11-30"),
        ([OCTOBER, row("completed", "2014-11-01")], "2014-11-15", ("due", 15), "2014-11-30"),
        ([OCTOBER, NOVEMBER], "2015-03-31", ("overdue", 90), "2015-03-31"),
        # by its last period
        ([OCTOBER, NOVEMBER], "2015-04-01", ("met-short", None), "2015-03-31"),
    ],
)
def test_a_recurring_duty_is_over_after_the_period_of_its_end(
    rows: list[dict[str, str]], on: str, expected: tuple[str, int | None], last_day: str
) -> None:
    found = stands(plan({**MONTHLY, "last": "2015-03"}), on, *rows)
    assert (found["state"], found["days"], found["last_day"]) == (*expected, last_day)


def test_a_duty_that_ended_with_its_last_period_is_met_where_none_fell_short() -> None:
    tree = plan({**MONTHLY, "last": "2014-11"})
    assert state(tree, "2014-12-05", OCTOBER, NOVEMBER) == ("met", None)


@pytest.mark.parametrize(
    ("day", "expected", "period"),
    [("2014-12-01", "met", "met"), ("2014-11-30", "superseded", "not-assessed")],
)
def test_what_is_closed_before_it_is_over_is_not_met(day: str, expected: str, period: str) -> None:
    rows = [OCTOBER, NOVEMBER, COMPLETED, row("superseded", day, reason="a treaty")]
    found = stands(plan(MONTHLY), "2014-12-02", *rows)
    assert found["state"] == expected
    assert found["periods"][1]["state"] == period


def with_until(tree: dict[str, Any], *refs: str) -> dict[str, Any]:
    """Its last action is pending those."""
    tree["commitments"][0]["actions"][-1]["until"] = list(refs)
    return tree


def test_what_recurs_supersedes_another_once_it_is_over_and_met() -> None:
    tree = with_until(plan({**MONTHLY, "last": "2014-11"}, BY_YEAR_END), "1.1")
    assert state(tree, "2014-11-30", OCTOBER, NOVEMBER, ref="1.2")[0] == "upcoming"
    assert state(tree, "2014-12-01", OCTOBER, NOVEMBER, ref="1.2")[0] == "superseded"
    assert state(tree, "2014-12-01", OCTOBER, ref="1.2")[0] == "upcoming"


@pytest.mark.parametrize(("day", "periods_closed"), [("2014-11-15", 1), ("2014-12-20", 2)])
def test_what_is_superseded_twice_is_closed_by_the_first(day: str, periods_closed: int) -> None:
    tree = with_until(plan(BY_YEAR_END, MONTHLY), "1.1")
    rows = [row("completed", "2014-12-10"), row("superseded", day, ref="1.2", reason="a treaty")]
    assert stands(tree, "2015-01-05", *rows, ref="1.2")["periods_closed"] == periods_closed


def test_what_is_dropped_twice_is_closed_by_the_first() -> None:
    files = altered(plan(MONTHLY), "2014-12-10")
    files[1]["commitments"][0]["actions"][0]["withdrawn"] = "given up"
    dropped = row("not-pursued", "2014-11-15", reason="no ships")
    assert stands(files, "2015-01-05", dropped)["periods_closed"] == 1
    assert stands(files, "2015-01-05")["periods_closed"] == 2


def test_days_since_when_something_holds_go_on_over_what_else_changes() -> None:
    rows = [row("confidence", "2015-01-10", words="red", reason="storm", id="e")]
    register, day = Register(plan(BY_YEAR_END), rows), date(2015, 1, 12)
    stretch = register.stretch(("1.1", 0), day, Perspective.AS_KNOWN_THEN)
    assert stretch.start == date(2015, 1, 10)
    assert (stretch.since, stretch.slipped_since) == (date(2015, 1, 1), date(2015, 1, 1))
    assert stretch.stale_since == date(2014, 10, 20)


def test_what_is_superseded_before_the_plan_ends_is_closed_from_then_on() -> None:
    tree = plan(MONTHLY, settings={"until": "2014-12-15"})
    superseded = row("superseded", "2014-11-15", reason="a treaty")
    assert stands(tree, "2015-01-05", superseded)["periods_closed"] == 1
    assert stands(tree, "2015-01-05")["periods_closed"] == 2


def test_a_period_on_whose_last_day_the_file_drops_the_action_is_not_assessed() -> None:
    for day, periods_closed in (("2014-11-30", 1), ("2014-12-01", 2)):
        files = altered(plan(MONTHLY), day)
        files[1]["commitments"][0]["actions"][0]["withdrawn"] = "given up"
        assert stands(files, "2015-01-05")["periods_closed"] == periods_closed


def test_a_report_that_is_withdrawn_later_has_ended_no_silence() -> None:
    slip = row("progress", "2014-10-01", id="slip")
    withdrawn = row("withdrawn", "2014-11-15", to="slip", reason="wrong action")
    assert not stands(plan(None), "2014-10-21", slip, withdrawn)["stale"]
    assert stands(plan(None), "2014-10-21", slip, withdrawn, known="now")["stale"]


def test_a_period_that_ends_after_the_plan_is_not_assessed() -> None:
    tree = plan(MONTHLY, settings={"until": "2014-11-29"})
    found = stands(tree, "2014-12-05", OCTOBER)
    assert (found["state"], found["periods_closed"], found["periods_short"]) == ("lapsed", 1, 0)


@pytest.mark.parametrize(("quantity", "differ"), [({"quantity": 2}, False), ({}, True)])
def test_sides_do_not_differ_about_what_is_counted(quantity: dict[str, int], differ: bool) -> None:
    done = row("delivered", "2014-11-02", quantity="2")
    if not quantity:
        done = row("completed", "2014-11-02")
    progress = row("progress", "2014-11-03", side="FR")
    found = stands(joint({**BY_YEAR_END, **quantity}), "2014-11-05", done, progress)
    assert found["sides_differ"] == differ


def test_of_two_moves_of_one_day_the_one_recorded_later_that_day_holds() -> None:
    late = row("moved", "2014-12-01", "2014-12-01T15:00+00:00", to="2015-03-31", reason="x")
    early = row("moved", "2014-12-01", "2014-12-01T10:00+00:00", to="2015-06-30", reason="x")
    tree = plan({"kind": "finish", "when": "2014-12-31"})
    assert stands(tree, "2014-12-02", late, early)["last_day"] == "2015-03-31"


@pytest.mark.parametrize(("on", "passed"), [("2014-12-31", False), ("2015-01-01", True)])
def test_the_original_date_has_passed_on_the_day_after_it(on: str, passed: bool) -> None:
    register, day = Register(plan(BY_YEAR_END), []), date.fromisoformat(on)
    verdict = register.stretch(("1.1", 0), day, Perspective.AS_KNOWN_THEN).verdict
    assert verdict.slipped is passed


def test_an_action_of_steps_is_judged_by_the_earliest_that_is_not_reached() -> None:
    steps = [{"when": "../2014-10-31", "quantity": 2}, {"when": "../2014-12-31", "quantity": 5}]
    tree = plan({"kind": "finish", "steps": steps})
    first = row("delivered", "2014-11-05", quantity="2")
    found = stands(tree, "2014-11-03")
    assert (found["state"], found["days"], found["target"]) == ("overdue", 3, 2)
    assert [step["state"] for step in found["steps"]] == ["overdue", "upcoming"]
    found = stands(tree, "2014-12-20", first)
    assert (found["state"], found["days"], found["target"]) == ("due-soon", 11, 5)
    assert [step["state"] for step in found["steps"]] == ["met-late", "due-soon"]
    found = stands(tree, "2014-12-21", first, row("delivered", "2014-12-21", quantity="3"))
    assert (found["state"], found["days"], found["delivered"]) == ("met-late", 5, 5)


def test_a_move_of_before_does_not_move_the_steps_of_other_terms() -> None:
    steps = [{"when": "../2014-12-31", "quantity": 1}, {"when": "../2015-03-31", "quantity": 2}]
    files = altered(plan(BY_YEAR_END), "2014-11-15", steps=steps)
    del files[1]["commitments"][0]["actions"][0]["deadline"]["when"]
    moved = row("moved", "2014-11-01", to="2015-06-30", reason="storm")
    assert state(files, "2014-11-10", moved) == ("upcoming", 232)
    assert state(files, "2015-01-05", moved) == ("overdue", 5)


@pytest.mark.parametrize(("stale_days", "stale"), [(7, True), (0, False), (None, False)])
def test_an_action_may_have_a_silence_of_its_own(stale_days: int | None, stale: bool) -> None:
    own = {} if stale_days is None else {"stale_days": stale_days}
    assert stands(plan(None, **own), "2014-09-27")["stale"] == stale


def test_notes_and_consents_are_no_progress() -> None:
    tree = plan(None, consents=["port"])
    rows = [row("note", "2014-10-01"), row("consent", "2014-10-02", words="port")]
    assert stands(tree, "2014-10-03", *rows)["progress"] == "none"
    assert (
        stands(tree, "2014-10-03", *rows, row("progress", "2014-10-03"))["progress"] == "under-way"
    )


# Money


def fund(**terms: Any) -> list[dict[str, Any]]:
    contribution = {"ref": "9.9", "from": "GB", "due": date(2014, 12, 31), "firmness": "firm"}
    contribution |= {"stated": [["EUR", "10"], ["GBP", "8"]], **terms}
    return [{"id": "fund", "title": NAMES, "commitment": 1, "contributions": [contribution]}]


def owed(
    tree: dict[str, Any] | list[dict[str, Any]], on: str, *rows: dict[str, str], known: str = ""
) -> tuple[str, int | None, str]:
    """The state of the instalment, its days and its last day."""
    numbered = [{**entry, "id": f"e{n}"} for n, entry in enumerate(rows)]
    perspective = Perspective.AS_KNOWN_NOW if known == "now" else Perspective.AS_KNOWN_THEN
    found = Register(tree, numbered).instalment("9.9", 1, date.fromisoformat(on), perspective)
    return found["state"], found["days"], found["last_day"]


def money(kind: str, day: str, amount: str, currency: str = "EUR", recorded: str = "") -> Any:
    cells = {"ref": "9.9", "instalment": "1", "amount": amount, "currency": currency}
    return row(kind, day, recorded, **cells)


PAID = money("paid", "2014-12-20", "10")


@pytest.mark.parametrize(
    ("rows", "on", "expected"),
    [
        # of two currencies paid in full the earlier counts, whatever is paid later
        ([PAID, money("paid", "2015-02-01", "8", "GBP")], "2015-02-02", ("met", None)),
        (
            [
                money("paid", "2014-12", "10", recorded="2015-01-05"),
                money("paid", "2015-02-01", "8", "GBP"),
            ],
            "2015-02-02",
            ("met", None),
        ),
        ([PAID, money("paid", "2015-02-01", "3")], "2015-02-02", ("met", None)),
        # a refund takes from its own currency alone
        ([PAID, money("refunded", "2014-12-22", "3")], "2014-12-23", ("due-soon", 8)),
        (
            [
                PAID,
                money("paid", "2014-12-21", "5", "GBP"),
                money("refunded", "2014-12-22", "5", "GBP"),
            ],
            "2014-12-23",
            ("met", None),
        ),
    ],
)
def test_an_instalment_is_paid_in_the_currency_that_is_full_first(
    rows: list[dict[str, str]], on: str, expected: tuple[str, int | None]
) -> None:
    assert owed(plan(None, funds=fund()), on, *rows) == (*expected, "2014-12-31")


def test_a_vague_payment_across_the_due_day_leaves_it_open_whether_it_was_late() -> None:
    rows = [
        money("paid", "2015-01", "10", recorded="2015-02-03"),
        money("paid", "2015-02-10", "8", "GBP"),
    ]
    tree = plan(None, funds=fund(due=date(2015, 1, 15)))
    assert owed(tree, "2015-02-12", *rows)[0] == "met-undated"


def test_an_instalment_was_never_reported_on_before_its_first_entry() -> None:
    tree, day = plan(None, funds=fund()), date(2014, 12, 21)
    for rows, never in (([], True), ([PAID | {"id": "e"}], False)):
        row_of_day = Register(tree, rows).row(("9.9", 1), day, Perspective.AS_KNOWN_THEN)
        assert row_of_day.never_reported is never


def test_money_that_is_refunded_after_its_due_day_is_owed_again() -> None:
    rows = [PAID, money("refunded", "2015-02-01", "3")]
    tree = plan(None, funds=fund())
    assert owed(tree, "2015-02-01", *rows) == ("due", 0, "2015-02-01")
    assert owed(tree, "2015-02-02", *rows) == ("overdue", 1, "2015-02-01")


def test_conditional_money_is_opened_by_the_first_consent_or_event() -> None:
    tree = plan(None, funds=fund(firmness="conditional"))
    opened = [row("event", day, ref="9.9", words="go") for day in ("2015-02-01", "2015-01-10")]
    assert owed(tree, "2015-01-05", *opened) == ("awaiting", None, "2014-12-31")
    assert owed(tree, "2015-02-03", *opened) == ("overdue", 24, "2015-01-10")


def test_an_action_that_was_reported_late_has_opened_money_on_its_own_day() -> None:
    tree = plan(BY_YEAR_END, funds=fund(firmness="conditional", condition="1.1"))
    late = row("completed", "2014-10-01", "2014-11-20")
    assert owed(tree, "2014-10-15", late)[0] == "awaiting"
    assert owed(tree, "2014-10-15", late, known="now") == ("upcoming", 77, "2014-12-31")


def test_an_instalment_that_a_later_file_leaves_out_is_not_pursued() -> None:
    tree = plan(None, funds=fund())
    later = {**tree, "funds": [], "withdrawn": "given up", "change": "agreed"}
    files = [tree, {**later, "loaded": "2014-11-01", "rows_before": 0}]
    assert owed(files, "2014-11-02")[0] == "not-pursued"


def test_a_payment_that_was_reported_late_is_known_now_on_its_own_day() -> None:
    late = money("paid", "2014-12-20", "10", recorded="2015-01-10")
    assert owed(plan(None, funds=fund()), "2015-01-05", late) == ("overdue", 5, "2014-12-31")
    assert owed(plan(None, funds=fund()), "2015-01-05", late, known="now")[0] == "met"
