"""`python -m tests.screenshots [FOLDER [NAME …]] [--all | --plans]`: pictures of pages with the
sample entries.

Without arguments the few that docs/explanation/tour.md shows, into docs/images/; with `--all` every
page below, in both languages and both widths; with `--plans` reading pages of plans that are not
like the samples, in three widths, light and dark, and the names of those that scroll sideways.
"""

import io
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import FloatRect, Page, sync_playwright

from tests import chromium
from tests.plans import toml
from tests.site import Site
from tests.unusual_plans import UNUSUAL_PLANS

ROOT = Path(__file__).parent.parent
DESK, TABLET, PHONE = 1280, 768, 390
# longer pages are cut off there, unless all of them are taken
HIGHEST = 1200
# the name of a picture, the page, who looks
PAGES = (
    ("overview", "/", "manager"),
    ("overview-past", "/?on=2014-11-01", "manager"),
    ("list", "/commitments/?state=overdue&state=due&state=due-soon", "manager"),
    ("list-all", "/commitments/", "official"),
    ("list-none", "/commitments/?q=zebra", "official"),
    ("commitment", "/commitments/1/", "manager"),
    ("action", "/actions/5.5/", "manager"),
    ("action-moved", "/actions/2.5/", "manager"),
    ("report", "/actions/2.5/report/", "official"),
    ("move", "/actions/4.4/move/", "manager"),
    ("mine", "/mine/", "official"),
    ("fund", "/fund/", "manager"),
    ("text", "/text/", "official"),
    ("register", "/register/", "manager"),
    ("entry", "/register/60/", "manager"),
    ("load-entries", "/register/load/", "manager"),
    ("digests", "/digests/", "manager"),
    (
        "digest",
        "/digests/preview/?week=2015-01-05&language=LANGUAGE&recipient=RECIPIENT",
        "administrator",
    ),
    ("about", "/accessibility/", "official"),
    ("not-found", "/actions/9.9/", "official"),
)
# of a plan that is not like the samples
READING_PAGES = (
    ("overview", ""),
    ("list", "commitments/"),
    ("action", "actions/1.1/"),
    ("fund", "fund/"),
    ("between", "between/"),
    ("text", "text/"),
)
# small enough to be kept with the documentation
SHOWN = {"overview", "list", "action", "report", "fund", "text", "register", "digest"}
ON_A_PHONE = {"overview", "report"}


@contextmanager
def a_site(prepare: Callable[[Site], None] | None = None) -> Iterator[str]:
    """The address of a site of its own, on SQLite, with the samples and what `prepare` adds."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "ACTIONPLAN_TEST_FOLDER": folder,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "EMAIL_URL": f"file://{folder}/mail",
            "DJANGO_SETTINGS_MODULE": "actionplan.settings",
            "SECRET_KEY": "only-for-pictures-of-samples-on-this-machine",
            "STATIC_ROOT": f"{folder}/static",
        }
        import django

        django.setup()
        site = Site("pictures")
        try:
            site.start()
            if prepare:
                prepare(site)
            run_command(site, "run_due_jobs")
            yield site.url
        finally:
            site.stop()


def run_command(site: Site, *command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=site.environment(site.database),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def small(picture: bytes) -> bytes:
    """The same with a palette: a page has few colours. An octree keeps the rare ones, of which the
    median cut makes grey ones.
    """
    from PIL import Image

    palette = Image.Quantize.FASTOCTREE
    drawn = Image.open(io.BytesIO(picture)).convert("RGB")
    content = io.BytesIO()
    drawn.quantize(48, method=palette, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
    return content.getvalue()


def of_the_manager(page: Page, path: str, language: str) -> str:
    """The address of the digest of a side's manager, whom the page of the administrator knows by
    number.
    """
    page.goto("/digests/")
    post = "Director," if language == "en" else "Directrice,"
    option = page.locator("select[name=recipient] option", has_text=post)
    return path.replace("LANGUAGE", language).replace(
        "RECIPIENT", option.get_attribute("value") or ""
    )


def take(folder: Path, chosen: set[str], *, everything: bool) -> None:
    with a_site() as url, sync_playwright() as playwright:
        from tests.browser.test_journey import sign_in

        # the fields of days and files are the browser's own, in the language in which it is
        # installed
        browser = chromium.launch(playwright)
        for language, side in (("en", "gb"), ("fr", "fr")):
            for width in (DESK, PHONE):
                for role in ("manager", "official", "administrator"):
                    context = browser.new_context(
                        base_url=url, locale=language, viewport={"width": width, "height": 800}
                    )
                    page = context.new_page()
                    sign_in(page, role if role == "administrator" else f"{role}.{side}")
                    for name, path, who in PAGES:
                        wanted = name in (SHOWN if width == DESK else ON_A_PHONE)
                        if who == role and (everything or (name in chosen if chosen else wanted)):
                            page.goto(
                                path if name != "digest" else of_the_manager(page, path, language)
                            )
                            file = (
                                folder / f"{name}-{language}{'' if width == DESK else '-phone'}.png"
                            )
                            whole = page.evaluate("document.documentElement.scrollHeight")
                            height = whole if everything else min(whole, HIGHEST)
                            clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
                            file.write_bytes(small(page.screenshot(full_page=True, clip=clip)))
                    context.close()
        browser.close()


def load_unusual_plans(site: Site) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for tree in UNUSUAL_PLANS:
            file = Path(folder) / f"{tree['plan']['slug']}.toml"
            file.write_text(toml(tree))
            run_command(site, "load_plan", str(file))


def take_unusual_plans(folder: Path) -> None:
    with a_site(load_unusual_plans) as url, sync_playwright() as playwright:
        from tests.browser.test_journey import sign_in

        browser = chromium.launch(playwright)
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for width, scheme in itertools.product((DESK, TABLET, PHONE), schemes):
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            page = context.new_page()
            sign_in(page, "administrator")
            for tree, (name, path) in itertools.product(UNUSUAL_PLANS, READING_PAGES):
                slug = tree["plan"]["slug"]
                page.goto(f"/plans/{slug}/{path}")
                file = folder / f"{slug}-{name}-{width}-{scheme}.png"
                page.screenshot(path=file, full_page=True)
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    print(f"{file.name} scrolls sideways")
            context.close()
        browser.close()


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    target = Path(arguments[0] if arguments else ROOT / "docs" / "images")
    target.mkdir(parents=True, exist_ok=True)
    if "--plans" in sys.argv:
        take_unusual_plans(target)
    else:
        take(target, set(arguments[1:]), everything="--all" in sys.argv)
