"""With a keyboard alone, without colours of our own, and on paper."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser.test_axe import visitor
from tests.site import Site

pytestmark = pytest.mark.browser

# what has the focus: its words, and whether it can be seen and has an outline
FOCUS = """() => {
  const found = document.activeElement, box = found.getBoundingClientRect(), style = getComputedStyle(found)
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  return [found.innerText || found.name || found.id || '', box.width > 0 && outlined]
}"""


# what the margins leave of A4
PRINTED: ViewportSize = {"width": 703, "height": 1031}


def bottom(part: Locator) -> float:
    box = part.bounding_box()
    assert box
    return box["y"] + box["height"]


def walk(page: Page, steps: int) -> list[Any]:
    found = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        found.append(page.evaluate(FOCUS))
    return found


def test_the_focus_goes_in_order_can_be_seen_and_is_never_caught(
    browser: Browser, site: Site
) -> None:
    site.reset()
    with visitor(browser, site, "en") as page:
        page.goto("/commitments/")
        (first, _), *others = walk(page, 24)
        assert first == "Skip to content"
        assert [words for words, seen in others if not seen] == []
        names = [words for words, _ in others]
        assert (
            names.index("Overview")
            < names.index("Register")
            < names.index("q")
            < names.index("state")
        )
        page.goto("/commitments/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert walk(page, 1)[0][0] == "q"


def test_a_report_is_recorded_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    site.reset()
    with visitor(browser, site, "en") as page:
        page.goto("/actions/4.4/report/")
        page.get_by_label("progress").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("October 2014")
        page.keyboard.press("Tab")
        page.keyboard.type("First messages given out.")
        for _step in range(4):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Recorded as entry")).to_be_visible()
        expect(page.locator("main")).to_contain_text("First messages given out.")


def tab_to(page: Page, wanted: str) -> None:
    """Go on until the field with this name, or the button or link with these words, has the focus."""
    focused = ""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused, is_seen = page.evaluate(FOCUS)
        name = page.evaluate("document.activeElement.name")
        assert is_seen, focused
        if wanted in (focused, name):
            return
    raise AssertionError(f"{wanted} is not reached; the last was {focused}")


@pytest.mark.slow
def test_several_are_reported_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    """Its fault is found, its news is kept, and both rows become entries."""
    site.reset()
    with visitor(browser, site, "en", name="official.gb") as page:
        page.goto("/mine/")
        tab_to(page, "Report several at once")
        page.keyboard.press("Enter")
        page.wait_for_url("**/mine/report/**")
        tab_to(page, "r0-kind")
        page.keyboard.type("progress")
        tab_to(page, "r0-note")
        page.keyboard.type("The third lane is drawn.")
        tab_to(page, "r1-kind")
        page.keyboard.type("progress")
        tab_to(page, "Save reports")
        page.keyboard.press("Enter")
        expect(page.locator(".error-summary")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.name") == "r1-note"
        page.keyboard.type("Signs are up.")
        tab_to(page, "Save reports")
        page.keyboard.press("Enter")
        expect(page.get_by_text("as 2 entries of the register")).to_be_visible()


def test_a_fault_is_reached_from_the_summary_by_its_link(browser: Browser, site: Site) -> None:
    site.reset()
    with visitor(browser, site, "fr") as page:
        page.goto("/actions/4.4/move/")
        page.locator("form.fields .btn-primary").click()
        expect(page.locator(".error-summary")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.name") == "when"
        described = page.locator("[name=when]").get_attribute("aria-describedby") or ""
        assert page.locator("[name=when]").get_attribute("aria-invalid") == "true"
        assert any("error" in part for part in described.split())


def test_pages_hold_without_colours_of_ours_and_in_print(browser: Browser, site: Site) -> None:
    with visitor(browser, site, "fr") as page:
        page.emulate_media(forced_colors="active", reduced_motion="reduce")
        page.goto("/commitments/?state=overdue")
        shape = (
            "getComputedStyle(document.querySelector('table .state'), '::before').backgroundColor"
        )
        ground = "getComputedStyle(document.querySelector('table .state')).backgroundColor"
        assert page.evaluate(shape) != page.evaluate(ground)
        page.emulate_media(media="print", forced_colors="none")
        for path in ("/commitments/", "/actions/5.5/", "/fund/"):
            page.goto(path)
            assert (
                not page.locator("nav a, form.filter, .exports, .account")
                .locator("visible=true")
                .count()
            ), path
            assert page.locator(".state").first.is_visible()
        page.goto("/commitments/")
        expect(page.get_by_text("Page 1 sur 2")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_overview_answers_on_one_screen_and_prints_on_both_sides_of_one_sheet(
    browser: Browser, site: Site, language: str
) -> None:
    """Decisions and all commitments are on its front. On one page nothing of the timeline and of
    the week's changes would have room, and print cuts nothing.
    """
    site.reset()
    with visitor(browser, site, language) as page:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto("/")
        worst = page.locator(".decisions tbody tr").first
        assert bottom(worst) <= 800
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2
        page.emulate_media(media="print")
        page.set_viewport_size(PRINTED)
        assert bottom(page.locator(".decisions")) <= PRINTED["height"]
        assert bottom(page.locator("table.commitments")) <= PRINTED["height"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_on_a_phone_the_overview_ends_after_three_screens(
    browser: Browser, site: Site, language: str
) -> None:
    with visitor(browser, site, language, 390) as page:
        page.goto("/")
        assert page.evaluate("document.documentElement.scrollHeight") <= 2400


def test_nor_is_it_longer_for_an_administrator_who_reads_french(
    browser: Browser, site: Site
) -> None:
    """With the tasks of the site, in the longer of both languages."""
    site.reset()
    with visitor(browser, site, "fr", 390, name="administrator") as page:
        page.goto("/")
        page.get_by_role("button", name="Français").click()
        expect(page.get_by_role("heading", name="Situation du plan")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollHeight") <= 2400
    site.reset()


COPIED = """async table => {
  const range = document.createRange(), selection = getSelection()
  range.selectNode(table)
  selection.removeAllRanges()
  selection.addRange(range)
  document.execCommand('copy')
  const [item] = await navigator.clipboard.read()
  return Promise.all(['text/plain', 'text/html'].map(async type => (await item.getType(type)).text()))
}"""


def test_a_copied_table_is_a_table_without_what_nobody_sees(browser: Browser, site: Site) -> None:
    """Word and Excel take the HTML, others the text with its tabs."""
    with visitor(browser, site, "en") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto("/commitments/")
        text, html = page.locator("table").first.evaluate(COPIED)
        assert re.search(r"^Action\s*\tStatus\s*\t", text, re.MULTILINE)
        assert "↕" not in text + html
        assert html.count("<tr") == page.locator("table").first.locator("tr").count()
        assert 'scope="col"' in html
        page.goto("/actions/5.5/")
        text, _html = page.locator("table").first.evaluate(COPIED)
        assert "Confirm" not in text
