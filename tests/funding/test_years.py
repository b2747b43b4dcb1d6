"""The three bases of a contribution's years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.years import due_day, first_year

ADOPTED = date(2014, 9, 20)


@pytest.mark.parametrize(
    ("basis", "dues"),
    [
        ("uk-financial", [date(2015, 3, 31), date(2016, 3, 31), date(2017, 3, 31)]),
        ("calendar", [date(2014, 12, 31), date(2015, 12, 31), date(2016, 12, 31)]),
        ("anniversary", [date(2015, 9, 19), date(2016, 9, 19), date(2017, 9, 19)]),
    ],
)
def test_three_years_fall_due_as_the_basis_says(basis: str, dues: list[date]) -> None:
    first = first_year(ADOPTED, basis)
    assert [due_day(first + number, ADOPTED, basis) for number in range(3)] == dues


def test_the_anniversary_of_29_february_is_28_february_in_common_years() -> None:
    adopted = date(2024, 2, 29)
    dues = [due_day(2024 + number, adopted, "anniversary") for number in range(4)]
    assert dues == [date(2025, 2, 27), date(2026, 2, 27), date(2027, 2, 27), date(2028, 2, 28)]


@given(
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    st.sampled_from(["uk-financial", "calendar", "anniversary"]),
)
def test_the_first_year_is_the_one_in_which_the_plan_was_adopted(adopted: date, basis: str) -> None:
    year = first_year(adopted, basis)
    begun = due_day(year - 1, adopted, basis) + timedelta(days=1)
    assert begun <= adopted <= due_day(year, adopted, basis)
