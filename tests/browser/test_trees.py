"""What a screen reader is given of the four main pages: names, roles and states, kept as files.

Where a page changes on purpose, delete its file: the test writes it anew and fails once, so that
somebody reads it before it is committed.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_axe import visitor
from tests.site import Site

pytestmark = pytest.mark.browser

TREES = Path(__file__).parent / "trees"
PAGES = {
    "overview": "/",
    "action": "/actions/5.5/",
    "fund": "/fund/",
    "report": "/actions/2.5/report/",
}
# what goes by the real clock, and addresses, of which a tree holds those of links
LIVE = re.compile(r"^.*(?:Checked on|sign you out).*\n|^ *- /url: .*\n", re.MULTILINE)


def read_tree(page: Page) -> str:
    return LIVE.sub("", page.locator("body").aria_snapshot() + "\n")


@pytest.mark.parametrize("name", PAGES)
def test_the_tree_of_a_main_page_is_the_one_that_was_read(
    browser: Browser, site: Site, name: str
) -> None:
    site.reset()
    kept = TREES / f"{name}.yml"
    with visitor(browser, site, "en") as page:
        page.goto(PAGES[name])
        tree = read_tree(page)
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(tree)
        pytest.fail(f"{kept} is new: read it, then run this test again")
    assert tree == kept.read_text()
