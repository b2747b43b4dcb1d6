"""Every list as CSV, XLSX and JSON: the same rows, numbers as numbers, and no cell that a
spreadsheet runs.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook
from pytest_django import Settings

from actionplan.local import samples
from commitments.exports import writers
from commitments.exports.writers import Listing, inert, marked
from commitments.files import entries
from commitments.models import Action, Entry, Plan, Role
from commitments.register import services
from tests.actionplan.test_pages import NOW
from tests.people import account

TODAY = date(2015, 1, 12)
LISTS = (
    "commitments/?",
    "mine/?",
    "register/?",
    "fund/?",
    "fund/?list=payments&",
    "fund/?list=spending&",
)
FORMULA = re.compile(r"(?:\A|[;\t\r\n] *)(?:[=+@＝＋＠]|[-－](?! ))")
EVIL = [
    *(
        "=1+1",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠1",
    ),
    *("x;=1", "x; =1", "x\n=cmd", "x\t@1", "x;-1", '"=1', 'x";=1', "- item\n- item", "x;＝1"),
]


@pytest.fixture
def reader(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = TODAY
    assert (
        entries.load_entries(calais, samples.ENTRIES_FILE.read_bytes(), now=NOW, by=None).errors
        == []
    )
    client.force_login(account(calais, Role.MANAGER, "GB"))
    return client


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def rows(client: Client, path: str, form: str) -> list[dict[str, Any]]:
    response = client.get(f"/{path}format={form}")
    assert response.status_code == 200
    return table(content(response), form)


def table(found: bytes, form: str) -> list[dict[str, Any]]:
    if form == "json":
        return list(json.loads(found))
    if form == "csv":
        return list(csv.DictReader(io.StringIO(found.decode("utf-8-sig"), newline="")))
    head, *lines = load_workbook(io.BytesIO(found)).active.values  # type: ignore[union-attr]
    return [dict(zip(map(str, head), line, strict=True)) for line in lines]


def text(value: Any) -> str:
    """As CSV would have it."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_the_same_in_each_format(reader: Client, path: str) -> None:
    as_csv, as_xlsx, as_json = (rows(reader, path, form) for form in writers.FORMATS)
    assert as_csv
    assert (
        [list(row) for row in as_csv]
        == [list(row) for row in as_xlsx]
        == [list(row) for row in as_json]
    )
    for number, row in enumerate(as_json):
        for name, value in row.items():
            in_csv, in_xlsx = as_csv[number][name], text(as_xlsx[number][name])
            if name in ("amount", "stated", "paid", "outstanding") and value is not None:
                assert Decimal(value) == Decimal(in_csv) == Decimal(in_xlsx)
            else:
                assert text(value) == in_csv == in_xlsx, name


@pytest.mark.parametrize("path", LISTS)
def test_a_list_says_the_plan_the_day_and_what_is_known(reader: Client, path: str) -> None:
    for query, known in (("on=2015-01-05&", "2015-01-05"), ("on=2015-01-05&known=now&", "now")):
        for row in rows(reader, path + query, "json"):
            assert list(row.items())[:3] == [
                ("plan", "calais-2014"),
                ("on", "2015-01-05"),
                ("known", known),
            ]


def test_numbers_and_days_are_numbers_and_days_in_a_sheet(reader: Client) -> None:
    (first, *_) = rows(reader, "fund/?", "xlsx")
    assert (type(first["stated"]), type(first["days"]), type(first["due"])) == (int, int, datetime)
    assert type(rows(reader, "register/?kind=paid&", "xlsx")[0]["amount"]) in (int, float)
    assert type(rows(reader, "commitments/?", "xlsx")[0]["days"]) is int


