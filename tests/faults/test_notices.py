"""Workers that are killed while they tell what was recorded: everybody whom it concerns has one mail."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.factories import entries_file, entry_row
from tests.faults.conftest import Begin
from tests.faults.world import World

pytestmark = pytest.mark.faults
CONCERNED = """
SELECT email FROM commitments_membership m JOIN actionplan_user u ON u.id = m.user_id
WHERE m.side = 'FR' AND m.role = 'manager'
"""
NOTICES = """
SELECT email, state, message_id FROM actionplan_digest d JOIN actionplan_user u
ON u.id = d.recipient_id WHERE kind = 'notice'
"""


def test_runs_killed_while_they_tell_leave_one_mail_for_everybody(
    world: World, random: Random, begin: Begin, tmp_path: Path
) -> None:
    outcome = begin("kill -9 of runs that tell 200 at once")
    world.manage("run_due_jobs")
    rows = [entry_row("2.5", "completed", "2015-01-11", id=f"told-{n}") for n in range(40)]
    file = tmp_path / "told.csv"
    file.write_bytes(entries_file(rows))
    world.manage("load_entries", str(file), "--plan", "calais-2014", "--side", "GB")
    world.post.slowness = 0.05
    for _kill in range(3):
        run = world.process("run", ["python", "manage.py", "run_due_jobs"])
        time.sleep(random.uniform(2, 6))
        run.kill()
        outcome.kills += 1
        world.later()
    world.post.slowness = 0
    world.finish_digests()
    notices = world.rows(NOTICES)
    concerned = {email for (email,) in world.rows(CONCERNED)}
    told = [email for email, _state, _id in notices]
    assert concerned and concerned <= set(told)
    outcome.duplicates += len(told) - len(set(told))
    assert len(told) == len(set(told))
    copies = world.post.copies()
    for _email, state, message_id in notices:
        mails = copies.pop(message_id, [])
        outcome.lost += state == "sent" and not mails
        outcome.duplicates += max(len(mails) - 1, 0)
        outcome.copies = max(outcome.copies, len(mails))
        assert state in ("sent", "uncertain")
    assert (outcome.lost, outcome.copies <= 2) == (0, True)
