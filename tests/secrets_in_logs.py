"""What the product logged during all tests is searched, when they have ended, for what no log may
hold.
"""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

# a text that tests put into notes and reasons, and nowhere else
NOTED = "zz-noted"
NEVER = {
    "an address of a person": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b",
    "a personal token": r"actp_[\w-]{20,}",
    "a signed link": r"[\w-]{3,}:[\w-]{6}:[\w-]{43}\b",
    "a session": r"(?<![\w/-])(?=[a-z0-9]*[g-z])(?=[a-z0-9]*\d)[a-z0-9]{32}(?![\w-])",
    "a password": r"four words of the tests|sample-password|password['\"]?\s*[:=]\s*['\"][^'\"]",
    "what somebody wrote": NOTED,
}


def folder() -> Path:
    return Path(os.environ["ACTIONPLAN_TEST_FOLDER"])


def collect(worker: str) -> None:
    """Keep what this process logs from now on, in the form in which the product logs it."""
    handler = logging.FileHandler(folder() / f"{worker}.collected", encoding="utf-8")
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)


def find_secrets(text: str) -> Iterator[str]:
    """What stands in this text and should not, with a little of its line."""
    for line in text.splitlines():
        for name, pattern in NEVER.items():
            match = re.search(pattern, line)
            if match:
                excerpt = line[max(match.start() - 200, 0) : match.end() + 40]
                yield f"{name} is in a log: {excerpt}"


def search() -> tuple[int, list[str]]:
    """The number of lines logged by the tests and by the processes that they started, and the
    secrets in them.
    """
    paths = [*folder().glob("*.collected"), *folder().glob("**/logs/*")]
    texts = [path.read_text(errors="replace") for path in paths if path.is_file()]
    number = sum(text.count("\n") for text in texts)
    return number, [secret for text in texts for secret in find_secrets(text)]