@pytest.mark.sqlite
def test_an_entry_is_listed_as_it_is_kept(calais: Plan, reader: Client) -> None:
    by, action = account(calais, Role.MANAGER, "GB"), Action.objects.get(plan=calais, ref="2.5")
    for number, now in enumerate((NOW, NOW.replace(microsecond=120))):
        services.decide(
            action=action,
            kind="moved",
            when=f"../2015-0{number + 3}-28",
            effective="2015-01-12",
            reason="r",
            decided_by=["", "both"][number],
            by=by,
            now=now,
            key=f"m{number}",
        )
    found = {row["id"]: row for row in rows(reader, "register/?", "json")}
    for entry in Entry.objects.filter(plan=calais).select_related("text", "to"):
        row, text = found[entry.code], getattr(entry, "text", None)
        assert row["loaded"] == entry.loaded_at.isoformat()
        assert row["recorded"] == (entry.recorded_at or entry.recorded_day).isoformat()
        assert row["to"] == (entry.to.code if entry.to else entry.when)
        assert row["words"] == ((text and entry.kind == "moved" and text.decided_by) or entry.words)
        assert (row["reason"], row["note"]) == ((text.reason, text.note) if text else ("", ""))


def test_payments_and_spending_leave_out_what_was_withdrawn(calais: Plan, reader: Client) -> None:
    entry = Entry.objects.get(plan=calais, code="sample-026")
    assert entry.code in {row["id"] for row in rows(reader, "fund/?list=payments&", "json")}
    by = account(calais, Role.MANAGER, entry.side)
    services.annotate_entry(entry=entry, kind="withdrawn", by=by, now=NOW, key="w", reason="slip")
    assert entry.code not in {row["id"] for row in rows(reader, "fund/?list=payments&", "json")}


# No formula


@pytest.mark.parametrize("value", EVIL)
def test_a_cell_never_begins_like_a_formula_however_it_is_split(value: str) -> None:
    assert not FORMULA.search(inert(value)), inert(value)
    assert not marked(value).startswith(writers.DANGEROUS)
    written = "".join(writers._lines(Listing("x", ["a", "b", "c"], [[None, value, None]], list)))
    (_head, row) = csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline=""))
    assert row == ["", inert(value), ""]


@pytest.mark.parametrize(
    "value", ["2014-10-31", "a-b", "x = 1", "mail@example.org", "two; three", "a\nb", "5+5", ""]
)
def test_a_harmless_text_stays_as_it_is(value: str) -> None:
    assert inert(value) == value
    assert not writers._SUSPECT.search(writers._written([[value, "x", value]])) or value.startswith(
        "a\n"
    )


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_export_holds_a_formula(calais: Plan, reader: Client, form: str) -> None:
    action = Action.objects.get(plan=calais, ref="4.4")
    by = account(calais, Role.OFFICIAL, "GB", "home-office")
    for number, value in enumerate(EVIL):
        services.report(
            action=action,
            kind="progress",
            effective="2015-01-12",
            by=by,
            now=NOW,
            key=f"e{number}",
            note=value + "\x0b",
            source=value,
        )
    Action.objects.filter(pk=action.pk).update(title={"en": "=1", "fr": "＝1"})
    for path in LISTS:
        for row in rows(reader, path, form):
            found = [value for value in row.values() if isinstance(value, str)]
            assert not [value for value in found if value.startswith(writers.DANGEROUS)]
            assert form == "xlsx" or not [value for value in found if FORMULA.search(value)]
    assert len(rows(reader, "register/?q=4.4&", form)) > len(EVIL)


# Many rows


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_long_list_is_streamed_and_nothing_is_read_ahead(form: str) -> None:
    given: list[int] = []

    def source() -> Iterator[list[Any]]:
        for number in range(20 * writers.BATCH):
            given.append(number)
            yield [number, "ü"]

    response = writers.WRITERS[form](Listing("x", ["n", "t"], source(), list))
    assert response.streaming
    stream = iter(response.streaming_content)
    next(stream)
    assert len(given) <= 3 * writers.BATCH
    rest = table(content(writers.WRITERS[form](Listing("x", ["n", "t"], source(), list))), form)
    assert [int(row["n"]) for row in rest] == list(range(20 * writers.BATCH))


def test_an_empty_list_has_its_columns(calais: Plan, reader: Client) -> None:
    assert (
        content(reader.get("/register/?format=csv&q=nothing-has-this"))
        .decode("utf-8-sig")
        .startswith("plan,on,")
    )
    assert rows(reader, "register/?q=nothing-has-this&", "json") == []
    assert rows(reader, "register/?q=nothing-has-this&", "xlsx") == []
