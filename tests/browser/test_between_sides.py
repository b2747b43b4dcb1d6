"""The two sides settle an entry between them by mail, on one day and without the weekly digest."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from actionplan.local import environment
from actionplan.local.samples import PASSWORD
from tests.browser.test_journey import sign_in
from tests.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _as_it_was(site: Site) -> Iterator[None]:
    site.reset()
    yield


class Post:
    """The mails that the jobs of a site hand over."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder

    def run_jobs(self) -> None:
        for old in self.folder.iterdir():
            old.unlink()
        environ = self.site.environment(self.site.database)
        subprocess.run(
            [sys.executable, "manage.py", "run_due_jobs"],
            cwd=environment.BASE_DIR,
            env=environ | {"EMAIL_URL": f"file://{self.folder}"},
            check=True,
            capture_output=True,
        )

    def link(self, recipient: str, act: str) -> str:
        """That by which a notice of the last run leads its recipient to an act."""
        texts = [text for file in self.folder.iterdir() for text in _notices(file, recipient)]
        links = re.findall(rf"http\S+/register/\d+/{act}/", "\n".join(texts))
        assert len(links) == 1, texts
        return str(links[0])


def _notices(file: Path, recipient: str) -> Iterator[str]:
    """The texts of the mails to somebody; a file holds all of one connection."""
    for content in file.read_bytes().split(b"-" * 79):
        message = message_from_bytes(content.strip(), policy=policy.default)
        body = message.get_body(("plain",))
        if body is not None and recipient in str(message["To"]):
            yield body.get_content()


def save(page: Page, **fields: str) -> None:
    """Fill in the form that is shown, and record it."""
    for name, text in fields.items():
        page.locator(f"main [name={name}]").first.fill(text)
    page.locator("main form .btn-primary").first.click()
    expect(page.locator(".notice-success")).to_be_visible()


def test_a_dispute_a_question_its_answer_and_a_confirmation_take_minutes(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    post = Post(site, tmp_path)
    post.run_jobs()
    british, french = (
        browser.new_context(base_url=site.url, locale=locale).new_page()
        for locale in ("en-GB", "fr-FR")
    )
    began = time.monotonic()

    sign_in(british, "manager.gb")
    british.goto("/actions/2.4/")
    british.get_by_role("link", name=re.compile(r"^Dispute \d+")).first.click()
    save(british, reason="No such request has arrived in London.")
    post.run_jobs()

    # the mail leads to the form, by way of signing in
    french.goto(post.link("manager.fr", "ask"))
    french.get_by_label(re.compile("électronique")).fill("manager.fr@example.org")
    french.get_by_label(re.compile("Mot de passe")).fill(PASSWORD)
    french.keyboard.press("Enter")
    save(french, note="À quelle adresse l’attendez-vous ?")
    post.run_jobs()

    british.goto(post.link("manager.gb", "answer"))
    save(british, note="At the desk of the National Crime Agency.")
    british.goto("/actions/4.4/report/")
    british.get_by_label("started").first.check()
    save(british, note="The leaflets are handed out.")
    post.run_jobs()

    french.goto(post.link("manager.fr", "confirm"))
    save(french)
    seconds = time.monotonic() - began

    french.goto("/actions/4.4/")
    expect(french.locator("main")).to_contain_text("confirmation")
    print(f"the two sides were done after {seconds:.0f} s, three mails among them")
    assert seconds < 300
    for page in (british, french):
        page.context.close()
