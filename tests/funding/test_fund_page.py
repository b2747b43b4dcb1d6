"""The page of the fund, read as a person reads it."""

import io
import re
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import User
from commitments.models import Plan
from tests.client import Client, read_page
from tests.factories import create_manager, create_plan, record_payment, sign_in

AFTER_DUE = "?on=2015-04-02"


@pytest.fixture
def manager(calais_with_entries: Plan) -> User:
    return create_manager(calais_with_entries, side="GB")


@pytest.fixture
def reader(manager: User) -> Client:
    return sign_in(manager)


@pytest.mark.parametrize("path", ["/fund/", "/"])
def test_what_is_left_stands_in_the_currency_paid_alone(reader: Client, path: str) -> None:
    said = read_page(reader, path + AFTER_DUE)
    assert "€2 million of instalment 1, by 31 March 2015." in said
    first = said.partition("31 March 2015.")[0]
    assert "£4 million" not in first


def test_two_currencies_of_one_promise_are_said_to_be_the_same_money(reader: Client) -> None:
    said = read_page(reader, "/fund/")
    assert "Promised by United Kingdom €15 million (£12 million, the same money)" in said
    assert "€3 million of €15 million" in said


@pytest.mark.parametrize("path", ["/fund/", "/commitments/1/"])
def test_spending_is_told_of_what_was_paid_and_drawn_on_the_scale_of_all(
    reader: Client, path: str
) -> None:
    """The spent 7 % of the promise are drawn within the 20 % that were paid."""
    said = read_page(reader, path)
    assert "Spent €1.01 million of €3 million paid" in said
    assert "each bar is as long as what was promised" in said
    html = reader.get(path).content.decode().partition(">Spent<")[2]
    assert re.findall(r'class="(part-[a-z]+)" width="(\d+)"', html)[:3] == [
        ("part-rest", "100"),
        ("part-paid", "20"),
        ("part-upcoming", "7"),
    ]


def test_money_spent_on_an_action_stands_in_brackets_after_it(reader: Client) -> None:
    assert "1.3, 1.4 (€900,000), 1.5, 1.6" in read_page(reader, "/fund/")


def test_two_payments_are_not_written_as_the_same_money(reader: Client, manager: User) -> None:
    record_payment("1.2", by=manager, instalment=1, amount="1000000", currency="GBP")
    said = read_page(reader, "/fund/")
    assert "part-paid in two currencies: €3 million and £1 million" in said
    assert "€3 million (£1 million)" not in said + read_page(reader, "/")


def test_more_than_was_promised_must_be_acknowledged(reader: Client) -> None:
    form = {"key": "k1", "kind": "paid", "instalment": "2", "amount": "99999999", "seen": "999"}
    response = reader.post("/fund/pay/1.2/", form | {"currency": "GBP", "day": "12 January 2015"})
    assert response.status_code == 409
    assert "amount is larger than what the plan states" in response.text
    assert "Save anyway" in response.text


def test_a_confirmation_stands_beside_its_payment(reader: Client) -> None:
    assert "€3 million, 28 November 2014, FR confirmed" in read_page(reader, "/fund/")


def test_the_signed_words_of_a_promise_are_one_click_away(reader: Client) -> None:
    assert 'href="/plans/calais-2014/text/#c-1.2"' in reader.get("/fund/").content.decode()
    text = reader.get("/text/").content.decode()
    assert "€5 million funding (£4m) per year for three years" in text.partition('id="c-1.2"')[2]


def test_a_contribution_says_what_it_waits_for(db: None) -> None:
    plan = create_plan((samples.PLAN_FILE.parent / "river-accord-2024.toml").read_text())
    said = read_page(sign_in(create_manager(plan, side="WEST")), "/fund/?on=2024-03-01")
    assert "Owed once this is done: I.3" in said
    assert "Owed once this event is recorded: works accepted." in said


def test_money_that_waits_for_an_action_is_not_said_to_be_due_next(
    db: None, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2026, 3, 2)
    plan = create_plan((samples.PLAN_FILE.parent / "river-accord-2024.toml").read_text())
    reader = sign_in(create_manager(plan, side="WEST"))
    assert "Not owed yet €3 million of instalment 1. awaiting" in read_page(reader, "/fund/")
    overview = read_page(reader, "/").partition("Nothing paid")[2]
    assert "Not owed yet: €3 million of instalment 1." in overview
    assert "28 February 2025" not in overview


def test_an_instalment_that_is_late_is_not_said_to_be_due_next(reader: Client) -> None:
    said = read_page(reader, "/fund/?on=2015-06-01&known=now").partition("Contribution 1.2")[0]
    assert "Overdue €2 million of instalment 1, by 31 March 2015." in said
    assert "Due next" not in said


def test_a_list_of_instalments_asks_for_no_second_currency_once_part_is_paid(
    reader: Client,
) -> None:
    rows = reader.get("/plans/calais-2014/fund/?list=instalments&format=json").json()
    left = {row["currency"]: row["still_to_pay"] for row in rows if row["instalment"] == 1}
    assert (float(left["EUR"]), left["GBP"]) == (2_000_000, None)
    workbook = reader.get("/plans/calais-2014/fund/?list=instalments&format=xlsx").content
    head, *_rows = load_workbook(io.BytesIO(workbook)).worksheets[0].iter_rows(values_only=True)
    assert "Still to pay" in head and "Due and unpaid" not in head


@pytest.mark.parametrize("path", ["/fund/", "/"])
def test_the_money_is_said_to_be_on_time_or_late(reader: Client, path: str) -> None:
    assert "On time: no date of payment has passed yet." in read_page(reader, path)
    assert "Late: 1 instalment is overdue." in read_page(reader, path + AFTER_DUE)


def pay_the_rest_on(day: str, manager: User) -> None:
    record_payment(
        by=manager, amount="2000000", effective=day, now=datetime(2015, 4, 2, tzinfo=UTC)
    )


def test_what_was_paid_by_its_date_is_said_to_be_on_time(
    reader: Client, manager: User, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 4, 2)
    pay_the_rest_on("2015-03-20", manager)
    said = read_page(reader, "/fund/")
    assert "On time: every instalment whose date has passed is paid." in said


def test_what_was_paid_late_is_not_said_to_be_on_time(
    reader: Client, manager: User, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 4, 2)
    pay_the_rest_on("2015-04-01", manager)
    said = read_page(reader, "/fund/")
    assert "Not late now: 1 instalment was paid after its date." in said
    assert "On time" not in said
