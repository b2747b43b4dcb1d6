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
    found = {
        stretch.start
        for lenses in register.stored.values()
        for lens in lenses.values()
        for stretch in lens
    }
    near = {day + timedelta(days=n) for day in found if day.year > 2000 for n in (-1, 0)}
    return sorted(day for day in near if day.year < 2017)


def compare(
    register: Register,
    tree: dict[str, Any],
    rows: list[dict[str, str]],
    on: date,
    lens: Perspective,
) -> None:
    expected = oracle.status(tree, rows, on, on if lens is Perspective.AS_KNOWN_THEN else None)
    for action in expected["actions"]:
        ref = action.pop("ref")
        action.pop("commitment")
        assert register.action(ref, on, lens) == action, (on, lens, ref)
    for money in expected["contributions"]:
        key = money.pop("ref"), money.pop("instalment")
        money.pop("from")
        assert register.instalment(*key, on, lens) == money, (on, lens, key)
    for commitment in expected["commitments"]:
        assert register.commitment(commitment.pop("number"), on, lens) == commitment, (on, lens)


@given(CASES, DAYS, st.randoms(use_true_random=False))
def test_stored_standings_say_what_the_oracle_says(
    case: tuple[dict[str, Any], list[dict[str, str]]], days: list[date], random: Any
) -> None:
    tree, rows = case
    register = Register(tree, rows)
    assert register.source.errors == []
    found = edges(register)
    for on in {*days, *random.sample(found, min(len(found), 10))}:
        for lens in Perspective:
            compare(register, tree, rows, on, lens)
