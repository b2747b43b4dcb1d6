"""No page has a fault that axe can see, in English on a desk and in French on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.test_journey import sign_in
from tests.site import Site

pytestmark = pytest.mark.browser

PAGES = (
    *("/", "/commitments/", "/commitments/?state=overdue&q=port", "/commitments/1/", "/actions/5.5/", "/actions/1.7/"),
    *("/actions/4.4/report/", "/actions/4.4/move/", "/actions/4.4/decide/", "/mine/", "/fund/", "/fund/pay/1.2/"),
    *("/fund/spend/intervention/", "/text/", "/register/", "/register/60/", "/register/60/redact/"),
    *("/register/load/", "/digests/"),
    *("/accessibility/", "/?on=2014-11-01&known=now", "/?on=x", "/actions/9.9/"),
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in found]


@pytest.mark.parametrize(
    ("name", "locale", "width", "scheme"),
    [("manager.gb", "en-GB", 1280, "light"), ("manager.fr", "fr-FR", 390, "dark")],
)
def test_no_page_has_a_fault_that_axe_can_see(
    browser: Browser, site: Site, name: str, locale: str, width: int, scheme: str
) -> None:
    site.reset()
    size = {"width": width, "height": 900}
    context = browser.new_context(base_url=site.url, locale=locale, viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/sign-in/")
    seen = {"/sign-in/": faults(page)}
    sign_in(page, name)
    for path in PAGES:
        if name == "manager.fr" and path == "/fund/pay/1.2/":
            continue
        page.goto(path)
        seen[path] = faults(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} scrolls sideways"
    context.close()
    assert {path: found for path, found in seen.items() if found} == {}
