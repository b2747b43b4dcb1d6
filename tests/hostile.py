"""Files as people attach them, and files as attackers do; all made here, none of them kept."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
OFFICE = "application/vnd.openxmlformats-officedocument."
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
CSV = "port;places\nDouvres;12\nCalais;-3\nété;-\n".encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><title>a, b</title><script>alert(1)</script>"


EMPTY: Mapping[str, bytes] = {}


def archive(parts: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


def office(
    parts: Mapping[str, bytes] = EMPTY, *, main: str = "word/document.xml", kind: str = WORD
) -> bytes:
    """The least that a Word or Excel document is, and parts beside it, by their paths."""
    types = f'<Types><Override PartName="/{main}" ContentType="{kind}"/></Types>'
    relations = (
        '<Relationships><Relationship Id="1" Type="x/officeDocument" Target="a"/></Relationships>'
    )
    least = {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": relations.encode(),
        main: b"<document>words</document>",
    }
    return archive({**least, **parts})


def docx(parts: Mapping[str, bytes] = EMPTY) -> bytes:
    return office(parts)


def xlsx(parts: Mapping[str, bytes] = EMPTY) -> bytes:
    return office(parts, main="xl/workbook.xml", kind=SHEET)


def photo(form: str = "JPEG", size: tuple[int, int] = (40, 20)) -> bytes:
    """A photograph that says where it was taken and by whom, lying on its side."""
    image = Image.new("RGB", size, "red")
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (IFDRational(50), IFDRational(57), IFDRational(0))})
    content = io.BytesIO()
    more: dict[str, Any] = {"comment": b"Secret Comment"} if form == "JPEG" else {}
    image.save(content, form, exif=exif, icc_profile=b"Secret Profile", **more)
    return content.getvalue()


def vast_png(width: int, height: int) -> bytes:
    """A few bytes that unpack to a picture of that many points."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
        )

    head = struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )


def lying_size(content: bytes, stated: int) -> bytes:
    """The document with the unpacked size of its last part stated as less than it is."""
    start = content.rindex(b"PK\1\2")
    return content[: start + 24] + struct.pack("<L", stated) + content[start + 28 :]


def pdf(objects: bytes) -> bytes:
    return PDF.replace(b"trailer", objects + b"\ntrailer")


def packed(content: bytes, more: bytes = b"/Filter /FlateDecode") -> bytes:
    """A PDF with objects that are packed together."""
    head = b"2 0 obj\n<< /Type /ObjStm " + more + b" >>\nstream\n"
    return pdf(head + content + b"\nendstream\nendobj")


def relations(content: str) -> bytes:
    """A document with these relations, prefixed as Word never does."""
    text = f'<r:Relationships xmlns:r="{RELATIONS}">{content}</r:Relationships>'
    return docx({"word/_rels/settings.xml.rels": text.encode()})


RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
RELATION = '<Relationship Id="1" Type="x/attachedTemplate" Target="https://evil.example" {}/>'
RELS = f"<Relationships>{RELATION}</Relationships>"

