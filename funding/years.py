"""The years of a contribution on the plan's basis, each named by the calendar year in which it
begins.
"""

from datetime import date, timedelta

from commitments.rules.rhythms import first_day_of_year, plan_year


def first_year(adopted: date, basis: str) -> int:
    """The year in which the plan was adopted, however little of it was left."""
    return plan_year(adopted, adopted, basis).first.year


def due_day(year: int, adopted: date, basis: str) -> date:
    """The last day of the year that begins in the given calendar year."""
    return first_day_of_year(year + 1, adopted, basis) - timedelta(days=1)
