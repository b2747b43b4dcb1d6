"""Until when the plan runs, and who proposes another day, for pages and mails."""

from dataclasses import dataclass
from datetime import date

from commitments.models import Entry
from commitments.pages.entries import readable_entries
from commitments.pages.page import Page
from commitments.register.histories import read_term


@dataclass(frozen=True)
class PageTerm:
    """`last_day` is None where the plan runs without end."""

    signed: date | None
    last_day: date | None
    is_over: bool
    proposals: list[Entry]

    @property
    def is_moved(self) -> bool:
        return self.signed != self.last_day


def term_of(page: Page) -> PageTerm:
    term = read_term(page.plan, page.on, page.known_day)
    entries = readable_entries(page).filter(number__in=term.proposed)
    return PageTerm(
        signed=term.signed,
        last_day=term.last_day,
        is_over=term.last_day is not None and page.on > term.last_day,
        proposals=list(entries.order_by("number")),
    )
