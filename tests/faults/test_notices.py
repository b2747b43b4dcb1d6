"""Workers that are killed while they tell what was recorded: everybody whom it concerns has one mail."""

import re
import time
from collections import defaultdict
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


@pytest.mark.rare
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


BURSTS, EVENTS = 10, 100
# everybody who gets mail hears of whatever is said of 2.5
FOLLOW = """
INSERT INTO actionplan_follow (user_id, plan_id, ref)
SELECT user_id, plan_id, '2.5' FROM commitments_membership m JOIN actionplan_user u
ON u.id = m.user_id WHERE is_active AND role IN ('official', 'manager')
"""
NOTICES_WITH_TEXT = """
SELECT email, state, message_id, text FROM actionplan_digest d JOIN actionplan_user u
ON u.id = d.recipient_id WHERE kind = 'notice'
"""


def events_told(text: str) -> int:
    """How many events a mail names or counts."""
    listed = len(re.findall("^- ", text, re.MULTILINE))
    more = re.search(r"^(?:and|et)\s(\d+)\s(?:more|autre)", text, re.MULTILINE)
    return listed + (int(more[1]) if more else 0)


def _arrived(world: World) -> int:
    with world.post.lock:
        return len(world.post.kept)


@pytest.mark.rare
def test_a_thousand_events_within_an_hour_reach_two_hundred_people_under_kills(
    world: World, random: Random, begin: Begin, tmp_path: Path
) -> None:
    outcome = begin("kill -9 while 1,000 events in an hour are told to 200")
    world.manage("run_due_jobs")
    world.rows(FOLLOW)
    world.post.slowness = 0.01
    file = tmp_path / "burst.csv"
    for burst in range(BURSTS):
        arrived = _arrived(world)
        rows = [
            entry_row("2.5", "progress", "2015-01-11", id=f"{burst}-{number}", note="Done so far.")
            for number in range(EVENTS)
        ]
        file.write_bytes(entries_file(rows))
        world.manage("load_entries", str(file), "--plan", "calais-2014", "--side", "GB")
        runs = [
            world.process(f"run{number}", ["python", "manage.py", "run_due_jobs"])
            for number in range(2)
        ]
        # somewhere between the first look at what is new and the last mail
        until = arrived + random.randint(0, 150)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and _arrived(world) <= until:
            time.sleep(random.uniform(0, 0.1))
        for run in runs:
            run.kill()
            outcome.kills += 1
        world.later()
    world.post.slowness = 0
    world.finish_digests()
    told: dict[str, int] = defaultdict(int)
    mails: dict[str, int] = defaultdict(int)
    copies = world.post.copies()
    for email, state, message_id, text in world.rows(NOTICES_WITH_TEXT):
        told[email] += events_told(text)
        mails[email] += 1
        count = len(copies.get(message_id, []))
        outcome.lost += state == "sent" and not count
        outcome.duplicates += max(count - 1, 0)
        outcome.copies = max(outcome.copies, count)
        assert state in ("sent", "uncertain")
    people = world.recipients()
    outcome.lost += sum(BURSTS * EVENTS - told[email] for email in people)
    print(f"{len(people)} people, {max(mails.values())} mails at the most for one of them")
    assert len(people) == 200
    # each hears of each event once, in few mails
    assert set(told.values()) == {BURSTS * EVENTS}
    assert max(mails.values()) <= 2 * BURSTS
    assert (outcome.lost, outcome.copies <= 2) == (0, True)
