"""The years of a contribution on the plan's basis, each named by the calendar year in which it
begins.
"""

from datetime import date, timedelta

from commitments.rules.dates import add_months


def first_day_of_year(year: int, adopted: date, basis: str) -> date:
    if basis == "uk-financial":
        return date(year, 4, 1)
    if basis == "calendar":
        return date(year, 1, 1)
    return add_months(adopted, 12 * (year - adopted.year))


def first_year(adopted: date, basis: str) -> int:
    """The year in which the plan was adopted, however little of it was left."""
    if adopted < first_day_of_year(adopted.year, adopted, basis):
        return adopted.year - 1
    return adopted.year


def due_day(year: int, adopted: date, basis: str) -> date:
    """The last day of the year that begins in the given calendar year."""
    return first_day_of_year(year + 1, adopted, basis) - timedelta(days=1)
