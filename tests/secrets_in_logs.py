"""What the whole suite made the product log is searched, when all is over, for what no log may
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
    """From here on all that is logged in this process, written as the product writes it."""
    handler = logging.FileHandler(folder() / f"{worker}.collected", encoding="utf-8")
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)


def faults(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for what, pattern in NEVER.items():
            if found := re.search(pattern, line):
                yield f"{what} is in a log: {line[max(found.start() - 200, 0) : found.end() + 40]}"


def search() -> tuple[int, list[str]]:
    """The lines that there are, of the tests and of the processes that they started, and what they
    should not hold.
    """
    paths = [*folder().glob("*.collected"), *folder().glob("**/logs/*")]
    texts = [path.read_text(errors="replace") for path in paths if path.is_file()]
    return sum(text.count("\n") for text in texts), [
        fault for text in texts for fault in faults(text)
    ]
