"""Working days by the calendars that a plan names for its sides, and what was counted before."""

from datetime import date

import pytest

from commitments.files.errors import FileRefused
from commitments.models import Plan, Standing
from commitments.register import standings
from commitments.rules.working_days import CountedDays, add_working_days, is_calendar
from tests.factories import create_manager, create_plan, report_entry
from tests.plans import SMALL

THURSDAY = date(2022, 3, 24)
WITHIN = SMALL.replace(
    'deadline = { kind = "start", when = "2014-10", words = "will begin in October" }',
    'deadline = { kind = "within", of = "arrival", working_days = 2, words = "will begin in October" }',
)


@pytest.mark.parametrize(
    ("day", "sides", "calendar", "last"),
    [
        (THURSDAY, ("EG", "SA"), {"EG": "EG", "SA": "SA"}, "2022-03-27"),
        (THURSDAY, ("EG", "FR"), {"EG": "EG"}, "2022-03-28"),
        (THURSDAY, ("AU", "EU"), {"AU": "weekends", "EU": "BE"}, "2022-03-25"),
        # Anzac Day counts for Australia and not for the African Union
        (date(2022, 4, 22), ("AU",), {"AU": "weekends"}, "2022-04-25"),
        (date(2022, 4, 22), ("AU",), {"AU": "AU"}, "2022-04-26"),
        (date(2014, 12, 24), ("GB", "FR"), {}, "2014-12-29"),
        (date(2014, 12, 24), ("GB", "FR"), {"GB": "GB-SCT", "FR": "FR"}, "2014-12-29"),
        (date(2014, 12, 31), ("GB",), {"GB": "GB-SCT"}, "2015-01-05"),
        (date(2014, 12, 31), ("GB",), {}, "2015-01-02"),
    ],
)
def test_a_working_day_is_one_for_every_side(
    day: date, sides: tuple[str, ...], calendar: dict[str, str], last: str
) -> None:
    assert add_working_days(day, 1, sides, calendar).isoformat() == last


@pytest.mark.parametrize(
    ("name", "known"),
    [("FR", True), ("GB-ENG", True), ("weekends", True), ("GB-XX", False), ("Mars", False)],
)
def test_a_calendar_is_a_country_or_a_part_of_one(name: str, known: bool) -> None:
    assert is_calendar(name) is known


def test_a_day_that_was_counted_before_is_not_counted_again() -> None:
    first = CountedDays()
    last = first.find_last(THURSDAY, 1, ("FR",), {})
    ((key, counted),) = first.new.items()
    assert (last.isoformat(), counted["by"].split()[0]) == ("2022-03-25", "holidays")
    later = CountedDays({key: {"last": "2022-03-28", "by": "holidays 0.1"}})
    assert later.find_last(THURSDAY, 1, ("FR",), {}) == date(2022, 3, 28)
    assert later.new == {}


def with_sides(sides: str, calendar: str = "") -> str:
    text = WITHIN.replace('sides = ["GB", "FR"]', f"sides = {sides}\n{calendar}")
    return text.replace('= "GB"', '= "EG"').replace('from = "FR"', 'from = "SA"')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ("", 'give the plan calendar = { EG = "…" }'),
        ("", 'give the plan calendar = { SA = "…" }'),
        ('calendar = { EG = "XX", SA = "SA" }', "the calendar 'XX', which is unknown"),
        ('calendar = { EG = "EG", SA = "SA", US = "US" }', "which is no side of the plan"),
    ],
)
def test_working_days_without_a_calendar_are_refused_with_advice(
    calendar: str, message: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        create_plan(with_sides('["EG", "SA"]', calendar))
    assert any(message in error.text for error in refused.value.errors)


@pytest.mark.django_db
def test_the_weekend_is_that_of_the_calendars() -> None:
    plan = create_plan(with_sides('["EG", "SA"]', 'calendar = { EG = "EG", SA = "SA" }'))
    # a Thursday
    arrive(plan, "2014-10-09", side="EG")
    assert find_last_day() == date(2014, 10, 13)


@pytest.mark.django_db
def test_the_day_that_was_counted_is_kept_with_the_version_that_counted_it() -> None:
    plan = create_plan(WITHIN)
    arrive(plan, "2014-10-09")
    counted = Plan.objects.get(slug="small").counted_days
    assert [day["last"] for day in counted.values()] == ["2014-10-13"]
    moved = {key: {"last": "2014-10-14", "by": "holidays 0.1"} for key in counted}
    Plan.objects.filter(slug="small").update(counted_days=moved)
    standings.rebuild_all(Plan.objects.get(slug="small"))
    assert find_last_day() == date(2014, 10, 14)
    assert Plan.objects.get(slug="small").counted_days == moved


def arrive(plan: Plan, day: str, side: str = "GB") -> None:
    manager = create_manager(plan, side=side)
    report_entry("1.1", by=manager, kind="event", effective=day, words="arrival")


def find_last_day() -> date | None:
    standings = Standing.objects.filter(plan__slug="small", obligation__ref="1.1").exclude(
        last_day=None
    )
    return standings.values_list("last_day", flat=True).first()
