"""No page has a fault that axe can see, in either language, on a desk or a phone; none scrolls sideways at 400 %."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from tests.browser.test_journey import sign_in
from tests.site import Site

pytestmark = pytest.mark.browser

PAGES = (
    *("/", "/commitments/", "/commitments/?state=overdue&q=port", "/commitments/?q=zebra", "/commitments/1/"),
    *("/actions/5.5/", "/actions/1.7/", "/actions/4.4/report/", "/actions/4.4/move/", "/actions/4.4/decide/", "/mine/"),
    *("/fund/", "/fund/pay/1.2/", "/fund/spend/intervention/", "/text/", "/register/", "/register/?q=zebra"),
    *(
        "/register/60/",
        "/register/60/redact/",
        "/register/load/",
        "/digests/",
        "/accessibility/",
        "/?on=2014-11-01&known=now",
        "/?on=x",
    ),
    *("/actions/9.9/", "/fund/pay/1.2-FR/"),
)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
}
LANGUAGES = {"en": ("manager.gb", "en-GB"), "fr": ("manager.fr", "fr-FR")}


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    seen = [f"{fault['id']}: {node['html'][:120]}" for fault in found for node in fault["nodes"][:2]]
    return seen + (["scrolls sideways"] if sideways(page) else [])


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@contextmanager
def visitor(browser: Browser, site: Site, language: str, width: int = 1280, scheme: Any = "light") -> Iterator[Page]:
    name, locale = LANGUAGES[language]
    size: Any = {"width": width, "height": 900}
    context = browser.new_context(base_url=site.url, locale=locale, viewport=size, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, name)
    yield page
    context.close()


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fr", 390, "dark")])
def test_no_page_has_a_fault_that_axe_can_see(
    browser: Browser, site: Site, language: str, width: int, scheme: str
) -> None:
    site.reset()
    seen, titles = {}, {}
    with visitor(browser, site, language, width, scheme) as page:
        for path in PAGES:
            page.goto(path)
            seen[path] = faults(page)
            titles[path] = page.title()
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            seen[f"{path} opened"] = faults(page) if path in ("/commitments/", "/actions/5.5/") else []
    assert {path: found for path, found in seen.items() if found} == {}
    shown = [title for path, title in titles.items() if "?" not in path and "9.9" not in path and "-FR" not in path]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_stands_against_a_form_has_no_fault_either(browser: Browser, site: Site, language: str) -> None:
    """Faults of the form, what it would change, a colleague's newer entry, and the session that has ended."""
    site.reset()
    seen = {}
    with visitor(browser, site, language, 390) as page:
        record, look = page.locator("form.fields .btn-primary"), page.locator("[name=preview]")
        page.goto("/actions/4.4/report/")
        record.click()
        seen["faults"] = faults(page)
        page.goto("/actions/4.4/report/")
        page.locator("[value=started]").check()
        page.locator("[name=period]").fill("octobre 2014")
        look.click()
        seen["preview"] = faults(page)
        page.locator("[name=seen]").evaluate("field => field.value = 0")
        record.click()
        seen["newer"] = faults(page)
        assert page.locator("[name=anyway]").is_visible()
        page.context.clear_cookies(name="session")
        page.locator("[name=note]").fill("…")
        page.locator("form.fields .btn-primary").click()
        seen["expired"] = faults(page)
        page.context.clear_cookies()
        page.goto("/sign-in/")
        page.locator("main form .btn-primary").first.click()
        page.wait_for_load_state()
        seen["sign-in"] = faults(page)
    assert {name: found for name, found in seen.items() if found} == {}


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_the_parts_of_the_style_guide_have_no_fault(
    browser: Browser, site: Site, client: Client, settings: Settings, language: str, scheme: Any
) -> None:
    """The site has no debug mode, so the guide is made here and shown at its address."""
    settings.DEBUG = True
    guide = client.get("/styleguide/", headers={"Accept-Language": language}).content.decode()
    context = browser.new_context(base_url=site.url, color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.route("**/styleguide/", lambda route: route.fulfill(body=guide, content_type="text/html"))
    page.goto("/styleguide/")
    found = faults(page)
    context.close()
    assert found == []
