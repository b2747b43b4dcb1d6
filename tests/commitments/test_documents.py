"""What an attached file is, is read from its content; what could hurt who opens it is refused with
a reason.
"""

import io
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PIL import Image

from commitments.evidence import file_types
from commitments.evidence.file_types import Refused
from tests import hostile


def cleaned(content: bytes) -> tuple[str, bytes]:
    target = io.BytesIO()
    kind = file_types.clean(io.BytesIO(content), target)
    return kind.name, target.getvalue()


HYPERLINK = f'<r:Relationship Type="{hostile.LINKS}hyperlink" TargetMode="External"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (hostile.PDF, "pdf"),
        (hostile.docx(), "docx"),
        (hostile.xlsx(), "xlsx"),
        (hostile.CSV, "csv"),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", "csv"),
        (b'a\tb\n"two\nlines"\t-5 (est.)\n', "csv"),
        (hostile.relations(HYPERLINK), "docx"),
        (hostile.packed(zlib.compress(b"1 0 << /Type /Page >>")), "pdf"),
        (hostile.packed(b"1 0 << /Type /Page >>", b""), "pdf"),
    ],
)
def test_a_document_is_known_by_its_content_and_kept_as_it_is(content: bytes, kind: str) -> None:
    assert cleaned(content) == (kind, content)


def test_a_table_is_read_line_by_line() -> None:
    content = io.BytesIO(b"a,b;c\n" * 50_000)
    tracemalloc.start()
    assert file_types.recognise(content).name == "csv"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_a_line_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(Refused, match="none of the kinds"):
        cleaned(b"a,b\n" + b"1," * file_types.LONGEST_LINE)


@pytest.mark.parametrize("name", hostile.REFUSED)
def test_what_could_hurt_is_refused_with_a_reason(name: str) -> None:
    content, reason = hostile.REFUSED[name]
    with pytest.raises(Refused, match=reason):
        cleaned(content)


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "jpg"), ("PNG", "png")])
def test_a_picture_loses_all_but_itself_and_stands_upright(form: str, kind: str) -> None:
    before = hostile.photo(form)
    assert b"Secret" in before
    name, after = cleaned(before)
    with Image.open(io.BytesIO(after)) as image:
        assert (name, image.size, image.format) == (kind, (20, 40), form)
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile"} & image.info.keys()
    assert not [word for word in (b"Secret", b"GPS", b"Exif") if word in after]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_a_picture_of_any_mode_is_kept(mode: str) -> None:
    content = io.BytesIO()
    Image.new(mode, (3, 2)).save(content, "PNG")
    assert cleaned(content.getvalue())[0] == "png"


def test_a_transparent_palette_stays_transparent() -> None:
    content = io.BytesIO()
    picture = Image.new("P", (3, 2), 1)
    picture.putpalette([0, 0, 0, 9, 9, 9])
    picture.save(content, "PNG", transparency=1)
    with Image.open(io.BytesIO(cleaned(content.getvalue())[1])) as image:
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_what_hides_behind_a_picture_is_not_kept() -> None:
    assert b"script" not in cleaned(hostile.photo() + hostile.HTML)[1]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("report.PDF", "report.pdf"),
        ("report.exe", "report.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\a b.docx", "a b.pdf"),
        ("x\u202efdp.exe", "x fdp.pdf"),
        ("a\r\nSet-Cookie: b\0.pdf", "a Set-Cookie b.pdf"),
        ("état – nº 3.pdf", "état – nº 3.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("/", "file.pdf"),
        ("x" * 500 + ".pdf", "x" * 100 + ".pdf"),
    ],
)
def test_a_name_keeps_its_words_and_ends_as_what_the_file_is(given: str, kept: str) -> None:
    assert file_types.clean_name(given, "pdf") == kept


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has a device that is always full"
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_full_disk_is_not_blamed_on_the_picture(form: str) -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        file_types.clean(io.BytesIO(hostile.photo(form, (400, 400))), full)
