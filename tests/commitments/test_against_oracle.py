"""Stored standings against the naive oracle, which judges single days from the words of the rules."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commitments.rules.events import Perspective
from tests import oracle
from tests.generated import plan_histories, registers
from tests.memory import Register

CASES = st.one_of(registers(), plan_histories())
DAYS = st.lists(st.dates(date(2014, 8, 1), date(2016, 6, 1)), min_size=4, max_size=8)


def edges(register: Register) -> list[date]:
    """Days around which something changes, where a rule is most likely to be off by one."""
    starts = {
        stretch.start
        for stretches in register.all_standings()
        for stretch in stretches
        if 2000 < stretch.start.year < 2017
    }
    return sorted(starts | {start - timedelta(days=1) for start in starts})


def compare(
    register: Register,
    tree: Any,
    rows: list[dict[str, str]],
    on: date,
    perspective: Perspective,
) -> int:
    known = on if perspective is Perspective.AS_KNOWN_THEN else None
    return compare_with(oracle.status(tree, rows, on, known), register, on, perspective)


def compare_with(
    expected: dict[str, Any], register: Register, on: date, perspective: Perspective
) -> int:
    """Returns how many facts were compared."""
    facts = 0
    expected_keys = {(one["ref"], one.get("instalment", 0)) for one in expected["actions"]}
    expected_keys |= {(one["ref"], one["instalment"]) for one in expected["contributions"]}
    assert register.keys_on(on, perspective) == expected_keys, (on, perspective)
    for action in expected["actions"]:
        ref = action.pop("ref")
        action.pop("commitment")
        assert register.action(ref, on, perspective) == action, (on, perspective, ref)
        facts += 1
    for money in expected["contributions"]:
        key = money.pop("ref"), money.pop("instalment")
        money.pop("from")
        assert register.instalment(*key, on, perspective) == money, (on, perspective, key)
        facts += 1
    for commitment in expected["commitments"]:
        assert register.commitment(commitment.pop("number"), on, perspective) == commitment, (
            on,
            perspective,
        )
        facts += 1
    return facts


def compare_days(case: tuple[Any, list[dict[str, str]]], days: list[date], random: Any) -> int:
    """Compare these days and some around which something changes; returns how many facts."""
    tree, rows = case
    register = Register(tree, rows)
    changes = edges(register)
    days = [*{*days, *random.sample(changes, min(len(changes), 10))}]
    return sum(
        compare(register, tree, rows, on, perspective) for on in days for perspective in Perspective
    )


@given(CASES, DAYS, st.randoms(use_true_random=False))
def test_stored_standings_say_what_the_oracle_says(
    case: tuple[Any, list[dict[str, str]]], days: list[date], random: Any
) -> None:
    assert compare_days(case, days, random) > 0
