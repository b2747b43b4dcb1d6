"""Workers that are killed at any moment, too many of them, and messages that come more than once."""

import signal
import time
from collections.abc import Sequence
from random import Random

import pytest

from tests.faults.checks import count_digests
from tests.faults.conftest import Begin
from tests.faults.outcome import Outcome
from tests.faults.world import Process, World
from tests.servers import until

pytestmark = pytest.mark.faults
PEOPLE = 200


def sent(world: World) -> int:
    return int(world.value("SELECT count(*) FROM actionplan_digest WHERE state = 'sent'"))


def kill_while_they_send(
    world: World, workers: Sequence[Process], random: Random, outcome: Outcome
) -> None:
    until(lambda: world.post.kept, 60)
    for _kill in range(random.randint(2, 4)):
        time.sleep(random.uniform(0.1, 1.0))
        victim = random.choice(workers)
        victim.kill_some(random)
        outcome.kills += 1
        if not victim.runs():
            victim.start()
        world.ask()


def test_workers_killed_at_any_moment_leave_everybody_a_mail_or_a_visible_end(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("kill -9 of workers during a digest of 200")
    world.post.slowness = 0.1
    world.queue.start()
    world.ask()
    workers = [world.worker(number) for number in (1, 2)]
    kill_while_they_send(world, workers, random, outcome)
    world.kill_all()
    for _run in range(random.randint(0, 2)):
        world.later()
        run = world.process("run", ["python", "manage.py", "run_due_jobs"])
        time.sleep(random.uniform(0.5, 2.5))
        run.kill()
        outcome.kills += 1
    world.finish_digests()
    count_digests(world, outcome, most=2)


@pytest.mark.rare
def test_one_message_ten_times_two_beats_and_three_workers_do_what_one_of_each_would(
    world: World, seed: int, begin: Begin
) -> None:
    outcome = begin("two beats, three workers, one message ten times")
    world.queue.start()
    world.ask_the_same(10)
    for number in (1, 2):
        world.beat_was_down(number)
        world.beat(number)
    for number in (1, 2, 3):
        world.worker(number)
    runs = (
        "SELECT min(runs) FROM actionplan_jobrun WHERE outcome = 'succeeded'"
        " AND job IN ('flag_overdue', 'send_digests')"
    )
    until(lambda: (world.value(runs) or 0) >= 12, 90)
    outcome.kills = 11
    world.kill_all()
    count_digests(world, outcome, most=1)
    ledger = dict(world.rows("SELECT job, counts FROM actionplan_jobrun"))
    flags = world.value("SELECT count(*) FROM commitments_flag")
    assert world.rows("SELECT job, day::text FROM actionplan_jobrun ORDER BY job") == [
        ("flag_overdue", "2015-01-12"),
        ("send_digests", "2015-01-12"),
        ("verify_register", "2015-01-12"),
    ]
    assert ledger["flag_overdue"] == {"raised": flags}
    assert ledger["send_digests"] == {"queued": PEOPLE, "sent": PEOPLE}
    assert flags > 0


@pytest.mark.rare
def test_a_run_that_stood_still_until_another_took_over_sends_no_third_copy_and_spoils_no_state(
    world: World, seed: int, begin: Begin
) -> None:
    outcome = begin("a run stands still longer than its lease, and goes on")
    world.only(10)
    world.post.slowness = 0.5
    still = world.process("run", ["python", "manage.py", "run_due_jobs"])
    until(lambda: world.post.kept, 60)
    still.signal(signal.SIGSTOP)
    outcome.kills = 1
    world.finish_digests()
    still.signal(signal.SIGCONT)
    assert still.child.process.wait(60) == 0
    count_digests(world, outcome, most=2)
    assert sent(world) == 10
    # the one that it was sending
    assert outcome.duplicates <= 1
