"""Stored standings against the naive oracle, which judges single days from the words of the rules."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commitments.rules.events import Perspective
from tests import oracle
from tests.generated import registers
from tests.memory import Register

CASES = registers()
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
    tree: dict[str, Any],
    rows: list[dict[str, str]],
    on: date,
    perspective: Perspective,
) -> None:
    expected = oracle.status(
        tree, rows, on, on if perspective is Perspective.AS_KNOWN_THEN else None
    )
    for action in expected["actions"]:
        ref = action.pop("ref")
        action.pop("commitment")
        assert register.action(ref, on, perspective) == action, (on, perspective, ref)
    for money in expected["contributions"]:
        key = money.pop("ref"), money.pop("instalment")
        money.pop("from")
        assert register.instalment(*key, on, perspective) == money, (on, perspective, key)
    for commitment in expected["commitments"]:
        assert register.commitment(commitment.pop("number"), on, perspective) == commitment, (
            on,
            perspective,
        )


@given(CASES, DAYS, st.randoms(use_true_random=False))
def test_stored_standings_say_what_the_oracle_says(
    case: tuple[dict[str, Any], list[dict[str, str]]], days: list[date], random: Any
) -> None:
    tree, rows = case
    register = Register(tree, rows)
    assert register.source.errors == []
    changes = edges(register)
    for on in {*days, *random.sample(changes, min(len(changes), 10))}:
        for perspective in Perspective:
            compare(register, tree, rows, on, perspective)
