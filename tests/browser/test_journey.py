"""An official of one side reports in the browser, and every page says so, in both languages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from actionplan.local import samples
from tests import hostile
from tests.faults.crowd import session
from tests.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _as_it_was(site: Site) -> Iterator[None]:
    site.reset()
    yield


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label(re.compile("E-mail|électronique")).fill(f"{name}@example.org")
    page.get_by_label(re.compile("Password|Mot de passe")).fill(samples.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/plans/[^/]+/$"))


def enter(page: Page, name: str) -> None:
    """In the session that the site was made with: no password is hashed, no page is loaded."""
    key = session(f"{name}@example.org")
    page.context.add_cookies(
        [{"name": "session", "value": key, "domain": "127.0.0.1", "path": "/"}]
    )


def choose(page: Page, language: str) -> None:
    page.get_by_role("button", name=language).click()


def states(page: Page) -> dict[str, str]:
    """What the three pages say of 4.4, and of its commitment."""
    page.goto("/")
    row = page.get_by_role("row").filter(has=page.locator("a[href*='/commitments/4/']"))
    overview = row.inner_text()
    page.goto("/commitments/?q=4.4")
    listed = page.locator("table .state").first.inner_text()
    page.goto("/actions/4.4/")
    return {
        "overview": overview,
        "list": listed,
        "action": page.locator("main .state").first.inner_text(),
    }


def test_a_british_official_reports_4_4_as_started_and_every_page_says_so(page: Page) -> None:
    enter(page, "official.gb")
    before = states(page)
    assert "met late" in before["overview"]
    assert before["list"] == before["action"] == "met late"
    page.get_by_role("link", name="Report", exact=True).click()
    page.get_by_label("started").check()
    page.get_by_label("Date it happened").fill("2014-10-29")
    page.get_by_label("Details").fill("First messages given out in the port.")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("If you save, the status will be:")).to_be_visible()
    page.get_by_role("button", name="Save report", exact=True).click()
    expect(page.get_by_text(re.compile("Recorded as entry"))).to_be_visible()
    after = states(page)
    assert "met late" not in after["overview"]
    assert after["list"] == after["action"] == "met"
    choose(page, "Français")
    french = states(page)
    assert french["list"] == french["action"] != "met"
    expect(page.get_by_text("First messages given out in the port.")).to_be_visible()


def test_an_official_reports_with_a_photo_and_a_manager_downloads_it(
    page: Page, site: Site, tmp_path: Path
) -> None:
    photo = tmp_path / "Calais port.jpg"
    photo.write_bytes(hostile.photo())
    enter(page, "official.gb")
    page.goto("/actions/4.4/report/")
    page.get_by_label("progress").check()
    page.get_by_label("Files as evidence").set_input_files(photo)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label(re.compile("Calais port.jpg"))).to_be_checked()
    page.get_by_role("button", name="Save report", exact=True).click()
    browser = page.context.browser
    assert browser
    manager = browser.new_context(base_url=site.url).new_page()
    enter(manager, "manager.gb")
    manager.goto("/actions/4.4/")
    with manager.expect_download() as download:
        manager.locator("#h-evidence + ul").get_by_role("link", name="Calais port.jpg").click()
    content = download.value.path().read_bytes()
    assert download.value.suggested_filename == "Calais port.jpg"
    assert (content[:3], b"Secret" in content) == (b"\xff\xd8\xff", False)
    manager.context.close()


def test_a_colleague_who_saved_first_is_shown_before_my_entry_is_recorded(
    page: Page, site: Site
) -> None:
    enter(page, "official.gb")
    page.goto("/actions/4.4/report/")
    page.get_by_label("progress").check()
    page.get_by_label("Details").fill("Mine, kept.")
    browser = page.context.browser
    assert browser
    other = browser.new_context(base_url=site.url).new_page()
    enter(other, "official.fr")
    other.goto("/actions/4.4/report/")
    other.locator("[name=kind][value=progress]").check()
    other.locator("[name=note]").fill("Theirs, first.")
    other.locator("main form button.btn-primary").click()
    other.context.close()
    page.get_by_role("button", name="Save report", exact=True).click()
    expect(page.get_by_text("Theirs, first.")).to_be_visible()
    expect(page.get_by_label("Details")).to_have_value("Mine, kept.")
    page.get_by_role("button", name="Save anyway").click()
    expect(page.get_by_text("Mine, kept.")).to_be_visible()


def test_a_british_official_has_no_way_to_report_for_the_french_side(page: Page) -> None:
    enter(page, "official.gb")
    response = page.goto("/actions/5.5/report/")
    assert response and response.status == 403
