"""What must hold of the rule whatever the plan and its register say."""

import itertools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from commitments.rules.dates import BEGINNING, END
from commitments.rules.events import Perspective
from commitments.rules.standing import Stretch
from commitments.rules.states import State
from tests.generated import plans, registers
from tests.memory import Register

DAYS = st.dates(date(2014, 8, 1), date(2016, 6, 1))
Case = tuple[dict[str, Any], list[dict[str, str]]]
ABOUT_SILENCE = ("stale", "never_reported")


def everything(
    register: Register, on: date, perspective: Perspective
) -> dict[tuple[str, int], Mapping[str, Any]]:
    """What the status says of each action and instalment."""
    statuses: dict[tuple[str, int], Mapping[str, Any]] = {}
    for ref, number in register.histories:
        if number:
            statuses[ref, number] = register.instalment(ref, number, on, perspective)
        else:
            statuses[ref, number] = register.action(ref, on, perspective)
    return statuses


@given(registers())
def test_the_standings_of_an_obligation_cover_every_day_once(case: Case) -> None:
    for stretches in Register(*case).all_standings():
        assert stretches[0].start == BEGINNING
        assert stretches[-1].end == END
        for stretch, following in itertools.pairwise(stretches):
            assert stretch.end == following.start
            assert stretch.verdict != following.verdict


@given(registers(), DAYS)
def test_a_stretch_says_of_each_of_its_days_what_the_rule_says_of_that_day(
    case: Case, first: date
) -> None:
    register = Register(*case)
    for key, history in register.histories.items():
        for day in (first + timedelta(days=number) for number in range(20)):
            for perspective in Perspective:
                verdict = history.judge(day, perspective.known_on(day))
                assert register.stretch(key, day, perspective).verdict == verdict


@given(registers(), DAYS)
def test_what_is_recorded_later_never_changes_what_was_known_on_a_day(case: Case, on: date) -> None:
    tree, rows = case
    earlier = [row for row in rows if row["recorded"][:10] <= on.isoformat()]
    kept = {row["id"] for row in earlier}
    # the register itself never names an entry that is not there yet
    assume(all(row["kind"] == "moved" or row["to"] in {"", *kept} for row in earlier))
    assume(len(earlier) < len(rows) and "Auckland" not in tree["plan"]["timezone"])
    before, after = Register(tree, earlier), Register(tree, rows)
    assert everything(before, on, Perspective.AS_KNOWN_THEN) == everything(
        after, on, Perspective.AS_KNOWN_THEN
    )


@given(registers(), DAYS)
def test_a_withdrawn_entry_changes_nothing_once_its_withdrawal_is_known(
    case: Case, on: date
) -> None:
    tree, rows = case
    named = {row["to"] for row in rows if row["kind"] in ("withdrawn", "confirmed", "disputed")}
    alone = [
        row
        for row in rows
        if row["id"] not in named and row["kind"] not in ("withdrawn", "confirmed", "disputed")
    ]
    assume(alone)
    gone = alone[-1]
    withdrawal = gone | {
        **dict.fromkeys(("quantity", "amount", "currency", "words"), ""),
        "id": "w",
        "kind": "withdrawn",
        "to": gone["id"],
        "reason": "mistaken",
    }
    without = Register(tree, [row for row in rows if row is not gone])
    withdrawn = Register(tree, [*rows, withdrawal])
    for key, expected in everything(without, on, Perspective.AS_KNOWN_NOW).items():
        found = everything(withdrawn, on, Perspective.AS_KNOWN_NOW)[key]
        for name in expected.keys() - set(ABOUT_SILENCE):
            assert found[name] == expected[name], (key, name)


@given(plans(), DAYS, st.integers(1, 400))
def test_without_entries_overdue_stays_overdue_and_grows_by_a_day_a_day(
    tree: Any, on: date, later: int
) -> None:
    register = Register(tree, [])
    for ref in (ref for ref, number in register.terms if not number):
        # a recurring one ends as met-short, or lapses with the plan
        if register.action_history(ref).recurrence(on, on):
            continue
        first, second = (
            register.action(ref, day, Perspective.AS_KNOWN_THEN)
            for day in (on, on + timedelta(days=later))
        )
        if first["state"] == State.OVERDUE:
            assert (second["state"], second["days"]) == (State.OVERDUE, first["days"] + later)


@given(registers(), DAYS)
def test_outstanding_is_never_negative_and_paid_never_below_zero(case: Case, on: date) -> None:
    register = Register(*case)
    for (ref, number), found in everything(register, on, Perspective.AS_KNOWN_NOW).items():
        if number:
            amounts = [*found["paid"].values(), *found["outstanding"].values()]
            assert all(float(amount) >= 0 for amount in amounts), (ref, number)


@given(registers(), DAYS)
def test_days_are_counted_only_where_the_rules_count_them(case: Case, on: date) -> None:
    counted = {State.OVERDUE, State.DUE, State.DUE_SOON, State.UPCOMING, State.MET_LATE}
    everything_found = everything(Register(*case), on, Perspective.AS_KNOWN_THEN)
    for (_ref, number), found in everything_found.items():
        if found["state"] != State.AWAITING:
            assert (found["days"] is not None) == (found["state"] in counted)
        elif number or found["periods_closed"] is not None or found["last_day"] is None:
            assert found["days"] is None
        else:
            passed = (on - date.fromisoformat(found["last_day"])).days
            assert found["days"] == (passed if passed > 0 else None)
        assert found["days"] is None or found["days"] >= 0


@given(registers())
def test_since_is_the_first_day_of_the_unbroken_run(case: Case) -> None:
    for stretches in Register(*case).all_standings():
        for position, stretch in enumerate(stretches):
            until_now = stretches[: position + 1]
            same = [one for one in until_now if one.verdict.state == stretch.verdict.state]
            stale = [one for one in until_now if one.verdict.stale]
            slipped = [one for one in until_now if one.verdict.slipped]
            assert stretch.since == run_start(stretch, same)
            assert stretch.stale_since == run_start(stretch, stale)
            assert stretch.slipped_since == run_start(stretch, slipped)


def run_start(last: Stretch, holding: list[Stretch]) -> date | None:
    """The start of the unbroken run that the last stretch ends; None if it does not hold there."""
    if last not in holding:
        return None
    start = last.start
    for stretch in reversed(holding[:-1]):
        if stretch.end != start:
            break
        start = stretch.start
    return start
