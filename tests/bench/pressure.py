"""`python -m tests.bench.pressure [SECONDS]`: 32 connections on three pages in turn, while two
officials report.

Says what was answered and how fast, whether a word was lost, and how the memory of the web
processes moved. It needs `wrk`, starts its own servers and ends them.
"""

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests import servers
from tests.production.__main__ import Cleanups

PAGES = ("/", "/commitments/", "/actions/4.4/report/")
WRITERS = 2


def main(seconds: int) -> None:
    wrk = shutil.which("wrk") or sys.exit("wrk is not installed: apt-get install wrk")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    os.environ.pop("DATABASE_URL", None)
    with Cleanups() as cleanups:
        servers.start_all(cleanups, sqlite=False)
        press(wrk, seconds, cleanups)


def press(wrk: str, seconds: int, cleanups: ExitStack) -> None:
    from tests.faults.crowd import address, session
    from tests.faults.savers import saving
    from tests.faults.world import World, opened

    world = cleanups.enter_context(opened(World("pressure")))
    world.serve()
    assert world.web
    cookie = f"Cookie: session={session(address(0))}"
    before = memory(world.web.process.pid)
    with saving(world.url, WRITERS) as reports:
        for path in PAGES:
            command = [
                wrk,
                "-t2",
                "-c32",
                f"-d{seconds}s",
                "--timeout",
                "60s",
                "--latency",
                "-H",
                cookie,
            ]
            said = subprocess.run(
                [*command, world.url + path], capture_output=True, text=True, check=True
            ).stdout
            shown = re.findall(
                r"(?:50%|90%|99%|requests in|Socket errors|Non-2xx|Requests/sec).*", said
            )
            print(path, "; ".join(" ".join(line.split()) for line in shown), flush=True)
    after = memory(world.web.process.pid)
    accepted = sum(report.accepted for report in reports)
    kept = world.value(
        "SELECT count(*) FROM commitments_entrytext WHERE note LIKE 'Word %% of desk %%'"
    )
    slowest = max(answer.seconds for report in reports for answer in report.answers)
    print(
        f"{len(reports)} reports, {accepted} accepted, {kept} kept; the slowest took {slowest:.1f} s"
    )
    print(f"private memory of the web processes: {before} MiB before, {after} MiB after")


def memory(pid: int) -> int:
    """Private memory of a process and its children, in MiB."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = "".join(Path(f"/proc/{one}/smaps_rollup").read_text() for one in (pid, *found))
    return sum(int(size) for size in re.findall(r"Private_\w+:\s+(\d+) kB", lines)) // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
