"""The rhythms of recurring actions: how they cut time into periods, and what a period is called.
No database, framework or clock.
"""

import re
from dataclasses import dataclass
from datetime import date

from commitments.rules import dates
from commitments.rules.dates import DateError, Window, shift
from commitments.rules.events import Terms

WEEK = re.compile(r"(\d{4})-W(\d\d)", re.ASCII)


@dataclass(frozen=True)
class Rhythm:
    """`start` is the day from which periods of so many days are counted, and `adopted_on` and
    `year_basis` say when a plan year begins.
    """

    every: str
    adopted_on: date
    year_basis: str
    days: int = 0
    start: date = dates.BEGINNING

    def containing(self, day: date) -> Window:
        """The period that holds the day."""
        if self.every == "week":
            monday = shift(day, -day.weekday())
            return Window(monday, shift(monday, 6))
        if self.every == "days":
            passed = (day - self.start).days // self.days * self.days
            first = shift(self.start, passed)
            return Window(first, shift(first, self.days - 1))
        if self.every == "plan-year":
            return plan_year(day, self.adopted_on, self.year_basis)
        return dates.period_containing(day, self.every)

    def following(self, period: Window) -> Window:
        return self.containing(shift(period.last, 1))

    def first_whole(self, day: date) -> Window:
        """The first period that begins on or after the day."""
        period = self.containing(day)
        if period.first == day:
            return period
        return self.following(period)

    def name(self, period: Window) -> str:
        """The name of a period in EDTF; a week by ISO 8601; a plan year and a number of days by
        their first and last day.
        """
        if self.every == "week":
            return f"{period.first:%G-W%V}"
        if self.every in ("days", "plan-year"):
            return f"{period.first.isoformat()}/{period.last.isoformat()}"
        return dates.period_name(period, self.every)


def rhythm_of(terms: Terms, begun_on: date) -> Rhythm:
    """The rhythm of a recurring action that is in the plan since a day."""
    deadline = terms.deadline
    start = shift(begun_on, 1)
    if deadline.first:
        start = parse_period(deadline.first).first
    return Rhythm(deadline.every, terms.adopted_on, terms.year_basis, deadline.every_days, start)


def first_period(terms: Terms, begun_on: date) -> Window:
    """The first period: the one that the terms name, else the first whole one. Periods of so many
    days begin on the day after the action came into the plan.
    """
    rhythm = rhythm_of(terms, begun_on)
    if terms.deadline.first or terms.deadline.every == "days":
        return rhythm.containing(rhythm.start)
    return rhythm.first_whole(begun_on)


def last_period(terms: Terms, begun_on: date) -> Window | None:
    """The period after which the duty ends; None where it does not end by itself."""
    if not terms.deadline.last:
        return None
    return rhythm_of(terms, begun_on).containing(parse_period(terms.deadline.last).first)


def parse_period(text: str) -> Window:
    """A date in EDTF, a week such as 2014-W42, or two days with a slash between them."""
    week = WEEK.fullmatch(text)
    if week:
        try:
            monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        except ValueError:
            raise DateError(text) from None
        return Window(monday, shift(monday, 6))
    first, slash, last = text.partition("/")
    if slash:
        return Window(dates.parse(first).first, dates.parse(last).last)
    return dates.parse(text)


def plan_year(day: date, adopted_on: date, basis: str) -> Window:
    """The year on the plan's basis that holds the day."""
    year = day.year
    if day < first_day_of_year(year, adopted_on, basis):
        year -= 1
    following = first_day_of_year(year + 1, adopted_on, basis)
    return Window(first_day_of_year(year, adopted_on, basis), shift(following, -1))


def first_day_of_year(year: int, adopted_on: date, basis: str) -> date:
    """The first day of the plan's year that begins in the calendar year."""
    if basis == "uk-financial":
        return date(year, 4, 1)
    if basis == "calendar":
        return date(year, 1, 1)
    return dates.add_months(adopted_on, 12 * (year - adopted_on.year))
