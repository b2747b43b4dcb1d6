"""`./dev bench`: the measurements of docs/reference/performance.md, on servers and data of its own."""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.bench import story
from tests.servers import Postgres

ACTIONS, LARGEST, ROUNDS = 1_000, 100_000, 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev bench", description=__doc__)
    parser.add_argument(
        "--case", action="append", default=[], metavar="NAME", help="only this one; repeat for more"
    )
    parser.add_argument(
        "--actions", type=_size, default=ACTIONS, help=f"actions of most rows, else {ACTIONS:,}"
    )
    parser.add_argument(
        "--largest",
        type=_size,
        default=LARGEST,
        help=f"actions of rows about size, else {LARGEST:,}",
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"interleaved rounds, else {ROUNDS}"
    )
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the samples go as well")
    parser.add_argument(
        "--profile", metavar="PATH", help="no table, but where the time of this page goes"
    )
    return parser.parse_args()


def _size(text: str) -> int:
    size = int(text.replace("_", ""))
    if size < 10 or size % (10 if size <= 100 else 100):
        raise argparse.ArgumentTypeError("give tens up to a hundred, and hundreds above")
    return size


@contextlib.contextmanager
def servers(database: str) -> Iterator[tuple[Path, str]]:
    """A folder, a database server and a mail server, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="actionplan-bench-"))
    # PostgreSQL as nobody must be able to pass
    folder.chmod(0o711)
    (folder / "postgres").mkdir()
    server = Postgres(folder / "postgres") if database == "postgresql" else None
    mail = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.smtp"], stdout=subprocess.PIPE, text=True
    )
    try:
        if server:
            server.start()
        assert mail.stdout
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{int(mail.stdout.readline())}"
        yield folder, server.url() if server else f"sqlite:///{folder}/main.sqlite3"
    finally:
        mail.terminate()
        mail.wait()
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def enter(folder: Path, url: str) -> None:
    """The environment of a site, before Django reads its settings."""
    os.environ |= {
        # its accounts at example.org go without a second factor
        "ACTIONPLAN_TRIAL": "1",
        "ACTIONPLAN_TODAY": story.TODAY.isoformat(),
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "DATABASE_URL": url,
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "MEDIA_ROOT": str(folder / "files"),
        "REDIS_URL": "",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_URL": "http://127.0.0.1:8000",
        "STATIC_ROOT": str(folder / "static"),
    }
    import django

    django.setup()


def main() -> None:
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with servers(options.database) as (folder, url):
        enter(folder, url)
        from django.core.management import call_command

        from tests.bench.world import World

        call_command("collectstatic", interactive=False, verbosity=0)
        world = World(folder, url, actions=options.actions, largest=options.largest)
        try:
            measure(world, options)
        finally:
            world.stop()


def measure(world: Any, options: argparse.Namespace) -> None:
    from tests.bench import page_cases, plans, profile, report, runner, work_cases

    if options.profile:
        print(profile.profile(world.data(options.actions).users["manager"], options.profile))
        return
    known = page_cases.CASES | work_cases.CASES
    chosen = options.case or [*known, *(() if world.sqlite else ("plans",))]
    if unknown := set(chosen) - {*known, "plans"}:
        sys.exit(
            f"error: there is no case {', '.join(sorted(unknown))}: give one of {', '.join(known)}, plans"
        )
    start = perf_counter()
    cases = [known[name](world) for name in chosen if name in known]
    samples = runner.interleave(cases, options.rounds)
    figures = [
        figure
        for case in cases
        for figure in case.figures
        if {figure.over, figure.under or figure.over} <= set(samples)
    ]
    about = f"{report.machine()}; {options.rounds} rounds"
    if figures:
        print(f"{about}\n\n{report.table(figures, samples)}\n")
        timed = {probe.name for case in cases for probe in case.probes}
        print(report.seconds(samples, timed), end="\n\n")
    for name, seconds in world.made.items():
        print(f"{name}: made in {seconds:.0f} s", file=sys.stderr)
    if "plans" in chosen:
        print(plans.run(world), end="\n\n")
    if options.json:
        report.write_json(options.json, figures, samples, about=about)
    print(f"all of it took {perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
