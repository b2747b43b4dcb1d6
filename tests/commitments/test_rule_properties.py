"""What must hold of the rule whatever the plan and its register say."""

import itertools
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
    register: Register, on: date, lens: Perspective
) -> dict[tuple[str, int], dict[str, Any]]:
    return {
        key: register.instalment(*key, on, lens) if key[1] else register.action(key[0], on, lens)
        for key in register.histories
    }


@given(registers())
def test_the_standings_of_an_obligation_cover_every_day_once(case: Case) -> None:
    for lenses in Register(*case).stored.values():
        for found in lenses.values():
            assert found[0].start == BEGINNING
            assert found[-1].end == END
            assert all(one.end == other.start for one, other in itertools.pairwise(found))
            assert all(one.verdict != other.verdict for one, other in itertools.pairwise(found))


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
    for ref in register.actions:
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
    for found in everything(Register(*case), on, Perspective.AS_KNOWN_THEN).values():
        assert (found["days"] is not None) == (found["state"] in counted)
        assert found["days"] is None or found["days"] >= 0


@given(registers())
def test_since_is_the_first_day_of_the_unbroken_run(case: Case) -> None:
    for lenses in Register(*case).stored.values():
        for found in lenses.values():
            for place, stretch in enumerate(found):
                run = found[: place + 1]
                assert stretch.since == _begin(
                    run, [other.verdict.state == stretch.verdict.state for other in run]
                )
                assert stretch.stale_since == _begin(run, [other.verdict.stale for other in run])
                assert stretch.slipped_since == _begin(
                    run, [other.verdict.slipped for other in run]
                )


def _begin(run: list[Stretch], holds: list[bool]) -> date | None:
    """The start of the last unbroken run of what holds; None where it does not hold at the end."""
    begin = None
    for stretch, held in zip(run, holds, strict=True):
        begin = (begin or stretch.start) if held else None
    return begin
