"""What an attached file is, by its content and never by its name; what could hurt who opens it is
refused.
"""

import csv
import io
import re
import shutil
import struct
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from django.utils.translation import gettext as _

LARGEST = 20 * 1024 * 1024
PIXELS = 40_000_000
# of a document that is an archive
PARTS, DIRECTORY, EXPANDED, RATIO = 2000, 512 * 1024, 100 * 1024 * 1024, 200
CHUNK = 64 * 1024
OFFICE = "application/vnd.openxmlformats-officedocument."


class Refused(ValueError):
    """Why a file is not taken, with what would be right."""


@dataclass(frozen=True)
class FileType:
    name: str
    content_type: str
    # of a picture: what Pillow calls its format, and the modes that stay as they are
    picture_format: str = ""
    modes: tuple[str, ...] = ()


TYPES = {
    file_type.name: file_type
    for file_type in (
        FileType("pdf", "application/pdf"),
        FileType("docx", OFFICE + "wordprocessingml.document"),
        FileType("xlsx", OFFICE + "spreadsheetml.sheet"),
        FileType("png", "image/png", "PNG", ("1", "L", "LA", "I;16", "RGB", "RGBA")),
        FileType("jpg", "image/jpeg", "JPEG", ("L", "RGB")),
        FileType("csv", "text/csv; charset=utf-8"),
    )
}


def recognise(file: IO[bytes]) -> FileType:
    """The type that the content shows; raises Refused."""
    file.seek(0)
    head = file.read(8)
    if head.startswith(b"%PDF-"):
        _check_pdf(file)
        return TYPES["pdf"]
    if head.startswith(b"PK\3\4"):
        return TYPES[_check_office(file)]
    # Pictures are checked when they are drawn anew.
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return TYPES["png"]
    if head.startswith(b"\xff\xd8\xff"):
        return TYPES["jpg"]
    _check_table(file)
    return TYPES["csv"]


def clean(file: IO[bytes], target: IO[bytes]) -> FileType:
    """Check the file and write what is kept of it; raises Refused."""
    file_type = recognise(file)
    file.seek(0)
    if file_type.picture_format:
        _redraw(file, target, file_type)
    else:
        shutil.copyfileobj(file, target)
    if target.tell() > LARGEST:
        raise Refused(_("Once cleaned it is larger than 20 MB: give a smaller picture."))
    return file_type


