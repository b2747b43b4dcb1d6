"""`manage.py up` and its SQLite: parts of it killed in turn, all of it killed while ten people
write.
"""

import contextlib
import http
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

import pytest

from actionplan.local import processes
from tests.faults.checks import check_register, count_digests, count_words
from tests.faults.conftest import Begin
from tests.faults.outside import Outside
from tests.faults.savers import saving, send_again
from tests.faults.trial import Trial
from tests.servers import until
from tests.up import PROCESSES

pytestmark = pytest.mark.faults
WRITERS = 10


def nothing_left(trial: Trial) -> bool:
    return not any(processes.living_group(trial.folder / "run" / name) for name in PROCESSES)


def flags(site: Outside) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT obligation_id, kind, since, noticed, cleared, cleared_by FROM commitments_flag ORDER BY 1, 2, 3"
    )


def members(group: int) -> set[int]:
    """The processes of a group."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = set()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) == group:
                found.add(pid)
    return found


@pytest.mark.rare
def test_web_processes_that_stood_still_for_a_minute_answer_what_was_asked_meanwhile(
    trial: Trial, begin: Begin
) -> None:
    """As on a machine that sleeps."""
    outcome = begin("the web processes of `up` stand still for 65 seconds")
    site = trial.start()
    group = site.group("web")
    before = members(group)
    os.killpg(group, signal.SIGSTOP)
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(urlopen, f"{trial.url}/health/", timeout=100)
        time.sleep(65)
        os.killpg(group, signal.SIGCONT)
        assert asked.result().status == http.HTTPStatus.OK
    outcome.kills = 1
    time.sleep(2)
    assert members(group) == before
    assert site.process.poll() is None


@pytest.mark.rare
def test_a_part_that_is_killed_ends_the_site_and_the_next_start_goes_on_where_it_was(
    trial: Trial, random: Random, begin: Begin, pytestconfig: pytest.Config
) -> None:
    """Each of the three parts with `--faults`, else one of them."""
    number_of_parts = 3 if pytestconfig.getoption("--faults") else 1
    outcome = begin("worker, beat and Valkey of `up` killed in turn")
    trial.only(20)
    trial.post.slowness = 0.3
    for name in random.sample(["worker", "beat", "valkey"], number_of_parts):
        site = trial.start()
        time.sleep(random.uniform(0.0, 2.0))
        os.killpg(site.group(name), signal.SIGKILL)
        assert site.process.wait(40) == 1
        assert f"{name} ended by itself (signal 9)" in site.printed()
        until(lambda: nothing_left(trial))
        outcome.kills += 1
    trial.finish_digests()
    found = flags(trial)
    count_digests(trial, outcome, most=2)
    outcome.duplicates += len(found) - len({flag[:3] for flag in found})
    # as if no run had been: what it noted of its last one goes with its flags
    trial.rows("DELETE FROM commitments_flag")
    trial.rows("UPDATE commitments_plan SET flagged = ''")
    trial.manage("flag_overdue")
    assert found == flags(trial) != []


def test_sqlite_survives_a_kill_of_everything_while_ten_write_and_refuses_nobody(
    trial: Trial, random: Random, begin: Begin
) -> None:
    outcome = begin("SQLite: ten writers, and kill -9 of all of `up`")
    trial.only(60)
    trial.start()
    with saving(trial.url, WRITERS) as reports:
        until(lambda: trial.post.kept, 60)
        time.sleep(random.uniform(0.5, 2.5))
        trial.kill()
        outcome.kills = 1
    assert {answer.status for report in reports for answer in report.answers} == {302, 0}
    assert trial.value("PRAGMA integrity_check") == "ok"
    site = trial.start()
    assert all(report.accepted for report in send_again(reports))
    with saving(trial.url, WRITERS) as more:
        time.sleep(2)
    assert {answer.status for report in more for answer in report.answers} == {302}
    assert "database is locked" not in trial.logs()
    assert site.end(signal.SIGTERM) == 0
    assert trial.value("PRAGMA integrity_check") == "ok"
    count_words(trial, outcome, [*reports, *more])
    check_register(trial)
    trial.finish_digests()
    count_digests(trial, outcome, most=2)
