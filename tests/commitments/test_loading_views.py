"""Entries loaded from a file in the browser: shown before, for one's own side, all or nothing."""

import base64
import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from openpyxl import Workbook, load_workbook
from pytest_django import Settings

from actionplan.models import User
from commitments.files.errors import FileError
from commitments.models import Entry, Plan
from commitments.register.entry_types import KINDS
from tests import factories
from tests.client import Client
from tests.generated import blank

ADDRESS = "/register/load/"
STARTED = blank(
    id="b1", ref="4.4", kind="started", effective="2014-10-05", recorded="2014-10-06", side="GB"
)


# the moments of a spreadsheet have no zone
NOVEMBER = datetime.fromisoformat("2014-11-01")
HALF_PAST_NINE = datetime.fromisoformat("2014-10-06T09:30")


def content(*rows: dict[str, str]) -> str:
    columns = rows[0] if rows else blank()
    return "\n".join([",".join(columns), *(",".join(row.values()) for row in rows)])


def carried(*rows: dict[str, str]) -> str:
    """The file as the form carries it from the first step to the second."""
    return base64.b64encode(content(*rows).encode()).decode()


def file(*rows: dict[str, str]) -> SimpleUploadedFile:
    return SimpleUploadedFile("entries.csv", content(*rows).encode())


@pytest.fixture
def manager(calais: Plan, settings: Settings) -> Client:
    settings.ACTIONPLAN_TODAY = factories.TODAY
    return factories.sign_in(factories.create_manager(calais))


def test_a_file_is_first_shown_with_the_states_that_it_would_change(manager: Client) -> None:
    answer = manager.post(ADDRESS, {"file": file(STARTED)})
    assert answer.status_code == 200
    assert [(change.name, change.before, change.after) for change in answer.context["changes"]] == [
        ("4.4", "overdue", "met")
    ]
    assert not Entry.objects.without_plan_entries().exists()


def test_what_was_shown_is_recorded_when_its_reader_says_so(manager: Client) -> None:
    shown = manager.post(ADDRESS, {"file": file(STARTED | {"note": "two\u00a0words"})})
    again = shown.context["form"].initial["content"]
    assert f'name="content" value="{again}"' in shown.content.decode()
    assert manager.post(ADDRESS, {"content": again, "load": "1"}).status_code == 302
    entry = Entry.objects.without_plan_entries().get()
    assert (entry.code, entry.side, entry.text.note) == ("b1", "GB", "two\u00a0words")


def test_what_is_recorded_already_is_skipped(manager: Client) -> None:
    manager.post(ADDRESS, {"content": carried(STARTED), "load": "1"})
    reading = manager.post(ADDRESS, {"file": file(STARTED)}).context["reading"]
    assert reading.drafts == []
    assert reading.skipped == 1


def test_a_manager_loads_entries_of_their_own_side_only(manager: Client) -> None:
    theirs = STARTED | {"id": "b2", "side": "FR"}
    for fields in (
        {"file": file(STARTED, theirs)},
        {"content": carried(STARTED, theirs), "load": "1"},
    ):
        answer = manager.post(ADDRESS, fields)
        assert answer.status_code == 422
        assert [error.line for error in answer.context["errors"]] == [3]
    assert not Entry.objects.without_plan_entries().exists()


def test_an_administrator_loads_entries_of_any_side(calais: Plan, settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = factories.TODAY
    administrator = factories.sign_in(factories.create_administrator())
    both = carried(STARTED, STARTED | {"id": "b2", "side": "FR"})
    assert administrator.post(ADDRESS, {"content": both, "load": "1"}).status_code == 302
    assert Entry.objects.without_plan_entries().count() == 2


@pytest.mark.parametrize("create", [factories.create_official, factories.create_viewer])
def test_officials_and_viewers_load_nothing(calais: Plan, create: Callable[[Plan], User]) -> None:
    client = factories.sign_in(create(calais))
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, {"content": carried(STARTED), "load": "1"}).status_code == 403


def test_without_a_file_the_form_comes_back(manager: Client) -> None:
    assert manager.post(ADDRESS, {}).status_code == 422


def test_a_file_that_cannot_be_read_comes_back_with_its_errors(manager: Client) -> None:
    broken = SimpleUploadedFile("entries.csv", b"id,ref\n\xff")
    answer = manager.post(ADDRESS, {"file": broken})
    assert answer.status_code == 422
    assert answer.context["errors"]


def test_a_file_that_was_mangled_between_the_steps_is_to_be_chosen_again(manager: Client) -> None:
    answer = manager.post(ADDRESS, {"content": "not base64!", "load": "1"})
    assert answer.status_code == 422
    assert "choose it again" in answer.content.decode()


