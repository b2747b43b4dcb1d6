"""Days without a beat, a clock that jumps: flags bear their true dates and nobody is written to
twice.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from actionplan.jobs.runner import JOBS
from tests.faults.checks import copies_of_digests
from tests.faults.conftest import Begin
from tests.faults.outside import Outside
from tests.faults.world import World
from tests.servers import until

pytestmark = pytest.mark.faults
# a Friday; on the Saturday 4.4 and others become overdue
START = date(2014, 10, 31)
MONDAY = START + timedelta(days=3)
JUMP = timedelta(days=8)


def flags(site: Outside) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT ref, instalment, kind, CAST(since AS text), CAST(noticed AS text), "
        "CAST(cleared AS text), cleared_by FROM commitments_flag f "
        "JOIN commitments_obligation o ON o.id = f.obligation_id ORDER BY 1, 2, 3, 4"
    )


def digests(site: Outside) -> Counter[str]:
    """How many rows there are for each week and state."""
    rows = site.rows(
        "SELECT CAST(week AS text) || ' ' || state, count(*) FROM actionplan_digest "
        "WHERE kind IN ('official', 'manager') GROUP BY 1"
    )
    return Counter(dict(rows))


def run_on(site: Outside, day: date) -> None:
    site.manage("run_due_jobs", ACTIONPLAN_TODAY=day.isoformat())


def beat_on(world: World, day: date) -> None:
    """A beat that starts on the day after it was down, with a worker that hears it."""
    world.today = day.isoformat()
    world.queue.start()
    world.beat_was_down()
    world.beat()
    world.worker()
    done = "SELECT count(*) FROM actionplan_jobrun WHERE day = %s AND outcome = 'succeeded'"
    # a Monday: the day of every job
    until(lambda: world.value(done, day) == len(JOBS), 60)
    world.kill_all()


@pytest.mark.rare
def test_three_days_without_a_beat_leave_the_flags_that_daily_runs_would(
    world: World, seed: int, begin: Begin
) -> None:
    outcome = begin("beat down for three days")
    world.only(10)
    for day in range(4):
        run_on(world, START + timedelta(days=day))
    daily, mails = flags(world), digests(world)
    assert ("4.4", 0, "overdue", "2014-11-01", "2014-11-01") in [flag[:5] for flag in daily]
    world.post.kept.clear()
    world.reset()
    world.only(10)
    run_on(world, START)
    beat_on(world, MONDAY)
    outcome.kills = 1
    missed = [flag for flag in daily if flag not in flags(world)]
    outcome.lost = len(missed)
    outcome.duplicates = len(flags(world)) - len(daily) + len(missed)
    assert flags(world) == daily
    assert digests(world) == mails == {"2014-10-20 sent": 10, "2014-10-27 sent": 10}
    copies = world.post.copies()
    outcome.copies = max(map(len, copies.values()))
    assert (len(copies), outcome.copies) == (20, 1)


@pytest.mark.rare
def test_a_clock_that_jumps_and_comes_back_doubles_nothing(
    outside: Outside, seed: int, begin: Begin
) -> None:
    outcome = begin("the clock jumps by 8 days and back")
    people = len(outside.only(10))
    run_on(outside, START)
    run_on(outside, MONDAY)
    before, sent = flags(outside), {"2014-10-20 sent": people, "2014-10-27 sent": people}
    run_on(outside, MONDAY - JUMP)
    run_on(outside, MONDAY)
    assert digests(outside) == sent, "an old week is not sent for a clock that was set back"
    run_on(outside, MONDAY + JUMP)
    run_on(outside, MONDAY)
    outcome.kills = 4
    after = flags(outside)
    lost = {flag[:5] for flag in before} - {flag[:5] for flag in after}
    outcome.lost, outcome.duplicates = len(lost), len(after) - len({flag[:4] for flag in after})
    assert (outcome.lost, outcome.duplicates) == (0, 0)
    run_on(outside, MONDAY + timedelta(days=9))
    assert digests(outside) == sent | {"2014-11-03 sent": people}
    # no flag that the jumps left is taken for one that somebody put in
    outside.manage("verify_register", ACTIONPLAN_TODAY=(MONDAY + timedelta(days=9)).isoformat())
    copies = copies_of_digests(outside)
    outcome.copies = max(map(len, copies.values()))
    assert (len(copies), outcome.copies) == (3 * people, 1)


@pytest.mark.rare
def test_waits_that_a_fast_clock_wrote_do_not_hold_up_a_digest(
    world: World, seed: int, begin: Begin
) -> None:
    outcome = begin("the clock jumps by 8 days and back")
    world.only(5)
    world.post.troubles = []
    world.manage("run_due_jobs", EMAIL_URL="smtp://127.0.0.1:1")
    world.rows("UPDATE actionplan_digest SET next_try = next_try + interval '8 days'")
    world.rows(
        "UPDATE actionplan_digest SET state = 'sending', lease_until = now() + interval '8 days' "
        "WHERE id = (SELECT min(id) FROM actionplan_digest)"
    )
    outcome.kills = 1
    world.manage("run_due_jobs")
    assert digests(world) == {"2015-01-05 sent": 5}
    assert len(world.post.copies()) == 5