def shown_name(name: str | None) -> str:
    """The name without path, control and bidirectional characters."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name or "")[-1])
    characters = [character if _is_shown(character) else " " for character in name]
    return " ".join("".join(characters).split())[:100]


def _is_shown(character: str) -> bool:
    is_control_or_space = unicodedata.category(character)[0] in "CZ"
    return not is_control_or_space and character not in '<>:"|?*'


def clean_name(name: str | None, type_name: str) -> str:
    """The name as it is kept: it ends as what the file is, whatever it said."""
    stem = re.sub(r"\.[A-Za-z]{1,5}$", "", shown_name(name)).strip(". ")
    return f"{stem or 'file'}.{type_name}"


# PDF

ACTIVE = re.compile(rb"/JavaScript|/Launch\b|/Rendition\b|/EmbeddedFile")
# a character of a name by its number: /J#61vaScript is /JavaScript
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"\bstream[ \t]*(?:\r\n|\n|\r)")


def _check_pdf(file: IO[bytes]) -> None:
    file.seek(0)
    content = file.read()
    end = content.rfind(b"%%EOF")
    if end < 0 or content[end + 5 :].strip(b"\r\n\t \0"):
        raise Refused(
            _(
                "This PDF does not end as one: it is cut off, or something is attached to it. Save it again."
            )
        )
    if any(ACTIVE.search(part) for part in _iter_readable(content)):
        raise Refused(
            _(
                "This PDF holds a script, a command or another file: print it to a new PDF and attach that."
            )
        )
    if zipfile.is_zipfile(file):
        raise Refused(_("This file is a PDF and an archive at once: attach one or the other."))


def _iter_readable(content: bytes) -> Iterator[bytes]:
    """The file, and each stream of packed objects unpacked, with every name written out."""
    yield _without_escapes(content)
    left = EXPANDED
    previous = 0
    for start in STREAM.finditer(content):
        before = _without_escapes(content[previous : start.start()])
        previous = start.end()
        if b"/ObjStm" in before:
            unpacked = _unpack(content, previous, before, left)
            left -= len(unpacked)
            yield _without_escapes(unpacked)


def _unpack(content: bytes, start: int, before: bytes, most: int) -> bytes:
    """The packed objects that begin there; raises Refused where they cannot be read.

    `before` is what stands between the stream before and this one: also how it is packed.
    """
    end = content.find(b"endstream", start)
    packed = content[start:end]
    if b"/Filter" not in before:
        return packed
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, max(most, 1))
    except zlib.error:
        raise Refused(_unreadable_pdf()) from None
    is_whole = unpacker.eof and not unpacker.unconsumed_tail
    if not is_whole or b"/Predictor" in before:
        raise Refused(_unreadable_pdf())
    return unpacked


def _unreadable_pdf() -> str:
    return _(
        "This PDF has parts that cannot be looked into, such as locked ones: print it to a new PDF and attach that."
    )


def _without_escapes(content: bytes) -> bytes:
    return ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), content)


# Pictures: decoded and written anew, so that nothing but the picture is left

# one at a time in a process, since each may take hundreds of megabytes while it is open
_picture = threading.Lock()


def _redraw(file: IO[bytes], target: IO[bytes], file_type: FileType) -> None:
    from PIL import Image, ImageOps

    form = file_type.picture_format
    modes = file_type.modes
    try:
        with _picture, Image.open(file, formats=[form]) as image:
            if image.width * image.height > PIXELS:
                raise Refused(_("The picture has more than 40 million points: give a smaller one."))
            upright: Image.Image = ImageOps.exif_transpose(image)
            if upright.mode not in modes or "transparency" in upright.info:
                keeps_transparency = upright.has_transparency_data and "RGBA" in modes
                upright = upright.convert("RGBA" if keeps_transparency else "RGB")
            # what the picture says of camera, place and colours would be written along
            upright.info = {}
            # the quality is of a JPEG alone
            upright.save(target, format=form, quality=90)
    except Refused:
        raise
    # whatever a hostile picture brings about in its decoder
    except Exception as error:
        # but a full disk, which the system numbers, says nothing about the picture
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Refused(
            _("The picture cannot be read: it is damaged or not what it begins as.")
        ) from error


# in points, for twice as many as pages show
SMALL_PICTURE = (480, 320)


def draw_small(file: IO[bytes], target: IO[bytes]) -> None:
    """Draw a stored picture small, as JPEG; what is transparent becomes white."""
    from PIL import Image

    with _picture, Image.open(file) as image:
        image.draft("RGB", SMALL_PICTURE)
        image.thumbnail(SMALL_PICTURE)
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        ground.convert("RGB").save(target, format="JPEG", quality=80)


# Word and Excel: an archive of parts

MAIN = {
    "docx": ("word/document.xml", OFFICE + "wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", OFFICE + "spreadsheetml.sheet.main+xml"),
}
MACROS = re.compile(
    r"vbaproject|/activex/|/macrosheets/|/embeddings/.*\.bin$|\.(exe|dll|js|vbs|bat|cmd|lnk)$"
)
# parts of which each element is read
SMALL, SMALL_SIZE = (".rels", "[content_types].xml"), 1024 * 1024
# the only relation that may lead elsewhere: it is followed when somebody clicks on it
HYPERLINKS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/hyperlink",
)
# what parts are, where they fetch or start something without a relation that says so
FETCHING = ("externallink+xml", "connections+xml", "querytable+xml")
ACTIVE_PARTS = ("macroenabled", "vbaproject", "activex", "macrosheet")


class NoOfficeXml(ValueError):
    """A document type, which could declare entities, or something that is not XML."""


@dataclass(frozen=True)
class Element:
    """Its name and its attributes without their namespaces."""

    name: str
    attributes: dict[str, str]


def _check_office(file: IO[bytes]) -> str:
    _bound_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            _bound_parts(archive.infolist())
            for part in archive.infolist():
                _check_part(archive, part)
            return _office_type(archive)
    # damaged archives raise much else beside BadZipFile
    except Refused:
        raise
    except Exception as error:
        raise Refused(_("The document cannot be read: it is damaged. Save it again.")) from error


def _bound_directory(file: IO[bytes]) -> None:
    """Before anything reads it: one small directory that ends with the file and begins where it
    says.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 22, 0))
    tail = file.read().rjust(22, b"\0")
    signature, disk, first_disk, here, parts, length, offset, comment = struct.unpack(
        "<4s4H2LH", tail
    )
    is_single = not (disk or first_disk or comment) and here == parts
    if signature != b"PK\5\6" or not is_single or offset + length + 22 != size:
        raise Refused(
            _(
                "This is not a plain Word or Excel file: something is attached to it, or it is cut off."
            )
        )
    if parts > PARTS or length > DIRECTORY:
        raise Refused(_("The document has more than 2,000 parts: save it as PDF and attach that."))


def _bound_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename.lower() for part in parts}
    if len(names) < len(parts) or any(_is_odd(part) for part in parts):
        raise Refused(_("The document has parts that no Word or Excel writes: save it again."))
    if sum(part.file_size for part in parts) > EXPANDED or any(
        part.file_size > 1024 * 1024 and part.file_size > RATIO * part.compress_size
        for part in parts
    ):
        raise Refused(
            _("The document unpacks to far more than its size: save it as PDF and attach that.")
        )
    stored = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if any(part.flag_bits & 1 or part.compress_type not in stored for part in parts):
        raise Refused(
            _("The document is locked with a password: remove it and attach the document again.")
        )
    if any(MACROS.search(name) for name in names):
        raise Refused(
            _("The document holds macros or programs: save it as .docx, .xlsx or PDF without them.")
        )