# what is refused, and a word of why
REFUSED: dict[str, tuple[bytes, str]] = {
    "svg": (SVG, "none of the kinds"),
    "html": (HTML, "none of the kinds"),
    "html named as a picture": (b"\n  " + HTML, "none of the kinds"),
    "a text": (b"hello", "none of the kinds"),
    "a program": (b"MZ\x90\0\3\0\0\0", "none of the kinds"),
    "a script": (b"#!/bin/sh\necho a,b\n", "none of the kinds"),
    "rtf": (b"{\\rtf1,a;b}", "none of the kinds"),
    "csv with NUL": (b"a,b\n1,\x002\n", "none of the kinds"),
    "csv in Latin-1": ("a,b\né,2\n".encode("latin-1"), "none of the kinds"),
    "csv with a vast cell": (b"a,b\n1," + b"x" * 5_000_000, "none of the kinds"),
    "csv with a formula": (b"a,b\n1,=1+1\n", "holds a formula"),
    "csv with a command": (b"a,b\n1,-2+3+cmd|' /C calc'!A0\n", "holds a formula"),
    "csv with a quoted formula": (b'a,b\n1,"@SUM(1)"\n', "holds a formula"),
    "csv with a formula behind another separator": (b"a,b\n1,2;=1+1\n", "holds a formula"),
    "csv with a formula behind a bar": (b"a,b\n1,2|@SUM(1)\n", "holds a formula"),
    "csv that names its separator": (b"sep=~\na,b\n1,2~=1+1\n", "holds a formula"),
    "gif": (b"GIF89a" + b"\0" * 20, "none of the kinds"),
    "a plain archive": (archive({"a.txt": b"a"}), "document cannot be read"),
    "pdf cut off": (PDF[:-6], "does not end as one"),
    "pdf and html": (PDF + HTML, "does not end as one"),
    "pdf and archive": (PDF + archive({"a": b"a"}), "does not end as one"),
    "pdf in an archive's comment": (
        PDF[:-6] + b"PK\5\6" + b"\0" * 16 + b"\6\0%%EOF\n",
        "a PDF and an archive at once",
    ),
    "pdf with a script": (
        PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"),
        "holds a script",
    ),
    "pdf with a command": (
        PDF.replace(b"/Catalog", b"/Catalog /AA << /S /Launch >>"),
        "holds a script",
    ),
    "pdf with an escaped script": (pdf(SCRIPT.replace(b"/Java", b"/J#61v#61")), "holds a script"),
    "pdf with a packed script": (packed(zlib.compress(SCRIPT)), "holds a script"),
    "pdf with a packed and escaped script": (
        packed(zlib.compress(SCRIPT.replace(b"Java", b"#4aava"))),
        "holds a script",
    ),
    "pdf packed in another way": (
        packed(SCRIPT[::-1], b"/Filter /LZWDecode"),
        "cannot be looked into",
    ),
    "pdf packed without an end": (packed(zlib.compress(SCRIPT)[:-9]), "cannot be looked into"),
    "pdf behind something": (b"\n" + PDF, "none of the kinds"),
    "archive behind a picture": (b"\x89PNG\r\n\x1a\n" + docx(), "picture cannot be read"),
    "something before the archive": (docx()[:4] + b"x" * 40 + docx(), "something is attached"),
    "something behind the archive": (docx() + HTML, "something is attached"),
    "archive cut off": (docx()[:-30], "something is attached"),
    "damaged archive": (docx().replace(b"PK\1\2", b"PK\1\3", 1), "document cannot be read"),
    "bomb of zeros": (docx({"word/a.xml": b"\0" * 60_000_000}), "unpacks to far more"),
    "bomb of many parts": (
        archive({f"word/{n}.xml": b"" for n in range(2100)}),
        "more than 2,000 parts",
    ),
    "bomb that states less": (
        lying_size(docx({"word/a.xml": b"a" * 9_000_000}), 100),
        "document cannot be read",
    ),
    "macros": (docx({"word/vbaProject.bin": b"x"}), "macros or programs"),
    "macros by their type": (office(kind=MACRO), "neither a .docx nor an .xlsx"),
    "old macros": (xlsx({"xl/macrosheets/sheet1.xml": b"x"}), "macros or programs"),
    "a program inside": (docx({"word/embeddings/oleObject1.bin": b"x"}), "macros or programs"),
    "no types": (
        archive({"word/document.xml": b"<x/>", "_rels/.rels": b"<x/>"}),
        "document cannot be read",
    ),
    "a path upwards": (docx({"../../etc/passwd": b"x"}), "parts that no Word or Excel writes"),
    "an absolute path": (docx({"/etc/passwd": b"x"}), "parts that no Word or Excel writes"),
    "the same part twice": (
        docx({"word/DOCUMENT.xml": b"x"}),
        "parts that no Word or Excel writes",
    ),
    "entities": (
        docx({"word/a.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"}),
        "parts that no Word or Excel writes",
    ),
    "entities in UTF-16": (
        docx({"word/a.xml": "<!DOCTYPE a>".encode("utf-16")}),
        "parts that no Word or Excel",
    ),
    "a template from elsewhere": (
        docx({"word/_rels/settings.xml.rels": RELS.format('TargetMode="External"').encode()}),
        "fetches something",
    ),
    "a template by a prefix": (
        relations(f'<r:Relationship Type="{LINKS}attachedTemplate" TargetMode="External"/>'),
        "fetches something",
    ),
    "a template by an entity": (
        relations(f'<r:Relationship Type="{LINKS}attachedTemplate" TargetMode="Ext&#101;rnal"/>'),
        "fetches something",
    ),
    "a template behind a bracket": (
        relations(f'<r:Relationship Id=">" Type="{LINKS}frame" TargetMode="External"/>'),
        "fetches something",
    ),
    "a template that says it is a link": (
        relations(
            f'<r:Relationship Id="/hyperlink" Type="{LINKS}hyperlinks" TargetMode="External"/>'
        ),
        "fetches something",
    ),
    "a part that is no XML": (
        docx({"word/_rels/a.xml.rels": b"<Relationships>"}),
        "parts that no Word or Excel writes",
    ),
    "a workbook that starts a command": (
        office(
            main="xl/workbook.xml",
            kind=f'{SHEET}"/><Override ContentType="{OFFICE}spreadsheetml.externalLink+xml',
        ),
        "fetches something",
    ),
    "vast rels": (
        docx({"word/_rels/a.rels": bytes(range(256)) * 5000}),
        "parts that no Word or Excel writes",
    ),
    "bomb of a picture": (vast_png(50_000, 50_000), "picture"),
    "picture of too many points": (vast_png(8_000, 5_001), "more than 40 million points"),
    "picture cut off": (photo()[:200], "picture cannot be read"),
    "damaged picture": (vast_png(20, 20)[:-20], "picture cannot be read"),
}
