"""Finds the browser of the tests, or says in one line why there is none to use and what to install.

`python -m tests.chromium` installs one where there is none.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING_LIBRARY = re.compile(r"(lib[\w+-]+)\.so\.(\d+): cannot open shared object file")
NO_BROWSER = (
    "there is no Chromium or Chrome here: install one (on Debian, as root: apt-get install chromium) "
    "or give its path in CHROMIUM"
)


def find(playwright: Playwright) -> str:
    """The path of a browser: the system's, else playwright's own; empty where there is none."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        path = shutil.which(name)
        if path and not _is_snap(path):
            return path
    path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def _is_snap(path: str) -> bool:
    """Ubuntu's package is a script that calls a snap, which cannot read our folders."""
    with Path(path).resolve().open("rb") as file:
        return "/snap/" in path or b"snap" in file.read(4096)


def launch(playwright: Playwright) -> Browser:
    # Chromium's sandbox refuses to run as root
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return playwright.chromium.launch(executable_path=find(playwright), args=list(flags))


def find_obstacle() -> str:
    """Why no browser can be started here, in one line; empty where one can."""
    driver = subprocess.run(
        [sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True
    )
    if driver.returncode:
        return f"playwright does not start: {_explain(driver.stderr)}"
    with sync_playwright() as playwright:
        if not find(playwright):
            return NO_BROWSER
        try:
            launch(playwright).close()
        except Error as error:
            return f"Chromium does not start: {_explain(str(error))}"
    return ""


def _explain(output: str) -> str:
    """The line that says which library is missing, with the package to install, else the last."""
    missing = MISSING_LIBRARY.search(output)
    if missing:
        library, version = missing.groups()
        package = f"{library}{version}".lower()
        return f"{library}.so.{version} is missing (on Debian, as root: apt-get install {package})"
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it gives no reason"


def install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environ)
        packages = ["chromium", "fonts-dejavu-core", "libatomic1"]
        subprocess.run(
            ["apt-get", "install", "-qq", "--no-install-recommends", *packages], env=environ
        )
    if find_obstacle() == NO_BROWSER:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    if find_obstacle():
        install()
