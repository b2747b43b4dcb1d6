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
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook

from commitments.exports import writers
from commitments.exports.writers import Export
from commitments.files.formula_marks import FORMULA_SIGNS, mark_formulas, unmark_formulas
from commitments.models import Action, Entry, Plan
from commitments.register import services
from tests.client import Client
from tests.factories import NOW, create_manager, create_official, get_action, sign_in

LISTS = (
    "commitments/?",
    "mine/?",
    "register/?",
    "fund/?",
    "fund/?list=payments&",
    "fund/?list=spending&",
)
AMOUNTS = ("amount", "stated", "paid", "outstanding", "still_to_pay")
FORMULA = re.compile(r"(?:\A|[;\t\r\n] *)(?:[=+@＝＋＠]|[-－](?! ))")
FORMULAS = [
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
    "x;=1",
    "x; =1",
    "x\n=cmd",
    "x\t@1",
    "x;-1",
    '"=1',
    'x";=1',
    "- item\n- item",
    "x;＝1",
]


@pytest.fixture
def reader(calais_with_entries: Plan) -> Client:
    return sign_in(create_manager(calais_with_entries))


def read_content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def get_rows(client: Client, path: str, form: str) -> list[dict[str, Any]]:
    response = client.get(f"/{path}format={form}")
    assert response.status_code == 200
    return parse(read_content(response), form)


def parse(content: bytes, form: str) -> list[dict[str, Any]]:
    if form == "json":
        return list(json.loads(content))
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    header, *lines = load_workbook(io.BytesIO(content))["data"].values
    return [dict(zip(map(str, header), line, strict=True)) for line in lines]


def as_csv_has_it(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def make_export(records: Any, *columns: str) -> Export:
    """An export of no page in particular."""
    plan = SimpleNamespace(slug="small", title={"en": "Small"}, timezone="UTC")
    page: Any = SimpleNamespace(plan=plan, on=date(2015, 1, 12), known=None)
    return Export("x", page, {name: name for name in columns}, records)


# What is in a list


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_the_same_in_each_format(reader: Client, path: str) -> None:
    in_csv, in_xlsx, in_json = (get_rows(reader, path, form) for form in ("csv", "xlsx", "json"))
    assert in_csv
    assert len(in_csv) == len(in_xlsx) == len(in_json)
    for csv_row, xlsx_row, json_row in zip(in_csv, in_xlsx, in_json, strict=True):
        assert list(csv_row) == list(xlsx_row) == list(json_row)
        for name, value in json_row.items():
            if name in AMOUNTS and value is not None:
                assert Decimal(csv_row[name]) == Decimal(str(xlsx_row[name])) == Decimal(value)
            else:
                assert csv_row[name] == as_csv_has_it(xlsx_row[name]) == as_csv_has_it(value)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "known"), [("on=2015-01-05&", "2015-01-05"), ("on=2015-01-05&known=now&", "now")]
)
def test_a_list_says_the_plan_the_day_and_what_is_known(
    reader: Client, path: str, query: str, known: str
) -> None:
    for row in get_rows(reader, path + query, "json"):
        assert list(row)[:3] == ["plan", "on", "known"]
        assert (row["plan"], row["on"], row["known"]) == ("calais-2014", "2015-01-05", known)


def test_numbers_and_days_are_numbers_and_days_in_a_sheet(reader: Client) -> None:
    instalment = get_rows(reader, "fund/?", "xlsx")[0]
    assert type(instalment["stated"]) is int
    assert type(instalment["days"]) is int
    assert type(instalment["due"]) is datetime
    assert type(get_rows(reader, "register/?kind=paid&", "xlsx")[0]["amount"]) in (int, float)
    assert type(get_rows(reader, "commitments/?", "xlsx")[0]["days"]) is int


def test_the_first_sheet_is_for_people_in_their_language(calais_with_entries: Plan) -> None:
    reader = sign_in(create_manager(calais_with_entries, side="FR", language="fr"))
    content = read_content(reader.get("/commitments/?format=xlsx&state=overdue"))
    sheet: Any = load_workbook(io.BytesIO(content)).active
    header, row = list(sheet.values)[:2]
    cells = dict(zip(header, row, strict=True))
    assert (cells["État"], cells["Action ou contribution"]) == ("en retard", "2.5")
    assert cells["Intitulé"].startswith("Définir les mesures")
    assert type(cells["Échéance"]) is datetime
    assert sheet.freeze_panes == "B2"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.auto_filter.ref.startswith("A1:")
    about = list(load_workbook(io.BytesIO(content))["À propos"].values)
    assert ("Jour", "12 janvier 2015") in about


def test_the_register_for_people_has_real_days_and_months_in_words(reader: Client) -> None:
    content = read_content(reader.get("/register/?format=xlsx"))
    header, *rows = load_workbook(io.BytesIO(content)).active.values  # type: ignore[union-attr]
    days = [dict(zip(header, row, strict=True)) for row in rows]
    happened = [row["Date it happened"] for row in days]
    assert any(type(day) is datetime for day in happened)
    assert not any(re.fullmatch(r"\d{4}-\d\d(-\d\d)?", str(day)) for day in happened)
    assert {"delivered", "started"} <= {row["What happened"] for row in days}