def _is_odd(part: zipfile.ZipInfo) -> bool:
    """Whether its name leads elsewhere, or it is read whole and large."""
    name = part.filename.lower()
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return True
    return name.endswith(SMALL) and part.file_size > SMALL_SIZE


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read to its end, so that its size and checksum are those it states."""
    name = part.filename.lower()
    if not name.endswith((".xml", ".rels")):
        with archive.open(part) as content:
            while content.read(CHUNK):
                pass
        return
    try:
        elements = _parse(archive, part, keep=name.endswith(".rels"))
    except (NoOfficeXml, expat.ExpatError):
        raise Refused(
            _("The document has parts that no Word or Excel writes: save it again.")
        ) from None
    if any(_leads_elsewhere(element) for element in elements):
        raise Refused(_fetches())


def _parse(archive: zipfile.ZipFile, part: zipfile.ZipInfo, *, keep: bool) -> list[Element]:
    """Parse a part, whatever its encoding; returns its elements where they are to be kept."""
    elements: list[Element] = []

    def refuse_document_type(*args: object) -> None:
        raise NoOfficeXml

    def keep_element(name: str, attributes: dict[str, str]) -> None:
        plain = {_without_namespace(key): value for key, value in attributes.items()}
        elements.append(Element(_without_namespace(name), plain))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse_document_type
    if keep:
        parser.StartElementHandler = keep_element
    with archive.open(part) as content:
        while chunk := content.read(CHUNK):
            parser.Parse(chunk)
    parser.Parse(b"", True)
    return elements


def _without_namespace(name: str) -> str:
    return name.rpartition(" ")[2]


def _leads_elsewhere(element: Element) -> bool:
    if element.name != "Relationship":
        return False
    mode = element.attributes.get("TargetMode", "Internal").strip().lower()
    return mode != "internal" and element.attributes.get("Type") not in HYPERLINKS


def _fetches() -> str:
    return _("The document fetches something from elsewhere when it is opened: save it as PDF.")


def _office_type(archive: zipfile.ZipFile) -> str:
    archive.getinfo("_rels/.rels")
    elements = _parse(archive, archive.getinfo("[Content_Types].xml"), keep=True)
    types = {element.attributes.get("ContentType", "") for element in elements}
    names = set(archive.namelist())
    fitting = [name for name, (main, kind) in MAIN.items() if main in names and kind in types]
    stated = " ".join(types).lower()
    if len(fitting) != 1 or any(word in stated for word in ACTIVE_PARTS):
        raise Refused(
            _(
                "This is neither a .docx nor an .xlsx without macros: save it as one of them, or as PDF."
            )
        )
    if any(word in stated for word in FETCHING):
        raise Refused(_fetches())
    return fitting[0]


# CSV

CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# what a spreadsheet would compute; a plain minus or a number is none
FORMULA = re.compile(r"\s*(?:[=@＝＠]|[-+－＋].*(?:[A-Za-z]\(|\|.*!))", re.DOTALL)
SEPARATORS = ",;\t|"
# of a table, in characters; no line that a person reads comes near
LONGEST_LINE = 1024 * 1024
MARKUP = ("<", "#!", "%!", "{\\rtf")


def _check_table(file: IO[bytes]) -> None:
    """Goes through the file once for each sign that may separate its cells, and keeps none of it."""
    try:
        look = _look_over_lines(file)
        delimiter = max(",;\t", key=look.first_line.count)
        columns = max(len(row) for row in _iter_rows(file, delimiter))
        has_formula = any(_has_formula(file, separator) for separator in look.separators)
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise Refused(_unknown_kind()) from None
    if columns < 2:
        raise Refused(_unknown_kind())
    if has_formula:
        raise Refused(
            _("The table holds a formula: give its values only, without =, + or @ in front.")
        )


@dataclass
class TableLook:
    """The first line with anything in it, and what may separate cells of the table: a spreadsheet
    splits at what its own country uses, or at what the first line tells it to.
    """

    first_line: str = ""
    separators: set[str] = field(default_factory=set)


def _look_over_lines(file: IO[bytes]) -> TableLook:
    look = TableLook()
    known = set(SEPARATORS)
    for line in _iter_lines(file):
        if CONTROL.search(line):
            raise Refused(_unknown_kind())
        if not look.first_line and line.strip():
            look.first_line = line
            stated = re.match(r"sep=(.)", line.rstrip("\r\n"), re.IGNORECASE)
            if stated:
                known.add(stated[1])
        for separator in known - look.separators:
            if separator in line:
                look.separators.add(separator)
    if look.first_line.lstrip().startswith(MARKUP):
        raise Refused(_unknown_kind())
    return look


def _iter_lines(file: IO[bytes]) -> Iterator[str]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        while line := text.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise Refused(_unknown_kind())
            yield line
    finally:
        # otherwise it would close the file
        text.detach()


def _has_formula(file: IO[bytes], separator: str) -> bool:
    return any(FORMULA.match(cell) for row in _iter_rows(file, separator) for cell in row)


def _iter_rows(file: IO[bytes], separator: str) -> Iterator[list[str]]:
    return csv.reader(_iter_lines(file), delimiter=separator)


def _unknown_kind() -> str:
    return _(
        "This is none of the kinds of file that are taken: PDF, Word (.docx), Excel (.xlsx), PNG, JPG, CSV in UTF-8."
    )
