"""Texts sent out by the exports and read back as entries files, and files that claim to be large.

`python -m tests.round_trip 10000` prints how many of so many generated texts come back otherwise than
they went, through CSV and through XLSX, and how long the files take that were made to take long.
"""

import argparse
import csv
import io
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.mutations import set_up

HEADER = "id,ref,kind,effective,recorded,side,note"
LINE = "a-1,1.1,started,2014-06-05,2014-06-06,GB,text"
SHEET = "xl/worksheets/sheet1.xml"
ODD_SIGNS = "=+-@'\"#;,\t\n _x000D|＝－\u200b\u200f\u00a0éß漢😀﷽"
ODD_WORDS = ("#N/A", "_x000D_", "; =1", "\n- a", "''=", "=1+1", "007", "TRUE", "1-2", "- ", "\x1a")
LAST_ROW = 1_048_576
MANY = 70_000


def make_texts(count: int) -> list[str]:
    chance = random.Random(count)
    makers = (_make_of_any_signs, _make_of_odd_pieces)
    return [chance.choice(makers)(chance).strip() for _ in range(count)]


def _make_of_any_signs(chance: random.Random) -> str:
    signs = [chr(chance.randrange(1, sys.maxunicode + 1)) for _ in range(chance.randrange(20))]
    # a line ends in one way, and half a character of UTF-16 is none
    return "".join(sign for sign in signs if sign != "\r" and not "\ud800" <= sign <= "\udfff")


def _make_of_odd_pieces(chance: random.Random) -> str:
    return "".join(chance.choices((*ODD_SIGNS, *ODD_WORDS), k=chance.randrange(12)))


def export(form: str, texts: list[str]) -> bytes:
    """The file that a list of entries with these notes gives."""
    from commitments.exports import writers
    from commitments.files.entry_rows import COLUMNS

    values = dict(zip(HEADER.split(","), LINE.split(","), strict=True))
    records = [SimpleNamespace(**dict.fromkeys(COLUMNS, "") | values | {"note": t}) for t in texts]
    day = date(2015, 1, 12)
    plan = SimpleNamespace(slug="small", title={"en": "Small"}, timezone="UTC")
    page: Any = SimpleNamespace(plan=plan, on=day, known=None, today=day, url=lambda name: "/")
    columns: writers.Columns = {name: name for name in COLUMNS}
    sent = writers.Export("register", page, columns, records)
    response: Any = writers.WRITERS[form](sent)
    return b"".join(response.streaming_content) if response.streaming else response.content


def drop_view_from_csv(content: bytes) -> bytes:
    """Without the three columns that an entries file has not, as a spreadsheet drops them."""
    file = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    csv.writer(file, delimiter=";").writerows(row[3:] for row in rows)
    return file.getvalue().encode()


def drop_view_from_xlsx(content: bytes) -> bytes:
    from openpyxl import load_workbook

    book: Any = load_workbook(io.BytesIO(content))
    book["data"].delete_cols(1, 3)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


DROP: dict[str, Callable[[bytes], bytes]] = {"csv": drop_view_from_csv, "xlsx": drop_view_from_xlsx}


def send_and_read(form: str, texts: list[str]) -> list[str]:
    """The texts as they come back through a file of this form."""
    from commitments.files.entry_rows import read_rows
    from commitments.files.errors import FileReport

    report = FileReport()
    rows = list(read_rows(DROP[form](export(form, texts)), report))
    assert report.errors == []
    return [row.cells["note"] for row in rows]


def make_far_row() -> bytes:
    """A sheet of one entry, and one formatted cell in the last row that a sheet can have."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    for line in (HEADER, LINE):
        sheet.append(line.split(","))
    file = io.BytesIO()
    book.save(file)
    far = f'<row r="{LAST_ROW}"><c r="A{LAST_ROW}" /></row></sheetData>'
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode()
            new.writestr(name, part.replace("</sheetData>", far) if name == SHEET else part)
    return changed.getvalue()


def make_many_columns() -> bytes:
    return f"{HEADER},{','.join(f'c{number}' for number in range(MANY))}\n{LINE}\n".encode()


def make_many_keys() -> bytes:
    from tests.plans import SMALL

    keys = "".join(f"k{number} = 1\n" for number in range(MANY))
    return SMALL.replace("[plan]\n", f"[plan]\n{keys}").encode()


def time_reading(read: Callable[[bytes], object], content: bytes) -> float:
    """In seconds of the processor, whether the file is read or refused."""
    from commitments.files.errors import FileRefused

    begun = time.process_time()
    with suppress(FileRefused):
        read(content)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000, help="of the texts")
    texts = make_texts(parser.parse_args().count)
    with tempfile.TemporaryDirectory() as folder:
        set_up(Path(folder))
        measure(texts)


def measure(texts: list[str]) -> None:
    from actionplan.plan_transfer.load import read_plan_file
    from commitments.files.entries import read_entry_file

    for form in DROP:
        back = send_and_read(form, texts)
        changed = sum(went != came for went, came in zip(texts, back, strict=True))
        print(f"{form}: {len(texts)} texts, {changed} changed")
    far_row = time_reading(read_entry_file, make_far_row())
    print(f"a formatted cell in row {LAST_ROW}: {far_row:.2f} s")
    columns = time_reading(read_entry_file, make_many_columns())
    print(f"{MANY} columns of CSV: {columns:.2f} s")
    keys = time_reading(read_plan_file, make_many_keys())
    print(f"{MANY} keys of a plan file: {keys:.2f} s")


if __name__ == "__main__":
    main()
