"""One sum, many doors: what goes in through the form comes out of every page and file the same, to
the cent.
"""

import csv
import io
import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Entry, Plan, Role
from funding.instalments import InstalmentOnDay
from tests.client import Client
from tests.factories import (
    annotate_entry,
    create_manager,
    create_member,
    new_key,
    record_payment,
    sign_in,
)

Sums = dict[tuple[int, str], Decimal]
ADDRESS = "/fund/pay/1.2/"


@pytest.fixture(autouse=True)
def today(settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = date(2016, 1, 12)


@pytest.fixture
def account(calais: Plan) -> User:
    return create_manager(calais, side="GB")


@pytest.fixture
def manager(account: User) -> Client:
    return sign_in(account)


def payment_form(**fields: str) -> dict[str, str]:
    """What the form of a payment on the British contribution sends."""
    return {
        "key": new_key(),
        "seen": "",
        "kind": "paid",
        "instalment": "1",
        "currency": "EUR",
        "day": "2015-03-01",
        "amount": "10",
        **fields,
    }


def pay(client: Client, **fields: str) -> int:
    return client.post(ADDRESS, payment_form(anyway="1", **fields)).status_code


def british_instalments(client: Client) -> list[InstalmentOnDay]:
    (fund,) = client.get("/fund/").context["funds"]
    return [instalment for instalment in fund.instalments if instalment.ref == "1.2"]


def written(amount: Decimal, rng: random.Random) -> str:
    """The amount as one of the languages or a machine would write it."""
    english = f"{amount:,.2f}"
    return rng.choice([f"{amount}", english, english.replace(",", " ").replace(".", ",")])


def exported(client: Client, form: str) -> Sums:
    response = client.get(f"/fund/?format={form}")
    if form == "json":
        rows = response.json()
    elif form == "csv":
        text = b"".join(response).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
    else:
        head, *lines = load_workbook(io.BytesIO(response.content))["data"].values
        rows = [dict(zip(map(str, head), line, strict=True)) for line in lines]
    return {
        (int(row["instalment"]), row["currency"]): Decimal(str(row["paid"])).quantize(
            Decimal("0.01")
        )
        for row in rows
        if row["ref"] == "1.2" and row["paid"] not in ("", None)
    }


def stored() -> Sums:
    sums: Sums = defaultdict(Decimal)
    for entry in Entry.objects.filter(kind__in=["paid", "refunded"]):
        sign = 1 if entry.kind == "paid" else -1
        sums[entry.instalment or 0, entry.currency] += sign * (entry.amount or 0)
    return dict(sums)


def test_a_payment_above_its_instalment_is_recorded_only_when_that_was_read(
    manager: Client,
) -> None:
    form = payment_form(currency="GBP", amount="99,999,999")
    previewed = manager.post(ADDRESS, {**form, "preview": "1"})
    refused = manager.post(ADDRESS, form)
    assert (previewed.status_code, refused.status_code, stored()) == (200, 409, {})
    for page in (previewed.content.decode(), refused.content.decode()):
        assert "The amount is larger than what the plan states" in page
        assert 'name="anyway"' in page
    assert manager.post(ADDRESS, {**form, "anyway": "1"}).status_code == 302
    assert list(stored().values()) == [99_999_999]


@pytest.mark.slow
@pytest.mark.parametrize("draw", [1, 2, 3])
def test_sums_are_the_same_through_form_database_status_and_every_export(
    manager: Client, draw: int
) -> None:
    rng = random.Random(draw)
    expected: Sums = defaultdict(Decimal)
    for _ in range(12):
        amount = Decimal(rng.randrange(1, 10 ** rng.randrange(3, 11))) / 100
        instalment, currency = rng.choice([1, 2, 3]), rng.choice(["EUR", "GBP"])
        fields = {
            "amount": written(amount, rng),
            "instalment": str(instalment),
            "currency": currency,
        }
        # an amount with a single mark before three digits has two readings and is refused
        if pay(manager, **fields) == 302:
            expected[instalment, currency] += amount
    assert expected
    status = manager.get("/status.json").json()["contributions"]
    in_status = {
        (row["instalment"], currency): Decimal(amount)
        for row in status
        for currency, amount in row["paid"].items()
        if row["ref"] == "1.2"
    }
    assert dict(expected) == stored() == in_status
    assert (
        dict(expected)
        == exported(manager, "csv")
        == exported(manager, "xlsx")
        == exported(manager, "json")
    )
    (fund,) = manager.get("/fund/").context["funds"]
    totals = {total.currency: total.paid for total in fund.totals if total.paid}
    for currency, total in totals.items():
        assert total == sum(amount for (_, code), amount in expected.items() if code == currency)
    paid = manager.get("/").context["promises"][0].paid
    assert {currency: amount for currency, amount in paid.items() if amount} == totals


def test_a_refund_is_an_entry_of_its_own_and_reopens_what_was_paid(manager: Client) -> None:
    assert pay(manager, amount="5000000") == 302
    assert british_instalments(manager)[0].standing.state == "met"
    assert pay(manager, kind="refunded", amount="1 000 000,00", day="2015-05-02") == 302
    instalment = british_instalments(manager)[0]
    assert instalment.standing.state == "overdue"
    assert instalment.paid["EUR"] == 4_000_000
    assert instalment.outstanding["EUR"] == 1_000_000


def test_an_overpaid_instalment_says_by_how_much_and_owes_nothing(manager: Client) -> None:
    pay(manager, amount="5000000.50")
    instalment = british_instalments(manager)[0]
    assert instalment.standing.state == "met"
    assert instalment.overpaid == {"EUR": Decimal("0.50")}
    assert instalment.outstanding["EUR"] == 0


def test_a_payment_on_the_wrong_instalment_is_moved_by_withdrawal_and_a_new_entry(
    account: User, manager: Client
) -> None:
    payment = record_payment(
        "1.2", by=account, amount="5000000", instalment=2, effective="2015-01-11"
    )
    annotate_entry(payment, by=account, kind="withdrawn", reason="It belongs to the first.")
    record_payment("1.2", by=account, amount="5000000", instalment=1, effective="2015-01-11")
    paid = [sum(instalment.paid.values()) for instalment in british_instalments(manager)]
    assert paid == [5_000_000, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "5,000"},
        {"amount": "NaN"},
        {"amount": "1e400"},
        {"amount": "-0"},
        {"amount": "-5"},
        {"amount": "1.2345"},
        {"currency": "XYZ"},
        {"currency": "€"},
        {"day": "2016-01-13"},
        {"day": "2014-09-19"},
        {"instalment": "4"},
        {"kind": "spent"},
        {"day": "2016-02"},
        {"day": "31.02.2015"},
    ],
)
def test_what_cannot_be_a_payment_is_refused_with_its_text_kept(
    manager: Client, fields: dict[str, str]
) -> None:
    before = Entry.objects.count()
    response = manager.post(ADDRESS, payment_form(note="kept word", **fields))
    assert response.status_code == 422
    assert b"kept word" in response.content
    assert Entry.objects.count() == before


def test_the_preview_says_what_will_be_read_and_records_nothing(manager: Client) -> None:
    before = Entry.objects.count()
    form = payment_form(amount="4000000", currency="GBP", preview="1")
    preview = manager.post(ADDRESS, form).context["preview"]
    assert preview.standing.state == "met"
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("role", "side"), [(Role.MANAGER, "FR"), (Role.OFFICIAL, "GB"), (Role.VIEWER, "")]
)
def test_only_a_manager_of_the_contributing_side_records_its_payments(
    calais: Plan, role: Role, side: str
) -> None:
    client = sign_in(create_member(calais, role, side=side))
    assert client.get(ADDRESS).status_code == 403
    assert pay(client) == 403
