"""The digests of 2,000 people, built and handed to a mail server on this machine, against a bare loop of smtplib.

Run as `python -m tests.bench.digest_ratio [PEOPLE]` with DATABASE_URL naming a scratch database that may be filled. The
loop sends the very same bytes on one connection to the same server; both take turns, and the medians are compared.
"""

import os
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ |= {"ACTIONPLAN_TODAY": "2015-01-12", "ACTIONPLAN_TRIAL": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
os.environ.setdefault("SECRET_KEY", "only-for-measuring-on-this-machine-and-nothing-else")

ROUNDS = 3
PER = 500


class Counted:
    """How many queries were made; their text is not kept."""

    count = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def fill(people: int) -> None:
    from django.core.management import call_command

    from actionplan import samples
    from tests.faults import crowd

    call_command("migrate", verbosity=0)
    call_command("load_plan", str(samples.PLAN_FILE), verbosity=0)
    call_command("load_samples", verbosity=0)
    crowd.fill(people - 200 + crowd.SIZE)


def ours() -> tuple[float, dict[str, int]]:
    """Seconds from nothing to the last mail handed over, and the queries of each part."""
    from datetime import date

    from django.db import connection

    from actionplan import outbox
    from actionplan.models import Digest
    from commitments.models import Plan

    Digest.objects.all().delete()
    plan, queries = Plan.objects.get(), {}
    parts: dict[str, Callable[[], dict[str, int]]] = {
        "queued": lambda: outbox.queue(plan, date(2015, 1, 5)),
        "sent": lambda: outbox.deliver(seconds=3600),
    }
    start = time.perf_counter()
    for part, work in parts.items():
        counted = Counted()
        with connection.execute_wrapper(counted):
            done = work()
        assert done[part] == Digest.objects.count(), done
        queries[part] = counted.count
    return time.perf_counter() - start, queries


def ready() -> list[tuple[str, bytes]]:
    """What was sent, as the loop will send it."""
    from actionplan import mail
    from actionplan.models import Digest

    rows = Digest.objects.select_related("recipient", "plan")
    return [(row.recipient.email, mail.message_of(row).message().as_bytes(linesep="\r\n")) for row in rows]


def bare(port: int, mails: Sequence[tuple[str, bytes]]) -> float:
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for recipient, content in mails:
            smtp.sendmail("actionplan@localhost", [recipient], content)
    return time.perf_counter() - start


def main(people: int) -> None:
    server = subprocess.Popen([sys.executable, "-m", "tests.faults.smtp"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        port = int(server.stdout.readline())
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        import django

        django.setup()
        fill(people)
        found: list[tuple[float, float]] = []
        for turn in range(ROUNDS):
            seconds, queries = ours()
            found.append((seconds, bare(port, ready())))
            print(f"round {turn + 1}: {found[-1][0]:.1f} s, the bare loop {found[-1][1]:.1f} s", flush=True)
        product, loop = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{people} digests built and sent at {loop / product:.2f} of the rate of the bare loop")
        for part, count in queries.items():
            print(f"queries for {PER} {part}: {count * PER / people:.0f}")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
