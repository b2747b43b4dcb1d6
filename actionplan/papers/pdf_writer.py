"""Papers as PDF/UA-1, by typst, which refuses what that standard does not allow."""

import json
from collections.abc import Sequence
from pathlib import Path

from actionplan.papers.document import (
    Block,
    Bullets,
    Column,
    Document,
    Heading,
    Paragraph,
    Table,
    in_all_languages,
    join,
    merge_columns,
    of_type,
)

TEMPLATE = Path(__file__).with_name("paper.typ")
# a column is at least so many characters wide, and at most
NARROWEST, WIDEST = 10, 36


def write_pdf(documents: Sequence[Document]) -> bytes:
    """The same paper in each of these languages, side by side.

    Raises typst.TypstError where the standard is not kept.
    """
    import typst

    languages = [document.language for document in documents]
    content = {
        "languages": languages,
        "titles": [document.title for document in documents],
        "subtitles": [document.subtitle for document in documents],
        "notices": [document.notice for document in documents if document.notice],
        "page_of": documents[0].page_of,
        "has_cover": documents[0].has_cover,
        "blocks": [_as_json(blocks, languages) for blocks in in_all_languages(documents)],
    }
    written: bytes = typst.compile(
        str(TEMPLATE),
        format="pdf",
        pdf_standards="ua-1",
        ignore_system_fonts=True,
        sys_inputs={"paper": json.dumps(content)},
    )
    return written


def _as_json(blocks: Sequence[Block], languages: Sequence[str]) -> dict[str, object]:
    """One block in each of the languages."""
    match blocks[0]:
        case Heading(level, _text):
            texts = [heading.text for heading in of_type(blocks, Heading)]
            return {"kind": "heading", "level": level, "texts": texts}
        case Paragraph():
            texts = [paragraph.text for paragraph in of_type(blocks, Paragraph)]
            return {"kind": "paragraph", "texts": texts}
        case Bullets():
            items = [bullets.items for bullets in of_type(blocks, Bullets)]
            return {"kind": "bullets", "items": items}
        case Table():
            tables = of_type(blocks, Table)
            columns = merge_columns(tables, languages)
            return {
                "kind": "table",
                "caption": join([table.caption for table in tables]),
                "columns": [_column_as_json(column, languages[0]) for column in columns],
            }


def _column_as_json(column: Column, language: str) -> dict[str, object]:
    longest = max(map(len, [column.header, *column.cells]))
    return {
        "language": column.language or language,
        "header": column.header,
        "cells": list(column.cells),
        "width": min(max(NARROWEST, longest), WIDEST),
    }
