"""A paper before it is written as DOCX or PDF: plain text in blocks, in one language or in two side
by side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Heading:
    """`level` 1 is a chapter, 2 a section of it."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """The first row is the header."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Paragraph | Bullets | Table


@dataclass(frozen=True)
class Document:
    """A paper in one language.

    `notice` stands under the title, `page_of` in the foot of each page. With `has_cover` the title
    has a page of its own.
    """

    language: str
    title: str
    subtitle: str
    notice: str
    page_of: str
    blocks: Sequence[Block]
    has_cover: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table; without a language where all languages have the same in it."""

    language: str
    header: str
    cells: Sequence[str]


B = TypeVar("B", bound=Block)


def of_type(blocks: Iterable[Block], kind: type[B]) -> list[B]:
    return [block for block in blocks if isinstance(block, kind)]


def in_all_languages(documents: Sequence[Document]) -> list[tuple[Block, ...]]:
    """Each block in each language: documents of the same paper have the same blocks."""
    return list(zip(*(document.blocks for document in documents), strict=True))


def join(texts: Sequence[str]) -> str:
    """The same text in each language, once where they agree."""
    return " · ".join(dict.fromkeys(texts))


def merge_columns(tables: Sequence[Table], languages: Sequence[str]) -> list[Column]:
    """The columns of the same table in each language, side by side where they differ."""
    columns = []
    for same in zip(*(_columns_of(table) for table in tables), strict=True):
        headers = [column[0] for column in same]
        cells = [column[1:] for column in same]
        if len(set(cells)) == 1:
            columns.append(Column("", join(headers), cells[0]))
            continue
        for language, header, own in zip(languages, headers, cells, strict=True):
            columns.append(Column(language, header, own))
    return columns


def _columns_of(table: Table) -> list[tuple[str, ...]]:
    return list(zip(table.header, *table.rows, strict=True))
