"""`python -m tests.screenshots [FOLDER]`: a picture of each page with the sample entries, for docs/images."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DESK, PHONE = 1280, 390
# the name of a picture, the page, who looks
PAGES = (
    ("overview", "/", "manager"),
    ("overview-past", "/?on=2014-11-01", "manager"),
    ("list", "/commitments/?state=overdue&state=due&attention=stale", "manager"),
    ("list-all", "/commitments/", "official"),
    ("list-none", "/commitments/?q=zebra", "official"),
    ("commitment", "/commitments/1/", "manager"),
    ("action", "/actions/5.5/", "manager"),
    ("action-moved", "/actions/2.5/", "manager"),
    ("report", "/actions/4.4/report/", "official"),
    ("move", "/actions/4.4/move/", "manager"),
    ("mine", "/mine/", "official"),
    ("fund", "/fund/", "manager"),
    ("text", "/text/", "official"),
    ("register", "/register/", "manager"),
    ("entry", "/register/60/", "manager"),
    ("load-entries", "/register/load/", "manager"),
    ("digests", "/digests/", "manager"),
    ("about", "/accessibility/", "official"),
    ("not-found", "/actions/9.9/", "official"),
)
# small enough to be kept with the documentation: on a telephone only what people use there
ON_A_PHONE = {"overview", "list", "action", "report", "mine"}
IN_FRENCH = {"overview", "list", "action", "report", "fund", "text"}


@contextmanager
def a_site() -> Iterator[str]:
    """The address of a site of its own, on SQLite, with the samples."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "ACTIONPLAN_TEST_FOLDER": folder,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "actionplan.settings",
            "SECRET_KEY": "only-for-pictures-of-samples-on-this-machine",
            "STATIC_ROOT": f"{folder}/static",
        }
        import django

        django.setup()
        from tests.site import Site

        site = Site("pictures")
        try:
            site.start()
            yield site.url
        finally:
            site.stop()


def small(picture: bytes) -> bytes:
    """The same with a palette: a page has few colours."""
    from PIL import Image

    content = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(48, dither=Image.Dither.NONE).save(
        content, "PNG", optimize=True
    )
    return content.getvalue()


def take(folder: Path, chosen: set[str], *, everything: bool) -> None:
    from playwright.sync_api import sync_playwright

    from tests import chromium

    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with a_site() as url, sync_playwright() as playwright:
        from tests.browser.test_journey import sign_in

        browser = playwright.chromium.launch(executable_path=chromium.find(), args=[*chromium.FLAGS, *root])
        for language, side in (("en", "gb"), ("fr", "fr")):
            for width in (DESK, PHONE):
                for role in ("manager", "official"):
                    context = browser.new_context(
                        base_url=url, locale=language, viewport={"width": width, "height": 800}
                    )
                    page = context.new_page()
                    sign_in(page, f"{role}.{side}")
                    for name, path, who in PAGES:
                        wanted = (width == DESK or name in ON_A_PHONE) and (language == "en" or name in IN_FRENCH)
                        if who == role and (wanted or everything) and (not chosen or name in chosen):
                            page.goto(path)
                            file = folder / f"{name}-{language}{'' if width == DESK else '-phone'}.png"
                            file.write_bytes(small(page.screenshot(full_page=True)))
                    context.close()
        browser.close()


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--all"]
    target = Path(arguments[0] if arguments else Path(__file__).parent.parent / "docs" / "images")
    target.mkdir(parents=True, exist_ok=True)
    take(target, set(arguments[1:]), everything="--all" in sys.argv)
