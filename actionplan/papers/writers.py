"""What papers can be written, where the optional packages are installed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec

from django.utils import translation

from actionplan.between.content import TwoDays, compare, two_days
from actionplan.papers.content import make_document
from actionplan.papers.document import Document
from actionplan.papers.docx_writer import write_docx
from actionplan.papers.pdf_writer import write_pdf
from commitments.pages.page import Page

WRITERS = {"docx": write_docx, "pdf": write_pdf}
PACKAGES = {"docx": "docx", "pdf": "typst"}
CONTENT_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
LANGUAGES = {"en": ["en"], "fr": ["fr"], "both": ["en", "fr"]}
LENGTHS = ("full", "short")


def can_write_papers() -> bool:
    """Whether the optional packages are here (`papers` in pyproject.toml)."""
    return all(find_spec(package) for package in PACKAGES.values())


@dataclass(frozen=True)
class PaperChoice:
    """Which paper: its values are those of the address."""

    earlier: date
    later: date
    is_corrected: bool
    format: str
    language: str
    length: str

    @property
    def days_query(self) -> dict[str, str]:
        query = {"from": self.earlier.isoformat(), "to": self.later.isoformat()}
        if self.is_corrected:
            query["known"] = "now"
        return query

    @property
    def query(self) -> dict[str, str]:
        return {
            **self.days_query,
            "format": self.format,
            "language": self.language,
            "length": self.length,
        }

    @classmethod
    def from_query(cls, query: dict[str, str]) -> "PaperChoice":
        return cls(
            earlier=date.fromisoformat(query["from"]),
            later=date.fromisoformat(query["to"]),
            is_corrected="known" in query,
            format=query["format"],
            language=query["language"],
            length=query["length"],
        )

    def days(self, page: Page) -> TwoDays:
        return two_days(page, self.earlier, self.later, corrected=self.is_corrected)

    def file_name(self, slug: str) -> str:
        return f"{slug}-{self.earlier}-{self.later}.{self.format}"


def write_paper(
    page: Page, choice: PaperChoice, tell_progress: Callable[[int], None] = lambda percent: None
) -> bytes:
    """For a reader with the rights of the page; `tell_progress` is called after each step."""
    languages = LANGUAGES[choice.language]
    steps = 2 * len(languages) + 1
    documents: list[Document] = []
    for number, language in enumerate(languages):
        # an entry's words are described in the reader's language
        with translation.override(language):
            comparison = compare(choice.days(page))
            tell_progress(100 * (2 * number + 1) // steps)
            documents.append(
                make_document(comparison, language=language, full=choice.length == "full")
            )
        tell_progress(100 * (2 * number + 2) // steps)
    return WRITERS[choice.format](documents)
