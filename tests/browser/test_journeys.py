"""The journeys that the product is for, each with what it may cost at most."""

import re
import time
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_journey import sign_in
from tests.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _as_it_was(site: Site) -> Iterator[None]:
    site.reset()
    yield


class Counted:
    """A page on which every act is counted: a click, a choice, a text typed, a key pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.acts = page, 0

    def click(self, role: str, name: str | re.Pattern[str]) -> None:
        self.acts += 1
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    def choose(self, label: str) -> None:
        self.acts += 1
        self.page.get_by_label(label).first.check()

    def type(self, label: str, text: str) -> None:
        self.acts += 1
        self.page.get_by_label(label).fill(text)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("official.gb", ("My actions", "Report 1.6", "progress", "Details", "Save report")),
        (
            "official.fr",
            (
                "Mes actions",
                "Rendre compte 1.6",
                "avancement",
                "Précisions",
                "Enregistrer le compte rendu",
            ),
        ),
    ],
)
def test_an_official_reports_in_eight_acts_and_under_a_minute(
    page: Page, name: str, words: tuple[str, ...]
) -> None:
    """Address, password and Enter are three of the eight."""
    mine, report, kind, note, record = words
    began = time.monotonic()
    sign_in(page, name)
    official = Counted(page)
    official.click("link", mine)
    official.click("link", report)
    official.choose(kind)
    official.type(note, "Two quotes received.")
    official.click("button", re.compile(f"^{record}$"))
    expect(page.locator(".notice-success")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Two quotes received.")
    assert 3 + official.acts <= 8
    assert time.monotonic() - began < 60


def test_a_manager_finds_why_a_figure_is_what_it_is_in_three_clicks(page: Page) -> None:
    """From the number of overdue actions to the entry, its post, its source and the signed words."""
    sign_in(page, "manager.gb")
    manager = Counted(page)
    number = page.get_by_role("link", name=re.compile("^overdue")).first.inner_text()
    manager.click("link", re.compile("^overdue"))
    count = re.compile(rf"^\s*{number.split()[-1]}\b")
    expect(page.get_by_role("status").filter(has_text=count)).to_be_visible()
    manager.click("link", "Work out the border control measures")
    expect(page.locator(".signed")).to_contain_text("before the end of the year")
    expect(page.locator(".facts").first).to_contain_text("9 days later")
    manager.click("link", re.compile(r"^entry \d+"))
    expect(page.locator("main")).to_contain_text("Source")
    expect(page.get_by_text("Previous fingerprint")).to_be_visible()
    assert manager.acts <= 3


def test_a_reader_compares_two_dates(page: Page) -> None:
    sign_in(page, "viewer")
    page.goto("/actions/2.5/")
    today = page.locator("main .state").first.inner_text()
    reader = Counted(page)
    page.locator("details.day summary").click()
    reader.type("Show the plan as it stood on", date(2014, 12, 10).isoformat())
    reader.click("button", "Show this day")
    expect(
        page.get_by_text("You see the plan as it stood on 10 December 2014, as known on that day.")
    ).to_be_visible()
    then = page.locator("main .state").first.inner_text()
    assert (then, today) == ("upcoming", "overdue") or (then, today) == ("due soon", "overdue")
    reader.click("link", re.compile("^Commitments$"))
    assert "on=2014-12-10" in page.url
    reader.click("link", "Back to today")
    assert "on=" not in page.url
