"""Entries files as the programs of the world write them: what they leave behind is taken, what they
say of themselves is not believed, and what the exports write is read back.
"""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from commitments.files.entry_rows import EntryRow, read_rows
from commitments.files.errors import FileError, FileRefused, FileReport
from tests.round_trip import (
    HEADER,
    LINE,
    ODD_SIGNS,
    ODD_WORDS,
    SHEET,
    export,
    make_far_row,
    make_texts,
    send_and_read,
)

CELLS = LINE.split(",")


def read(content: str | bytes) -> list[EntryRow]:
    """The rows of a file without any error."""
    report = FileReport()
    rows = list(read_rows(content.encode() if isinstance(content, str) else content, report))
    assert report.errors == []
    return rows


def read_errors(content: bytes) -> list[FileError]:
    report = FileReport()
    try:
        list(read_rows(content, report))
    except FileRefused as refused:
        return refused.errors
    return report.errors


def save(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def make_book(*rows: list[Any]) -> Workbook:
    """A workbook of one sheet: the header, and these rows or an ordinary one."""
    book = Workbook()
    sheet: Any = book.active
    sheet.append(HEADER.split(","))
    for row in rows or (CELLS,):
        sheet.append(row)
    return book


def change_parts(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return file.getvalue()


def change_sheet(content: bytes, old: str, new: str) -> bytes:
    def change(name: str, part: bytes) -> bytes:
        if name != SHEET:
            return part
        assert old.encode() in part
        return part.replace(old.encode(), new.encode())

    return change_parts(content, change)


# What spreadsheets and editors leave behind


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff\ufeff{HEADER}\n{LINE}\n",
        f"\n\n{HEADER}\n{LINE}\n",
        f"{HEADER},,,\n{LINE},,,\n,,,,,,,,\n",
        f"{HEADER}\n{LINE},,\n",
        f"sep=,\n{HEADER}\n{LINE}\n",
        f"sep=;\n{HEADER}\n{LINE}\n",
        f"{HEADER}\n{LINE}\n".replace(",", "\t"),
        f"{HEADER}\n{LINE}\n".replace(",", ";"),
        f'"SEP=;"\r\n{HEADER}\r\n{LINE}\r\n'.replace(",", ";"),
        f"sep=|\n{HEADER}\n{LINE}\n".replace(",", "|"),
        f"{HEADER}\n{LINE}\n".replace(",1.1,", ',="1.1",'),
        f"{HEADER}\n{LINE}\n".replace("\n", "\r"),
        f"{HEADER}\n{LINE}\n".replace(",", ";").replace("\n", "\r"),
        f"{HEADER}\r\n{LINE}\r\n\x1a",
        f"{HEADER}\r\n{LINE}\r\n\x1a\x1a\n",
        f"{HEADER}\n{LINE}\n\x1a" + "\x00" * 100,
        f"{HEADER.upper()}\n{LINE}\n",
        f" {HEADER.title().replace(',', ' , ')}\n{LINE}\n",
        f"{HEADER}\n{LINE}\n".replace("2014-06-05", "\u200e2014-06-05\u200b"),
        f"{HEADER}\n{LINE}\n".replace("2014-06-05", "2014\u201106\u201305"),
        f"{HEADER}\n{LINE}\n".replace("1.1", "1.1\u200b").replace("GB", "\u2068GB\u2069"),
    ],
)
def test_what_a_program_leaves_in_csv_changes_nothing(text: str) -> None:
    (row,) = read(text)
    assert [row.cells[name] for name in HEADER.split(",")] == CELLS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_encoding_is_known_by_the_first_bytes(encoding: str) -> None:
    (row,) = read(f"{HEADER}\n{LINE}\n".encode(encoding))
    assert [row.cells[name] for name in HEADER.split(",")] == CELLS


@pytest.mark.parametrize("dash", ["\u2010", "\u2011", "\u2013", "\u2212"])
def test_a_kind_may_be_written_with_any_dash(dash: str) -> None:
    (row,) = read(f"{HEADER}\n{LINE.replace('started', f'not{dash}pursued')}\n")
    assert row.cells["kind"] == "not-pursued"


def test_an_id_is_the_same_however_its_accents_are_composed() -> None:
    rows = read(f"{HEADER}\né{LINE}\ne\u0301{LINE}\n")
    assert rows[0].cells == rows[1].cells


@pytest.mark.parametrize("note", ["a\u200db", "می\u200cخواهم", "שלום\u200f"])
def test_free_text_keeps_the_joiners_and_marks_of_its_language(note: str) -> None:
    (row,) = read(f"{HEADER}\n{LINE.replace('text', note)}\n")
    assert row.cells["note"] == note


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_that_cannot_be_known_is_refused_as_such(encoding: str) -> None:
    (error,) = read_errors(f"{HEADER}\n{LINE}\n".encode(encoding))
    assert "This is not UTF-8" in error.text


def test_a_sign_of_dos_at_the_end_of_a_text_is_kept() -> None:
    (row,) = read(f"{HEADER}\n{LINE}\x1a\n")
    assert row.cells["note"] == "text\x1a"


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER},{','.join(f'c{number}' for number in range(70_000))}\n",
        f"{HEADER}\n{LINE}{' ' * 4_000_000}\n",
        f"{HEADER}\n{LINE},;{' ' * 2000},;{' ' * 4_000_000},x\n",
        *(
            pytest.param(f"{HEADER}\n{lines}", marks=pytest.mark.slow)
            for lines in (f"{LINE}\n" + "\n" * 4_000_000, ",,,,\n" * 800_000, "x\n" * 2_000_000)
        ),
    ],
)
def test_no_file_of_csv_takes_long(content: str) -> None:
    begun = time.process_time()
    read_errors(content.encode())
    assert time.process_time() - begun < 2


