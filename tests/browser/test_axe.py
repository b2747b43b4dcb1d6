"""No page has a fault that axe can see, in either language, on a desk or a phone; none scrolls
sideways at 200 or 400 %.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import override
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from tests.browser.test_journey import enter
from tests.client import Client
from tests.site import Site

pytestmark = pytest.mark.browser

ONE_OF_EACH_KIND = (
    "/",
    "/commitments/",
    "/commitments/1/",
    "/actions/5.5/",
    "/mine/",
    "/mine/report/",
    "/actions/4.4/report/",
    "/actions/4.4/move/",
    "/actions/4.4/decide/",
    "/fund/",
    "/fund/spend/intervention/",
    "/text/",
    "/between/",
    "/meetings/",
    "/meetings/add/",
    "/term/",
    "/witnesses/",
    "/register/",
    "/register/98/",
    "/register/60/redact/",
    "/register/83/confirm/",
    "/register/83/dispute/",
    "/register/load/",
    "/digests/",
    "/accessibility/",
    "/tokens/",
    "/webhooks/",
    "/account/",
    "/account/password/",
    "/account/factor/",
    "/account/factor/app/",
)
PAGES = (
    *ONE_OF_EACH_KIND,
    "/commitments/?state=overdue&q=port",
    "/commitments/?q=zebra",
    "/actions/1.7/",
    "/actions/1.4/",
    "/actions/9.9/",
    "/fund/pay/1.2/",
    "/register/?q=zebra",
    "/register/60/",
    "/?on=2014-11-01&known=now",
    "/?on=x",
)
OF_A_SIDE = {
    "en": ("/fund/pay/1.2/", "/register/98/withdraw/"),
    "fr": ("/fund/pay/1.2-FR/", "/register/95/withdraw/"),
}
OF_ADMINISTRATORS = (
    "/load-plan/",
    "/accounts/",
    "/accounts/invite/",
    "/accounts/2/",
    "/accounts/2/correct/",
    "/accounts/2/erase/",
    "/digests/",
    "/digests/preview/?recipient=1&week=2015-01-05&language=en",
)
WITHOUT_ACCOUNT = (
    "/sign-in/",
    "/sign-in/forgotten/",
    "/sign-in/forgotten/sent/",
    "/invitation/x/",
    "/nothing/",
)
RULES = {
    # else each rule describes every element that it passes
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
}
AXE = Axe()
LANGUAGES = {"en": ("manager.gb", "en-GB"), "fr": ("manager.fr", "fr-FR")}


def faults(page: Page) -> list[str]:
    page.wait_for_load_state()
    found = AXE.run(page, options=RULES).response["violations"]
    seen = [
        f"{fault['id']}: {node['html'][:120]}" for fault in found for node in fault["nodes"][:2]
    ]
    return seen + (["scrolls sideways"] if sideways(page) else [])


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def sideways_enlarged(page: Page) -> list[int]:
    """At 200 and 400 % a window of 1280 has room for as many of the units of the style sheet."""
    found = []
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 900})
        found += [width] if sideways(page) else []
    return found


@contextmanager
def visitor(
    browser: Browser,
    site: Site,
    language: str,
    width: int = 1280,
    scheme: Any = "light",
    name: str = "",
) -> Iterator[Page]:
    manager, locale = LANGUAGES[language]
    size: Any = {"width": width, "height": 900}
    context = browser.new_context(
        base_url=site.url, locale=locale, viewport=size, color_scheme=scheme
    )
    page = context.new_page()
    enter(page, name or manager)
    yield page
    context.close()


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 1280, "light"), ("fr", 390, "dark")]
)
def test_no_page_has_a_fault_that_axe_can_see(
    browser: Browser, site: Site, language: str, width: int, scheme: str
) -> None:
    site.reset()
    seen: dict[str, Sequence[object]] = {}
    titles: dict[str, str] = {}
    with visitor(browser, site, language, width, scheme) as page:
        for path in (*OF_A_SIDE[language], *(PAGES if language == "fr" else ONE_OF_EACH_KIND)):
            response = page.goto(path)
            seen[path] = faults(page)
            titles |= {path: page.title()} if response and response.ok and "?" not in path else {}
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            seen[f"{path} opened"] = (
                faults(page) if path in ("/commitments/", "/actions/5.5/") else []
            )
            if language == "fr":
                seen[f"{path} enlarged"] = sideways_enlarged(page)
                page.set_viewport_size({"width": width, "height": 900})
    assert {path: found for path, found in seen.items() if found} == {}
    assert titles.keys() >= {*OF_A_SIDE[language], *ONE_OF_EACH_KIND}
    assert len(set(titles.values())) == len(titles)


def test_what_stands_against_a_form_has_no_fault_either(browser: Browser, site: Site) -> None:
    """Faults of the form, what it would change, a colleague's newer entry, and the session that has
    ended.
    """
    site.reset()
    seen = {}
    with visitor(browser, site, "fr", 390) as page:
        record, look = page.locator("form.fields .btn-primary"), page.locator("[name=preview]")
        page.goto("/actions/4.4/report/")
        record.click()
        seen["faults"] = faults(page)
        page.goto("/actions/4.4/report/")
        page.locator("[value=started]").check()
        page.locator("[name=day]").fill("octobre 2014")
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


@pytest.mark.parametrize(
    ("language", "button", "width", "scheme"),
    [("en", "English", 390, "dark"), ("fr", "Français", 1280, "light")],
)
def test_nor_has_what_administrators_see_and_who_is_not_signed_in(
    browser: Browser, site: Site, language: str, button: str, width: int, scheme: str
) -> None:
    site.reset()
    seen, titles = {}, []
    with visitor(browser, site, language, width, scheme, "administrator") as page:
        page.goto("/")
        page.get_by_role("button", name=button).click()
        for path in (*OF_ADMINISTRATORS, *WITHOUT_ACCOUNT):
            if path == WITHOUT_ACCOUNT[0]:
                page.context.clear_cookies()
            page.goto(path)
            seen[path] = faults(page)
            titles.append(page.title())
            assert page.locator("html").get_attribute("lang") == language, path
    assert {path: found for path, found in seen.items() if found} == {}
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_what_the_site_of_the_tests_never_shows_has_no_fault(
    browser: Browser,
    site: Site,
    client: Client,
    settings: Settings,
    rf: RequestFactory,
    language: str,
    scheme: Any,
) -> None:
    """The style guide and what stands for failures are made here and shown at an address of the
    site.
    """
    settings.DEBUG = True
    made = {
        "guide": client.get("/styleguide/", headers={"Accept-Language": language}).content.decode()
    }
    kept = {"typed_text": [("Note", "…")]}
    with override(language):
        for name in (
            "429.html",
            "500.html",
            "503.html",
            "actionplan/csrf.html",
            "no_plan.html",
        ):
            request = rf.get("/")
            request.user = AnonymousUser()
            made[name.split("/")[-1]] = render_to_string(
                name, kept, request if name not in ("500.html", "503.html") else None
            )
    context = browser.new_context(
        base_url=site.url, color_scheme=scheme, viewport={"width": 1280, "height": 900}
    )
    page, seen = context.new_page(), {}
    page.route(
        "**/made/*",
        lambda route: route.fulfill(
            body=made[route.request.url.split("made/")[1]], content_type="text/html"
        ),
    )
    for name in made:
        page.goto(f"/made/{name}")
        seen[name] = faults(page)
    context.close()
    assert {name: found for name, found in seen.items() if found} == {}
