"""`python -m tests.bench.verification 100000`: how long `verify_register` takes for a register of so
many entries on 1,001 actions, on SQLite: the chain alone, and with all that is derived from it.

Processor time is what the command itself took, on a busy machine as well.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.bench import story

ACTIONS = 1_000
# a file may have some more, and 4 MiB
ROWS_OF_A_FILE = 15_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", type=int, help="about so many, as each action has its terms too")
    entries = parser.parse_args().entries
    with tempfile.TemporaryDirectory(prefix="actionplan-verification-") as name:
        folder = Path(name)
        environ = _environment(folder)
        _make_register(folder, environ, entries)
        for options in (["--chain"], []):
            _measure(environ, "verify_register", *options)


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ACTIONPLAN_TODAY": story.TODAY.isoformat(),
        "ACTIONPLAN_TRIAL": "1",
        "CHECKPOINT_KEY": str(folder / "checkpoint.key"),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "files"),
        "SECRET_KEY": "the-key-of-a-site-that-lives-for-one-run-only",
        "SITE_URL": "http://127.0.0.1:8000",
    }


def _make_register(folder: Path, environ: dict[str, str], entries: int) -> None:
    plan, reports = folder / "plan.toml", folder / "entries.csv"
    plan.write_text(story.plan_file(ACTIONS, story.SLUG))
    _manage(environ, "migrate", "-v0")
    _manage(environ, "load_plan", str(plan))
    # one entry of each action states its terms
    header, *rows = story.entries_file(ACTIONS, each=entries // ACTIONS - 1).splitlines(True)
    for first in range(0, len(rows), ROWS_OF_A_FILE):
        reports.write_bytes(header + b"".join(rows[first : first + ROWS_OF_A_FILE]))
        _manage(environ, "load_entries", "--plan", story.SLUG, str(reports))
    _manage(environ, "flag_overdue")


def _measure(environ: dict[str, str], *command: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = perf_counter()
    printed = _manage(environ, *command)
    seconds = perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{' '.join(command)}: {seconds:.0f} s, {processor:.0f} s of processor time")
    print(printed.strip(), flush=True)


def _manage(environ: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


if __name__ == "__main__":
    main()
