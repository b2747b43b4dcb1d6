"""`./dev bench`: the measurements of docs/reference/performance.md, on servers and data of its own."""

import argparse
import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from actionplan.local import environment
from tests.bench import cases, report, runner
from tests.bench.site import LARGEST_LOADED, Servers, World
from tests.servers import Postgres

LARGEST, ROUNDS = 100_000, 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev bench", description=__doc__)
    parser.add_argument(
        "--case", action="append", default=[], metavar="NAME", help="only this one; repeat for more"
    )
    parser.add_argument(
        "--largest", type=_size, default=LARGEST, help=f"actions of rows about size: {LARGEST:,}"
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"interleaved rounds, else {ROUNDS}"
    )
    parser.add_argument(
        "--before", type=Path, metavar="FOLDER", help="a checkout to measure beside this one"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the samples go as well")
    options = parser.parse_args()
    unknown = sorted(set(options.case) - set(cases.CASES))
    if unknown:
        parser.error(f"there is no case {unknown[0]}: give one of {', '.join(cases.CASES)}")
    return options


def _size(text: str) -> int:
    size = int(text.replace("_", ""))
    if size < LARGEST_LOADED or size % LARGEST_LOADED:
        raise argparse.ArgumentTypeError(f"give a multiple of {LARGEST_LOADED}")
    return size


@contextlib.contextmanager
def start_servers() -> Iterator[Servers]:
    """A folder, a database server and a mail server, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="actionplan-bench-"))
    # PostgreSQL as nobody must be able to pass
    folder.chmod(0o711)
    (folder / "postgres").mkdir()
    postgres = Postgres(folder / "postgres")
    mail = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.smtp"], stdout=subprocess.PIPE, text=True
    )
    try:
        postgres.start()
        assert mail.stdout
        yield Servers(folder, postgres.url(), int(mail.stdout.readline()))
    finally:
        mail.terminate()
        mail.wait()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    start = perf_counter()
    with start_servers() as servers, contextlib.ExitStack() as stack:
        worlds = [World(servers, environment.BASE_DIR, "now", largest=options.largest)]
        if options.before:
            worlds.append(
                World(servers, options.before.absolute(), "before", largest=options.largest)
            )
        for world in worlds:
            stack.callback(world.stop)
        measure(worlds, options)
    print(f"all of it took {perf_counter() - start:.0f} s", file=sys.stderr)


def measure(worlds: list[World], options: argparse.Namespace) -> None:
    names = options.case or list(cases.CASES)
    runs = [runner.Run([cases.CASES[name](world) for name in names]) for world in worlds]
    runner.do_rounds(runs, options.rounds)
    now = runs[0]
    before = runs[1].samples if options.before else None
    about = (
        f"{report.describe_machine(worlds[0].servers.database_version())}; {options.rounds} rounds"
    )
    print(f"{about}\n\n{report.table(now.figures, now.samples, before)}\n")
    if options.json:
        report.write_json(options.json, now.figures, now.samples, before, about)


if __name__ == "__main__":
    main()