def test_an_export_of_the_register_is_named_with_what_to_delete() -> None:
    header = f"plan,on,known,number,loaded,hash,{HEADER}"
    (error,) = read_errors(f"{header}\n".encode())
    assert "delete the columns plan, on, known, number, loaded, hash" in error.text


def test_an_old_or_locked_spreadsheet_is_named_as_such() -> None:
    (error,) = read_errors(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "save it as XLSX" in error.text


def test_a_sheet_that_only_explains_may_stand_in_front() -> None:
    book = make_book()
    front = book.create_sheet("README", 0)
    front.append(["How to fill in this file"])
    front.merge_cells("A1:C1")
    assert [row.cells["id"] for row in read(save(book))] == ["a-1"]


def test_a_sheet_of_a_chart_may_stand_in_front() -> None:
    book = make_book()
    book.create_chartsheet("Chart", 0)
    assert [row.cells["id"] for row in read(save(book))] == ["a-1"]


def test_what_a_program_says_of_itself_is_not_read() -> None:
    def spoil(name: str, part: bytes) -> bytes:
        return b"<<<" if name.startswith("docProps/") else part

    assert len(read(change_parts(save(make_book()), spoil))) == 1


def test_a_hidden_sheet_with_the_entries_is_named() -> None:
    book = make_book()
    book.active.sheet_state = "hidden"  # type: ignore[union-attr]
    book.create_sheet("Notes").append(["How to fill in this file"])
    (error,) = read_errors(save(book))
    assert error.text == "The sheet with the entries, “Sheet”, is hidden: show it."


def test_a_sheet_in_the_stricter_form_is_read() -> None:
    def make_strict(_name: str, part: bytes) -> bytes:
        return part.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    (row,) = read(change_parts(save(make_book()), make_strict))
    assert row.cells["id"] == "a-1"


def test_escapes_in_cells_are_undone() -> None:
    row = [
        *CELLS[:-1],
        "one_x000D_\ntwo_x005F_x0041_ \ud83d\ude00".encode("utf-16", "surrogatepass").decode(
            "utf-16"
        ),
    ]
    (read_row,) = read(save(make_book(row)))
    assert read_row.cells["note"] == "one\ntwo_x0041_ 😀"


# What a file says of itself


@pytest.mark.parametrize("claimed", ["A1", "A1:G2", "A1:XFD1048576"])
def test_the_size_that_a_sheet_claims_is_not_believed(claimed: str) -> None:
    content = save(make_book(CELLS, ["a-2", *CELLS[1:]]))
    content = change_sheet(content, '<dimension ref="A1:G3"', f'<dimension ref="{claimed}"')
    assert [row.cells["id"] for row in read(content)] == ["a-1", "a-2"]


def test_a_formatted_cell_in_the_last_row_costs_nothing() -> None:
    content = make_far_row()
    begun = time.process_time()
    assert len(read(content)) == 1
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('<row r="2">', '<row r="99999999999">', "This is no XLSX file that can be read"),
        ('<row r="2">', '<row r="1">', "This is no XLSX file that can be read"),
        ('<c r="C2"', '<c r="A2"', "This is no XLSX file that can be read"),
        ('<c r="G2"', '<c r="AZ2"', "The cell AZ2 lies beyond the columns"),
        ('<c r="G2"', '<c r="H2"', "“text” stands in a column that has no name."),
        ("<is><t>text</t></is>", "<v>text</v>", "The cell G2 holds something that cannot be read"),
        ("<t>text</t>", "<t>_xD83D_</t>", "The cell G2 holds something that cannot be read"),
        (
            '<c r="G2" t="inlineStr"><is><t>text</t></is>',
            '<c r="G2" t="s"><v>-1</v>',
            "no XLSX file",
        ),
    ],
)
def test_no_cell_of_a_sheet_is_lost_in_silence(old: str, new: str, message: str) -> None:
    (error,) = read_errors(change_sheet(save(make_book()), old, new))
    assert message in error.text


def test_members_that_are_doubled_or_packed_otherwise_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = io.BytesIO(save(make_book()))
        with zipfile.ZipFile(doubled, "a") as archive:
            archive.writestr(SHEET, b"<worksheet/>")
    lzma = io.BytesIO()
    with zipfile.ZipFile(lzma, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(SHEET, b"0" * 1000)
    for content in (doubled.getvalue(), lzma.getvalue()):
        (error,) = read_errors(content)
        assert "This is no XLSX file that can be read" in error.text


# Identifiers are texts


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", 7), ("ref", 1.1), ("ref", date(2014, 2, 1)), ("side", 1), ("id", True)],
)
def test_a_number_where_something_is_named_is_refused_with_advice(
    column: str, value: object
) -> None:
    row: list[Any] = list(CELLS)
    row[HEADER.split(",").index(column)] = value
    (error,) = read_errors(save(make_book(row)))
    assert error.line == 2
    assert f"in the column {column} is a number or a day" in error.text
    assert "format the column as text" in error.text


# Round trip


TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20),
    st.lists(st.one_of(st.sampled_from(ODD_SIGNS), st.sampled_from(ODD_WORDS)), max_size=12).map(
        "".join
    ),
).map(str.strip)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@settings(max_examples=15, deadline=None, database=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_every_text_comes_back_as_it_went(form: str, texts: list[str]) -> None:
    assert send_and_read(form, texts) == texts


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_thousand_made_up_texts_come_back_as_they_went(form: str) -> None:
    texts = make_texts(1000)
    assert send_and_read(form, texts) == texts


def test_a_text_too_long_for_a_cell_is_refused_and_not_cut() -> None:
    with pytest.raises(BadRequest, match="32767"):
        export("xlsx", ["x" * 32_768])