@pytest.mark.sqlite
@pytest.mark.parametrize(("decided_by", "microsecond"), [("", 0), ("both", 120)])
def test_an_entry_is_listed_as_it_is_kept(
    calais: Plan, reader: Client, decided_by: str, microsecond: int
) -> None:
    services.decide(
        action=get_action("2.5"),
        kind="moved",
        when="../2015-03-28",
        effective="2015-01-12",
        reason="r",
        decided_by=decided_by,
        by=create_manager(calais),
        now=NOW.replace(microsecond=microsecond),
        key="moved",
    )
    rows = {row["id"]: row for row in get_rows(reader, "register/?", "json")}
    for entry in Entry.objects.filter(plan=calais).select_related("text", "to"):
        row, text = rows[entry.code], getattr(entry, "text", None)
        assert row["loaded"] == entry.loaded_at.isoformat()
        assert row["recorded"] == (entry.recorded_at or entry.recorded_day).isoformat()
        assert row["to"] == (entry.to.code if entry.to else entry.when)
        assert (row["reason"], row["note"]) == ((text.reason, text.note) if text else ("", ""))
    assert rows["moved"]["words"] == decided_by


def test_payments_leave_out_what_was_withdrawn(calais: Plan, reader: Client) -> None:
    payment = Entry.objects.get(plan=calais, code="sample-026")
    codes = [row["id"] for row in get_rows(reader, "fund/?list=payments&", "json")]
    services.annotate_entry(
        entry=payment,
        kind="withdrawn",
        by=create_manager(calais, side=payment.side),
        now=NOW,
        key="withdrawal",
        reason="slip",
    )
    left = [row["id"] for row in get_rows(reader, "fund/?list=payments&", "json")]
    assert left == [code for code in codes if code != "sample-026"] != codes


# No formula


@pytest.mark.parametrize("value", FORMULAS)
def test_a_cell_never_begins_like_a_formula_however_it_is_split(value: str) -> None:
    assert not FORMULA.search(mark_formulas(value))
    assert unmark_formulas(mark_formulas(value)) == value


@pytest.mark.parametrize("value", FORMULAS)
def test_a_cell_of_csv_is_read_back_as_it_was_quoted(value: str) -> None:
    records = [SimpleNamespace(a=None, b=value)]
    response = writers.write_csv(make_export(records, "a", "b"))
    (row,) = parse(read_content(response), "csv")
    assert (row["a"], row["b"]) == ("", mark_formulas(value))


@pytest.mark.parametrize(
    "value", ["2014-10-31", "a-b", "x = 1", "mail@example.org", "two; three", "a\nb", "5+5", ""]
)
def test_a_harmless_text_stays_as_it_is(value: str) -> None:
    assert mark_formulas(value) == value


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_export_holds_a_formula(calais: Plan, reader: Client, form: str) -> None:
    official = create_official(calais)
    for number, value in enumerate(FORMULAS):
        services.report(
            action=get_action("4.4"),
            kind="progress",
            effective="2015-01-12",
            by=official,
            now=NOW,
            key=f"e{number}",
            note=value + "\x0b",
            source=value,
        )
    Action.objects.filter(plan=calais, ref="4.4").update(title={"en": "=1", "fr": "＝1"})
    for path in LISTS:
        for row in get_rows(reader, path, form):
            for value in row.values():
                if isinstance(value, str):
                    assert not value.startswith(tuple(FORMULA_SIGNS))
                    assert not FORMULA.search(value)
    assert len(get_rows(reader, "register/?q=4.4&", form)) > len(FORMULAS)


# Many rows


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_long_list_is_streamed_and_nothing_is_read_ahead(form: str) -> None:
    length = 20 * writers.SENT_AT_ONCE
    read: list[int] = []

    def records() -> Iterator[Any]:
        for number in range(length):
            read.append(number)
            yield SimpleNamespace(number=number, text="ü")

    response: Any = writers.WRITERS[form](make_export(records(), "number", "text"))
    assert response.streaming
    chunks = iter(response.streaming_content)
    first = next(chunks)
    assert len(read) <= 3 * writers.SENT_AT_ONCE
    rows = parse(first + b"".join(chunks), form)
    assert [int(row["number"]) for row in rows] == list(range(length))


def test_an_empty_list_has_its_columns(reader: Client) -> None:
    content = read_content(reader.get("/register/?format=csv&q=nothing-has-this"))
    assert content.decode("utf-8-sig").startswith("plan,on,known,number,id,ref,")


@pytest.mark.parametrize("form", ["xlsx", "json"])
def test_an_empty_list_is_no_error(reader: Client, form: str) -> None:
    assert get_rows(reader, "register/?q=nothing-has-this&", form) == []