def sheet(*rows: list[Any], **changes: Any) -> bytes:
    """An XLSX file of these rows under the columns of an entries file."""
    book = Workbook()
    first: Any = book.active
    first.append(list(blank()))
    for row in rows:
        first.append(row)
    for cell, value in changes.items():
        first[cell] = value
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def test_a_spreadsheet_is_loaded_as_what_its_cells_show(manager: Client) -> None:
    sums = [2500000.5, "EUR", 1]
    content = sheet(
        ["1", "4.4", "started", date(2014, 10, 5), date(2014, 10, 6), "GB"],
        [],
        [
            "2",
            "1.2",
            "paid",
            NOVEMBER,
            date(2014, 12, 1),
            "GB",
            None,
            *sums,
            None,
            None,
            None,
            "a\nb",
        ],
        ["3", "5.5", "delivered", NOVEMBER, "2014-12-02T09:30+01:00", "GB", 2],
    )
    book: Any = load_workbook(io.BytesIO(content))
    book.active["D4"].number_format = "yyyy\\-mm"
    book.active["D5"].number_format = "mmm yy"
    stored = io.BytesIO()
    book.save(stored)
    shown = manager.post(ADDRESS, {"file": SimpleUploadedFile("entries.xlsx", stored.getvalue())})
    assert (shown.status_code, len(shown.context["reading"].drafts)) == (200, 3)
    carried = shown.context["form"].initial["content"]
    assert manager.post(ADDRESS, {"content": carried, "load": "1"}).status_code == 302
    found = Entry.objects.without_plan_entries().order_by("number")
    assert [(e.code, e.effective, str(e.recorded_day), e.amount, e.quantity) for e in found] == [
        ("1", "2014-10-05", "2014-10-06", None, None),
        ("2", "2014-11", "2014-12-01", Decimal("2500000.50"), None),
        ("3", "2014-11", "2014-12-02", None, 2),
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"D3": "=D2"}, "Line 3: The cell D3 holds a formula"),
        ({"G3": "#REF!"}, "Line 3: The cell G3 holds an error"),
        ({"A1": "colour"}, "Line 1: The first line has columns that are unknown: colour."),
        ({"B3": 4.4}, "Line 3: “4.4” in the column ref is a number or a day"),
        ({"E3": HALF_PAST_NINE}, "Line 3: “2014-10-06T09:30:00” is no day or time of recording"),
        ({"T3": "beside"}, "Line 3: “beside” stands in a column that has no name"),
    ],
)
def test_what_a_spreadsheet_must_not_hold_is_named_with_its_row(
    manager: Client, spoil: dict[str, Any], said: str
) -> None:
    row = ["x", "4.4", "started", "2014-10-05", "2014-10-06", "GB"]
    found = manager.post(
        ADDRESS, {"file": SimpleUploadedFile("e.xlsx", sheet(["y", *row[1:]], row, **spoil))}
    )
    assert found.status_code == 422
    assert said in found.content.decode()


def upload_book(client: Client, book: Any) -> Any:
    content = io.BytesIO()
    book.save(content)
    return client.post(ADDRESS, {"file": SimpleUploadedFile("e.xlsx", content.getvalue())})


def open_sheet() -> Any:
    return load_workbook(io.BytesIO(sheet(list(STARTED.values()))))


def test_a_second_sheet_is_named_and_not_read(manager: Client) -> None:
    book = open_sheet()
    book.create_sheet("notes").append(["for us"])
    answer = upload_book(manager, book).content.decode()
    assert "only the sheet “Sheet” is read, not notes" in answer


def test_merged_cells_are_not_guessed_at(manager: Client) -> None:
    book = open_sheet()
    book.active.merge_cells("A2:A3")
    answer = upload_book(manager, book)
    assert answer.status_code == 422
    assert "The sheet has merged cells" in answer.content.decode()


def test_a_hidden_sheet_is_not_read(manager: Client) -> None:
    book = open_sheet()
    book.create_sheet("notes").append(["for us"])
    book.active.sheet_state = "hidden"
    message = "The sheet with the entries, “Sheet”, is hidden: show it."
    assert message in upload_book(manager, book).content.decode()


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in members.items():
            archive.writestr(name, part)
    return file.getvalue()


def laughing() -> bytes:
    """A spreadsheet whose sheet is an entity that unfolds to a thousand millions of others."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    cell = '<worksheet><sheetData><row><c t="str"><v>&a9;</v></c></row></sheetData></worksheet>'
    sheet_xml = f'<!DOCTYPE w [<!ENTITY a0 "lol">{entities}]>{cell}'
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet())) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, sheet_xml if name.startswith("xl/worksheets/") else old.read(name))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"PK",
        b"PK\x03\x04" + b"\0" * 500,
        packed(a=b"b"),
        packed(bomb=b"0" * 30_000_000),
        laughing(),
        sheet()[:-900],
    ],
    ids=["two bytes", "zeros", "no sheet", "bomb", "laughing", "cut"],
)
def test_a_broken_spreadsheet_or_one_that_would_fill_the_memory_is_refused(
    manager: Client, content: bytes
) -> None:
    answer = manager.post(ADDRESS, {"file": SimpleUploadedFile("e.xlsx", content)})
    assert answer.status_code == 422
    assert len(answer.context["errors"]) == 1


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_has_a_row_for_each_kind_that_only_becomes_an_entry_once_it_is_changed(
    manager: Client, form: str
) -> None:
    template = manager.get(f"{ADDRESS}?template={form}").content
    upload = SimpleUploadedFile(f"t.{form}", template)
    errors = manager.post(ADDRESS, {"file": upload}).context["errors"]
    assert len(errors) == len(KINDS)
    assert {error.text for error in errors} == {
        "This is a row of the template: delete it, or give it an id and facts of its own."
    }
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(template.decode("utf-8-sig"))))
        assert {row["kind"] for row in rows} == set(KINDS)
        own = [
            row | {name: row[name].replace("example-", "mine-") for name in ("id", "to")}
            for row in rows
            # a manager loads rows of their own side
            if row["side"] == "GB"
        ]
        context = manager.post(ADDRESS, {"file": file(*own)}).context
        assert [error.text for error in context.get("errors", [])] == []
        assert context["reading"].errors == []


def test_equal_faults_of_a_file_are_named_once_with_their_lines() -> None:
    errors = [FileError(2, "no such ref"), FileError(3, "odd"), FileError(5, "no such ref")]
    html = render_to_string("includes/file_errors.html", {"errors": errors})
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
    assert "3 faults" in said
    assert "Lines 2, 5: no such ref Line 3: odd" in said
