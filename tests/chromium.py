"""Finds the browser of the tests; `python -m tests.chromium` installs it where there is none, or
exits 1.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str:
    """Its path, empty where there is none."""
    given = os.environ.get("CHROMIUM", "")
    found = [
        path
        for name in (given, *NAMES)
        if name and (path := shutil.which(name)) and not _is_snap(path)
    ]
    return next(iter(found), "") or _of_playwright()


def _is_snap(path: str) -> bool:
    """Ubuntu's package is a script that calls a snap, which reads no folder of ours."""
    with Path(path).resolve().open("rb") as file:
        return "/snap/" in path or b"snap" in file.read(4096)


def _of_playwright() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet)
        packages = ["chromium", "fonts-dejavu-core"]
        subprocess.run(
            ["apt-get", "install", "-qq", "--no-install-recommends", *packages], env=quiet
        )
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    if not find():
        install()
    sys.exit(0 if find() else 1)
