"""What a new manager asks first is answered within two clicks, on one screen, without scrolling."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_axe import visitor
from tests.site import Site

pytestmark = pytest.mark.browser

SCREEN = 800
MOST_CLICKS = 2


def check(page: Page, *answers: Locator) -> None:
    """That all of it stands on the screen as the page was opened."""
    assert page.evaluate("window.scrollY") == 0
    for answer in answers:
        expect(answer).to_be_in_viewport(ratio=1)


def test_five_questions_are_answered_within_two_clicks_and_one_screen(
    browser: Browser, site: Site
) -> None:
    site.reset()
    clicks = {}
    with visitor(browser, site, "en") as page:
        page.set_viewport_size({"width": 1280, "height": SCREEN})

        def follow(*links: Locator) -> int:
            """From the overview; the number of clicks."""
            page.goto("/")
            for link in links:
                expect(link).to_be_in_viewport()
                link.click()
            return len(links)

        decisions = page.locator(".decisions")
        worst = decisions.locator("tbody tr").first
        clicks["What is wrong, and whose turn is it?"] = follow()
        check(page, worst.get_by_text("overdue"), worst.get_by_text("Home Office").first)

        clicks["Is the money late?"] = follow(page.get_by_role("link", name="Fund", exact=True))
        check(page, page.get_by_text("in 78 days").first)

        clicks["What changed since last week?"] = follow(
            page.get_by_role("link", name="What has changed since 5 January 2015")
        )
        check(page, page.locator(".between-figures"), page.locator(".changes > li").first)

        clicks["Does the other side agree?"] = follow(
            decisions.get_by_role("link", name="Support improved joint returns")
        )
        check(page, page.locator(".sides").get_by_text("disputes").first)

        clicks["Where is this written?"] = follow(
            decisions.get_by_role("link", name="Work out the border control measures"),
            page.get_by_role("link", name="in the signed text"),
        )
        expect(page.locator(":target")).to_be_in_viewport()
    print(*(f"{count}  {question}" for question, count in clicks.items()), sep="\n")
    assert max(clicks.values()) <= MOST_CLICKS
