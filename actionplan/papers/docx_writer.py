"""Papers as DOCX: Word's own styles, header rows that repeat, page numbers, the language marked."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actionplan.papers.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Paragraph,
    Table,
    in_all_languages,
    join,
    merge_columns,
    of_type,
)

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import _Cell as Cell
    from docx.text.paragraph import Paragraph as WordParagraph
    from docx.text.run import Run

LOCALES = {"en": "en-GB", "fr": "fr-FR"}


def write_docx(documents: Sequence[Document]) -> bytes:
    """The same paper in each of these languages, side by side."""
    import docx

    word = docx.Document()
    first = documents[0]
    word.core_properties.title = f"{first.title}: {first.subtitle}"
    word.core_properties.language = LOCALES[first.language]
    word.core_properties.author = ""
    _set_language(word, LOCALES[first.language])
    _number_pages(word, first.page_of)
    if len(documents) > 1:
        _turn_pages(word)
    DocxWriter(word, documents).write()
    content = io.BytesIO()
    word.save(content)
    return content.getvalue()


class DocxWriter:
    def __init__(self, word: "WordDocument", documents: Sequence[Document]) -> None:
        self.word = word
        self.documents = documents
        self.languages = [document.language for document in documents]

    def write(self) -> None:
        documents = self.documents
        for document in documents:
            self._write_text(document.title, "Title", document.language)
            self._write_text(document.subtitle, "Subtitle", document.language)
            if document.notice:
                self._write_text(document.notice, "Intense Quote", document.language)
        if documents[0].has_cover:
            self.word.add_page_break()  # type: ignore[no-untyped-call,unused-ignore]
        for blocks in in_all_languages(documents):
            self._write_blocks(blocks)

    def _write_text(self, text: str, style: str, language: str) -> None:
        _add_run(self.word.add_paragraph(style=style), text, language)

    def _write_blocks(self, blocks: Sequence[Block]) -> None:
        """One block in each of the languages."""
        first = blocks[0]
        match first:
            case Heading():
                self._write_heading(of_type(blocks, Heading))
            case Table():
                self._write_table(of_type(blocks, Table))
            case _ if len(blocks) == 1:
                for text in _texts_of(first):
                    self._write_text(text, _style_of(first), self.languages[0])
            case _:
                self._write_side_by_side(blocks)

    def _write_heading(self, headings: Sequence[Heading]) -> None:
        paragraph = self.word.add_heading("", headings[0].level)
        for position, heading in enumerate(headings):
            if position:
                paragraph.add_run(" · ")
            _add_run(paragraph, heading.text, self.languages[position])

    def _write_side_by_side(self, blocks: Sequence[Block]) -> None:
        table = self.word.add_table(rows=0, cols=len(blocks))
        for texts in zip(*map(_texts_of, blocks), strict=True):
            cells = table.add_row().cells
            for cell, text, language in zip(cells, texts, self.languages, strict=True):
                cell.paragraphs[0].style = _style_of(blocks[0])
                _add_run(cell.paragraphs[0], text, language)

    def _write_table(self, tables: Sequence[Table]) -> None:
        from docx.oxml import OxmlElement

        caption = join([table.caption for table in tables])
        self.word.add_paragraph(caption, style="Caption")
        columns = merge_columns(tables, self.languages)
        rows = 1 + len(tables[0].rows)
        table = self.word.add_table(rows=rows, cols=len(columns), style="Table Grid")
        # asked of the table again, the cells of a long table would take their square of time
        cells = table._cells
        for place, column in enumerate(columns):
            language = column.language or self.languages[0]
            for row, text in enumerate([column.header, *column.cells]):
                _fill(cells[row * len(columns) + place], text, language, bold=row == 0)
        # Word repeats such a row on each page, and reads it as the header
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _texts_of(block: Block) -> Sequence[str]:
    match block:
        case Paragraph(text):
            return [text]
        case Bullets(items):
            return items
    raise TypeError(block)


def _style_of(block: Block) -> str:
    return "List Bullet" if isinstance(block, Bullets) else "Normal"


def _fill(cell: "Cell", text: str, language: str, *, bold: bool) -> None:
    run = _add_run(cell.paragraphs[0], text, language)
    run.bold = bold or None


def _add_run(paragraph: "WordParagraph", text: str, language: str) -> "Run":
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.add_run(text)
    mark = OxmlElement("w:lang")
    mark.set(qn("w:val"), LOCALES[language])
    run._r.get_or_add_rPr().append(mark)
    return run


def _set_language(word: "WordDocument", locale: str) -> None:
    from docx.oxml.ns import qn

    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), locale)


def _turn_pages(word: "WordDocument") -> None:
    """Two languages side by side need the length of a page as its width."""
    from docx.enum.section import WD_ORIENT

    section = word.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width


def _number_pages(word: "WordDocument", page_of: str) -> None:
    """`page_of` has places for the page and for their number."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph = word.sections[0].footer.paragraphs[0]
    before, _, rest = page_of.partition("{page}")
    between, _, after = rest.partition("{pages}")
    for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        paragraph.add_run(text)
        if field:
            element = OxmlElement("w:fldSimple")
            element.set(qn("w:instr"), field)
            paragraph._p.append(element)
