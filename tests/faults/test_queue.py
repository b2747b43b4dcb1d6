"""The queue flushed, killed, stopped or cut off: nothing is lost, nobody waits, and the jobs go on."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.faults.checks import check_register, count_digests, count_words
from tests.faults.conftest import Begin
from tests.faults.outcome import Outcome
from tests.faults.outside import WAITING
from tests.faults.savers import saving
from tests.faults.wire import Wire
from tests.faults.world import World
from tests.servers import until

pytestmark = pytest.mark.faults
# seconds
ANSWERED, ANSWERED_WHILE_IT_HANGS, GO_ON = 3.0, 7.0, 60.0


@contextmanager
def wired(world: World) -> Iterator[Wire]:
    """The processes that start in the body reach the queue on a line that can go dead."""
    place = urlsplit(world.queue.url)
    wire = Wire(int(place.port or 0))
    world.queue_url = place._replace(netloc=f":{place.password}@127.0.0.1:{wire.port}").geturl()
    try:
        yield wire
    finally:
        world.kill_all()
        wire.close()


def runs(world: World) -> int:
    return int(
        world.value(
            "SELECT coalesce(sum(runs), 0) FROM actionplan_jobrun WHERE job = 'send_digests'"
        )
    )


def jobs_go_on(world: World) -> None:
    """What is asked now is heard in time; a message that went into a dead line is asked again at a
    later tick.
    """
    before, last = runs(world), 0.0

    def heard() -> bool:
        nonlocal last
        if time.monotonic() > last + 5:
            world.ask()
            last = time.monotonic()
        return runs(world) > before

    until(heard, GO_ON)


def restart(world: World) -> None:
    world.queue.stop(signal.SIGKILL)
    time.sleep(0.5)
    world.queue.start()


def hang(world: World) -> None:
    with world.queue.hanging():
        time.sleep(5)


def inflict(world: World, wire: Wire, random: Random, outcome: Outcome) -> None:
    """Each fault, in any order, and asking in between."""
    faults: list[Callable[[], object]] = [
        *(world.flush, wire.cut),
        *(lambda: restart(world), lambda: restart(world), lambda: hang(world)),
    ]
    random.shuffle(faults)
    for fault in faults:
        time.sleep(random.uniform(0.1, 0.8))
        fault()
        outcome.kills += 1
        world.ask()


@pytest.mark.rare
def test_a_queue_flushed_killed_hanging_or_cut_off_loses_nothing_and_holds_up_no_save(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("Valkey flushed, killed, stopped and cut off during digests and saves")
    world.post.slowness = 0.05
    world.queue.start()
    with wired(world) as wire:
        world.serve()
        world.worker()
        world.beat_was_down()
        world.beat()
        with saving(world.url, 2) as reports:
            until(lambda: world.post.kept, 60)
            inflict(world, wire, random, outcome)
        jobs_go_on(world)
        until(lambda: not world.value(WAITING), GO_ON)
    answers = [report.answers[0] for report in reports]
    assert [answer.status for answer in answers if answer.status != 302] == []
    assert max(answer.seconds for answer in answers) < ANSWERED_WHILE_IT_HANGS
    late = [answer.seconds for answer in answers if answer.seconds > ANSWERED]
    # a save may be slow only while the queue hung, and that was once
    assert len(late) <= 2
    count_digests(world, outcome, most=1)
    count_words(world, outcome, reports)
    check_register(world)
