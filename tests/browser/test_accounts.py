"""Accounts in the browser: an invitation, an organisation's own sign-in with real redirects, a
passkey; and axe.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.test_axe import faults
from tests.browser.test_journey import sign_in
from tests.identity import Provider
from tests.site import Site

pytestmark = pytest.mark.browser

PASSWORD = "four words of the tests"


class WithProvider(Site):
    """Under the name localhost, on which browsers know passkeys; its mails are files; the provider
    is another site.
    """

    def __init__(self, worker: str, provider: Provider) -> None:
        super().__init__(f"{worker}_accounts")
        self.url = f"http://localhost:{self.port}"
        self.provider, self.mail = provider, self.folder / "mail"

    def environment(self, database: str) -> dict[str, str]:
        more = {"EMAIL_URL": f"file://{self.mail}"} | self.provider.environment("GB")
        return super().environment(database) | more

    def link(self, address: str) -> str:
        """The one in the latest mail to an address."""
        mails = sorted(self.mail.glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        last = [text for file in mails if f"To: {address}" in (text := file.read_text())][-1]
        found = re.search(
            r"http://localhost:\d+/(?:invitation|sign-in)/[^\s\"<=]+", last.replace("=\n", "")
        )
        assert found, last
        return found[0]


@pytest.fixture(scope="module")
def site(worker: str) -> Iterator[WithProvider]:
    provider = Provider()
    site = WithProvider(worker, provider)
    try:
        site.start()
        yield site
    finally:
        site.stop()
        provider.stop()


@pytest.fixture
def administrator(page: Page, site: WithProvider) -> Page:
    site.reset()
    sign_in(page, "administrator")
    return page


@pytest.fixture
def invited(browser: Browser, site: WithProvider) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=site.url, locale="en-GB")
    yield context
    context.close()


def invite(administrator: Page, site: WithProvider, address: str, role: str) -> str:
    administrator.get_by_role("link", name="Accounts").click()
    administrator.get_by_role("link", name="Invite somebody").click()
    administrator.get_by_label("E-mail address").fill(address)
    administrator.get_by_label("Post", exact=False).first.fill("Deputy director")
    administrator.locator("[name=role]").select_option(role)
    administrator.locator("[name=side]").select_option("GB")
    administrator.get_by_role("button", name="Send the invitation").click()
    expect(administrator.get_by_text("The invitation is on its way")).to_be_visible()
    return site.link(address)


def at_the_provider(page: Page, subject: str) -> None:
    page.wait_for_url(re.compile("/authorize"))
    page.get_by_label("Who are you?").fill(subject)
    page.get_by_role("button", name="Sign in").click()


def test_an_invited_reader_signs_in_with_their_organisation_and_a_stranger_does_not(
    administrator: Page, site: WithProvider, invited: BrowserContext
) -> None:
    page = invited.new_page()
    page.goto(invite(administrator, site, "reader@ministry.example", "viewer"))
    page.get_by_role("button", name="Sign in with my organisation: United Kingdom").click()
    at_the_provider(page, "reader-1")
    expect(page.get_by_role("link", name="Deputy director")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    for subject, text in (
        ("stranger", "Accounts come by invitation"),
        ("reader-1", "Deputy director"),
    ):
        page.goto("/sign-in/")
        page.get_by_role("button", name="Sign in with my organisation: United Kingdom").click()
        at_the_provider(page, subject)
        expect(page.get_by_text(text, exact=subject == "reader-1")).to_be_visible()


def test_an_invited_manager_sets_up_a_passkey_first_and_signs_in_with_it(
    administrator: Page, site: WithProvider, invited: BrowserContext
) -> None:
    page = invited.new_page()
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    devtools = invited.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
    }
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": key | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    page.goto(invite(administrator, site, "director@ministry.example", "manager"))
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    expect(page.get_by_text("Your role requires a second factor")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Also sign in without a password").check()
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site.url}/plans/calais-2014/")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail address").fill("director@ministry.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{site.url}/plans/calais-2014/")
    assert errors == []


def test_a_forgotten_password_is_set_anew(site: WithProvider, page: Page) -> None:
    site.reset()
    page.goto("/sign-in/")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill("viewer@example.org")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    for _ in range(100):
        if site.mail.exists() and any(
            "To: viewer@" in file.read_text() for file in site.mail.glob("*.log")
        ):
            break
        page.wait_for_timeout(50)
    page.goto(site.link("viewer@example.org"))
    page.get_by_label("New password", exact=False).first.fill(PASSWORD)
    page.get_by_label("New password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail address").fill("viewer@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/plans/calais-2014/")


@pytest.mark.parametrize(
    ("locale", "width", "scheme"), [("en-GB", 1280, "light"), ("fr-FR", 390, "dark")]
)
def test_no_page_that_only_this_site_shows_has_a_fault_that_axe_can_see(
    browser: Browser, site: WithProvider, locale: str, width: int, scheme: str
) -> None:
    site.reset()
    looks: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    context = browser.new_context(base_url=site.url, locale=locale, **looks)
    page = context.new_page()
    seen = {}
    for path in ("/sign-in/", "/sign-in/with/gb/back/"):
        page.goto(path)
        seen[path] = faults(page)
    sign_in(page, "administrator")
    if locale == "fr-FR":
        page.get_by_role("button", name="Français").click()
    for path in ("/account/", "/account/factor/passkey/"):
        page.goto(path)
        seen[path] = faults(page)
    context.close()
    assert {path: found for path, found in seen.items() if found} == {}
