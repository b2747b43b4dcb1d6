"""How long it takes to verify the chain of 100,000 entries, beside one pass of SHA-256 and JSON
over the same rows.

Run as `python -m tests.bench.verify [ENTRIES]` with DATABASE_URL naming a scratch database that may
be filled. The pass is over rows that are in memory already, so it is what cannot be had for less.
Medians of interleaved rounds.
"""

import hashlib
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
os.environ.setdefault("SECRET_KEY", "only-for-measuring-on-this-machine-and-nothing-else")

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from actionplan.local import samples
from actionplan.plan_transfer import load
from commitments.models import Entry, EntryText, Plan
from commitments.register import entries as register
from commitments.register import hash_chain
from commitments.register.entries import Draft

ROUNDS = 7
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)


def filled(entries: int) -> Plan:
    """The Calais plan with so many entries, each with a note of a line and most with a source."""
    plan = Plan.objects.get(slug=load.load_plan(samples.PLAN_FILE.read_bytes(), now=NOW).slug)
    missing = entries - Entry.objects.filter(plan=plan).count()
    for start in range(0, missing, 5000):
        drafts = [
            Draft(
                kind="progress",
                code=secrets.token_hex(16),
                ref=f"{n % 6 + 1}.1",
                effective=(day := date(2014, 9, 20) + timedelta(days=n % 100)).isoformat(),
                recorded_day=day,
                recorded_at=NOW,
                side="GB" if n % 2 else "FR",
                note=f"Réunion {n} au port, avec les autorités locales et deux agents de liaison.",
                source=f"https://example.org/reports/{n}" if n % 3 else "",
            )
            for n in range(start, min(start + 5000, missing))
        ]
        with transaction.atomic():
            register.append(plan, drafts, by=None, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return plan


def verification(plan: Plan) -> float:
    """Seconds that the whole chain takes, from the database."""
    start = time.perf_counter()
    assert next(hash_chain.verify_chain(plan), None) is None
    return time.perf_counter() - start


def one_pass(plan: Plan) -> Callable[[], float]:
    """Reads the rows of entries and texts once; what comes back takes seconds for SHA-256 and JSON
    over them.
    """
    entries = list(Entry.objects.filter(plan=plan).values(*hash_chain.COLUMNS))
    texts = list(EntryText.objects.filter(entry__plan=plan).values("salt", *hash_chain.TEXTS))

    def run() -> float:
        start = time.perf_counter()
        for row in (*entries, *texts):
            hashlib.sha256(
                json.dumps(row, sort_keys=True, ensure_ascii=False, default=str).encode()
            ).hexdigest()
        return time.perf_counter() - start

    return run


def measure(entries: int = 100_000, rounds: int = ROUNDS) -> tuple[float, float]:
    """Median seconds of the verification and of the pass."""
    plan = filled(entries)
    run = one_pass(plan)
    found = []
    for turn in range(rounds):
        pair = (verification(plan), run()) if turn % 2 else (run(), verification(plan))[::-1]
        found.append(pair)
    return statistics.median(one for one, _two in found), statistics.median(
        two for _one, two in found
    )


def main() -> None:
    call_command("migrate", verbosity=0)
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    verified, passed = measure(entries)
    print(
        f"{connection.vendor}, Python {sys.version.split()[0]}, medians of {ROUNDS} interleaved rounds"
    )
    print(
        f"{entries} entries: verified in {verified:.2f} s, one pass {passed:.2f} s: {verified / passed:.2f} x"
    )


if __name__ == "__main__":
    main()
