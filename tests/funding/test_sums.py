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
from django.test import Client
from openpyxl import load_workbook
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Entry, Membership, Plan

Sums = dict[tuple[int, str], Decimal]
ADDRESS = "/fund/pay/1.2/"


@pytest.fixture
def manager(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = date(2016, 1, 12)
    user = User.objects.create(email="manager.gb@example.org")
    Membership.objects.create(user=user, plan=calais, role="manager", side="GB")
    client.force_login(user)
    return client


def pay(client: Client, number: int, **fields: str) -> int:
    data = {
        "key": f"k{number}",
        "seen": "",
        "anyway": "1",
        "kind": "paid",
        "instalment": "1",
        "currency": "EUR",
        "day": "2015-03-01",
        "amount": "1",
        **fields,
    }
    return client.post(ADDRESS, data).status_code


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
        head, *lines = load_workbook(io.BytesIO(response.content)).active.values  # type: ignore[union-attr]
        rows = [dict(zip(map(str, head), line, strict=True)) for line in lines]
    return {
        (int(row["instalment"]), row["currency"]): Decimal(str(row["paid"])).quantize(
            Decimal("0.01")
        )
        for row in rows
        if row["ref"] == "1.2" and row["paid"] not in ("", None)
    }


def stored() -> Sums:
    found: Sums = defaultdict(Decimal)
    for entry in Entry.objects.filter(kind__in=["paid", "refunded"]):
        sign = 1 if entry.kind == "paid" else -1
        found[entry.instalment or 0, entry.currency] += sign * (entry.amount or 0)
    return dict(found)


@pytest.mark.parametrize("draw", [1, 2, 3])
def test_sums_are_the_same_through_form_database_status_and_every_export(
    manager: Client, draw: int
) -> None:
    rng = random.Random(draw)
    expected: Sums = defaultdict(Decimal)
    for number in range(12):
        amount = Decimal(rng.randrange(1, 10 ** rng.randrange(3, 11))) / 100
        instalment, currency = rng.choice([1, 2, 3]), rng.choice(["EUR", "GBP"])
        fields = {
            "amount": written(amount, rng),
            "instalment": str(instalment),
            "currency": currency,
        }
        # an amount with a single mark before three digits has two readings and is refused
        if pay(manager, number, **fields) == 302:
            expected[instalment, currency] += amount
    assert expected
    status = manager.get("/status.json").json()["contributions"]
    said = {
        (row["instalment"], currency): Decimal(amount)
        for row in status
        for currency, amount in row["paid"].items()
        if row["ref"] == "1.2"
    }
    assert dict(expected) == stored() == said
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
    overview = {
        total.currency: total.paid
        for total in manager.get("/").context["contributions"][0].totals
        if total.paid
    }
    assert overview == totals


def test_a_refund_is_an_entry_of_its_own_and_reopens_what_was_paid(manager: Client) -> None:
    assert pay(manager, 1, amount="5000000") == 302
    assert (
        manager.get("/fund/").context["funds"][0].contributions[0].instalments[0].standing.state
        == "met"
    )
    assert pay(manager, 2, kind="refunded", amount="1 000 000,00", day="2015-05-02") == 302
    line = manager.get("/fund/").context["funds"][0].contributions[0].instalments[0]
    assert (line.standing.state, line.paid["EUR"], line.outstanding["EUR"]) == (
        "overdue",
        4_000_000,
        1_000_000,
    )
    assert pay(manager, 3, amount="-5") == 422


def test_an_overpaid_instalment_says_by_how_much_and_owes_nothing(manager: Client) -> None:
    pay(manager, 1, amount="5000000.50")
    line = manager.get("/fund/").context["funds"][0].contributions[0].instalments[0]
    assert (line.standing.state, line.overpaid, line.outstanding["EUR"]) == (
        "met",
        {"EUR": Decimal("0.50")},
        0,
    )


def test_a_payment_on_the_wrong_instalment_is_moved_by_withdrawal_and_a_new_entry(
    manager: Client,
) -> None:
    pay(manager, 1, amount="5000000", instalment="2")
    number = Entry.objects.get(kind="paid").number
    answer = manager.post(
        f"/register/{number}/withdraw/", {"key": "w", "reason": "It belongs to the first."}
    )
    assert answer.status_code == 302
    pay(manager, 2, amount="5000000", instalment="1")
    rows = manager.get("/fund/").context["funds"][0].contributions[0].instalments
    assert [sum(row.paid.values()) for row in rows] == [5_000_000, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "5,000"},
        {"amount": "NaN"},
        {"amount": "1e400"},
        {"amount": "-0"},
        {"amount": "1.2345"},
        {"currency": "XYZ"},
        {"currency": "€"},
        {"day": "2016-01-13"},
        {"day": "2014-09-19"},
        {"instalment": "4"},
        {"kind": "spent"},
        {"day": "", "period": "2016-02"},
        {"day": "31.02.2015"},
    ],
)
def test_what_cannot_be_a_payment_is_refused_with_its_text_kept(
    manager: Client, fields: dict[str, str]
) -> None:
    before = Entry.objects.count()
    data = {
        "key": "k",
        "seen": "",
        "kind": "paid",
        "instalment": "1",
        "currency": "EUR",
        "day": "2015-03-01",
    }
    answer = manager.post(ADDRESS, {**data, "amount": "10", "note": "kept word", **fields})
    assert answer.status_code == 422
    assert b"kept word" in answer.content
    assert Entry.objects.count() == before


def test_the_preview_says_what_will_be_read_and_records_nothing(manager: Client) -> None:
    before = Entry.objects.count()
    data = {
        "key": "k",
        "seen": "",
        "kind": "paid",
        "instalment": "1",
        "currency": "GBP",
        "day": "2015-03-01",
    }
    answer = manager.post(ADDRESS, {**data, "amount": "4000000", "preview": "1"})
    assert answer.context["preview"].standing.state == "met"
    assert Entry.objects.count() == before


def test_only_a_manager_of_the_contributing_side_records_its_payments(
    calais: Plan, client: Client
) -> None:
    for role, side in (("manager", "FR"), ("official", "GB"), ("viewer", "")):
        user = User.objects.create(email=f"{role}.{side}@example.org".lower())
        Membership.objects.create(user=user, plan=calais, role=role, side=side)
        client.force_login(user)
        assert client.get(ADDRESS).status_code == 403
        assert pay(client, 1) == 403
