"""Files of others, of a size that is asked for, and how long the product takes to read one.

Each file of entries or of a plan ends in something that is refused, so that all of it is read and
nothing of it is stored; documents are attached to an entry.
"""

import io
import secrets

from openpyxl import Workbook

from tests import hostile
from tests.bench import pages, story
from tests.bench.site import Site

DOCUMENTS = ("PDF", "DOCX")
KINDS = ("XLSX", "CSV", "TOML", *DOCUMENTS)
HEADER = story.HEADER.split(",")
REFUSED_ROW = ["last", "1.1", "no-such-kind", "2014-10-01", "2014-10-01", "GB"]
# below the address of the plan
LOAD_ENTRIES, REPORT = "register/load/", f"actions/{story.SPECIAL}/report/"
LOAD_PLAN = "/load-plan/"


def make(kind: str, size: int) -> bytes:
    """A file of so many halves of a MiB, about."""
    return MAKERS[kind](size)


def _rows(number: int) -> list[list[str]]:
    rows = [
        ["", "1.1", "note", "2014-10-01", "2014-10-01", "GB", *[""] * 7, secrets.token_hex(100), ""]
        for _ in range(number)
    ]
    for position, row in enumerate(rows):
        row[0] = f"n{position}"
    return [HEADER, *rows, REFUSED_ROW + [""] * (len(HEADER) - len(REFUSED_ROW))]


def _csv(size: int) -> bytes:
    return "\n".join(",".join(row) for row in _rows(2_000 * size)).encode()


def _xlsx(size: int) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in _rows(3_500 * size):
        sheet.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _toml(size: int) -> bytes:
    return (story.plan_file(1_100 * size, story.SLUG) + "\nno-such-key = 1\n").encode()


def _pdf(size: int) -> bytes:
    content = secrets.token_bytes(size * 2**19).replace(b"/", b" ")
    stream = b"2 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(content), content)
    return hostile.PDF.replace(b"trailer", stream + b"trailer")


def _docx(size: int) -> bytes:
    text = secrets.token_hex(size * 2**19)
    return hostile.docx({"word/document.xml": f"<document>{text}</document>".encode()})


MAKERS = {"XLSX": _xlsx, "CSV": _csv, "TOML": _toml, "PDF": _pdf, "DOCX": _docx}


def seconds_to_read(site: Site, kind: str, content: bytes) -> float:
    """Processor time of the web processes for sending this file by its form."""
    path = _address(site, kind)
    visitor = site.visitor("administrator")
    fields = pages.form_fields(visitor.get(path))
    if kind in DOCUMENTS:
        fields |= {"kind": "progress", "day": story.TODAY.isoformat(), "anyway": "1"}
        body, content_type = _multipart(fields, "uploads", f"file.{kind.lower()}", content)
        expected = 302
    else:
        body, content_type = _multipart(fields, "file", f"file.{kind.lower()}", content)
        expected = 422
    web = site.serve()
    before = web.cpu_seconds()
    answer = pages.post(visitor, path, body, content_type)
    assert answer.status == expected, (kind, answer.status, answer.content[-3000:])
    return max(web.cpu_seconds() - before, 0.01)


def _address(site: Site, kind: str) -> str:
    """Of the form that takes such a file."""
    if kind == "TOML":
        return LOAD_PLAN
    return site.address(REPORT if kind in DOCUMENTS else LOAD_ENTRIES)


def _multipart(
    fields: dict[str, str], name: str, file_name: str, content: bytes
) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = "".join([*parts, head]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
