"""Workers that are killed while they call webhooks: every entry arrives, and what arrives twice says so."""

import json
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.factories import entries_file, entry_row
from tests.faults.conftest import Begin
from tests.faults.world import World
from tests.receiver import a_receiver

pytestmark = pytest.mark.faults
ENTRIES = 150
ADD = """
from actionplan.models import User
from actionplan.webhooks import services
from commitments.models import Plan
services.add(plan=Plan.objects.get(slug="calais-2014"), side="GB", url={url!r}, by=User.objects.first())
"""
UNFINISHED = "SELECT count(*) FROM actionplan_webhookdelivery WHERE state IN ('queued', 'sending')"
# as if the leases of the killed ones and every wait had run out
LATER = """
UPDATE actionplan_webhookdelivery SET next_try = now(),
lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE now() END
"""


def test_runs_killed_while_they_deliver_lose_nothing_and_doubles_carry_the_same_id(
    world: World, random: Random, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = begin("kill -9 of runs that call a webhook")
    monkeypatch.setenv("WEBHOOKS_TO_PRIVATE_NETWORKS", "1")
    world.manage("run_due_jobs")
    with a_receiver() as receiver:
        world.manage("shell", "-c", ADD.format(url=receiver.url))
        rows = [entry_row("2.5", "completed", "2015-01-11", id=f"hook-{n}") for n in range(ENTRIES)]
        file = tmp_path / "told.csv"
        file.write_bytes(entries_file(rows))
        world.manage("load_entries", str(file), "--plan", "calais-2014", "--side", "GB")
        receiver.slowness = 0.05
        for _kill in range(3):
            runs = [
                world.process(f"run{number}", ["python", "manage.py", "run_due_jobs"])
                for number in range(2)
            ]
            before = len(receiver.received)
            while len(receiver.received) < before + random.randint(5, 25):
                time.sleep(0.02)
            for run in runs:
                run.kill()
                outcome.kills += 1
            world.rows(LATER)
        receiver.slowness = 0
        while world.rows(UNFINISHED) != [(0,)]:
            world.manage("run_due_jobs")
            world.rows(LATER)
        bodies = [json.loads(call.body) for call in receiver.received]
    numbers = {body["entry"]["number"] for body in bodies}
    recorded = {number for (number,) in world.rows("SELECT number FROM actionplan_webhookdelivery")}
    outcome.lost = len(recorded - numbers)
    copies = Counter(body["id"] for body in bodies)
    outcome.copies = max(copies.values())
    outcome.duplicates = len(bodies) - len(copies)
    assert len(recorded) == ENTRIES
    assert outcome.lost == 0
    # one id for each entry, whatever came twice
    assert len({(body["id"], body["entry"]["number"]) for body in bodies}) == ENTRIES
    assert outcome.copies <= 1 + 3
