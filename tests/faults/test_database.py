"""PostgreSQL drops every connection, and is shut down the hard way, while officials report and
digests go out.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg2
import pytest

from tests.faults.checks import check_register, count_digests, count_words
from tests.faults.conftest import Begin
from tests.faults.crowd import address
from tests.faults.outcome import Outcome
from tests.faults.savers import REF, saving, send_again
from tests.faults.visitor import PLAN, Report, Visitor
from tests.faults.world import World, opened
from tests.servers import Postgres, until

pytestmark = pytest.mark.faults
PEOPLE = 40


class Durable(Postgres):
    """What it has confirmed is in its files."""

    def command(self) -> list[str]:
        return [*super().command(), "--synchronous_commit=on", "--full_page_writes=on"]


@pytest.fixture
def server(name: str, shared: Path) -> Iterator[Durable]:
    folder = shared / f"postgres-{name}"
    folder.mkdir()
    server = Durable(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)


@pytest.fixture
def own_world(name: str, server: Durable) -> Iterator[World]:
    with opened(World(name, server)) as world:
        yield world


def drop_all(server: Postgres, world: World) -> None:
    world.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND usename != ''"
    )


def restart(server: Postgres, world: World) -> None:
    """As after a crash of it: nothing is finished, and recovery starts from the log."""
    server.stop(signal.SIGQUIT)
    server.start()


def inflict(server: Postgres, world: World, random: Random, outcome: Outcome) -> None:
    faults = [drop_all, drop_all, drop_all, restart]
    random.shuffle(faults)
    for fault in faults:
        time.sleep(random.uniform(0.2, 1.0))
        fault(server, world)
        outcome.kills += 1
    time.sleep(0.5)


@pytest.mark.rare
def test_reports_while_the_database_goes_down_are_there_whole_or_not_at_all(
    own_world: World, server: Durable, random: Random, begin: Begin
) -> None:
    outcome = begin("PostgreSQL drops all connections and restarts at once")
    own_world.only(PEOPLE)
    own_world.post.slowness = 0.1
    own_world.serve()
    own_world.process("run", ["python", "manage.py", "run_due_jobs"])
    with saving(own_world.url, 3) as reports:
        until(lambda: own_world.post.kept, 60)
        inflict(server, own_world, random, outcome)
    count_words(own_world, outcome, reports)
    assert all(report.accepted for report in send_again(reports))
    count_words(own_world, outcome, reports)
    check_register(own_world)
    assert any(report.accepted for report in reports)
    own_world.kill_all()
    own_world.finish_digests()
    count_digests(own_world, outcome, most=2)


def test_a_site_without_its_database_says_so_at_once_and_goes_on_when_it_is_back(
    own_world: World, server: Durable, begin: Begin
) -> None:
    outcome = begin("PostgreSQL is stopped for a while; somebody holds a lock for ever")
    own_world.serve()
    report = Report.begin(Visitor(own_world.url, address(0)), REF, "A word of <somebody>")
    reader = Visitor(own_world.url, address(0))
    assert reader.get(f"{PLAN}/").status == 200
    server.stop(signal.SIGQUIT)
    outcome.kills += 1
    for path in ("/", "/actions/4.4/", "/sign-in/", "/health/jobs/", "/health/ready/"):
        shown = reader.get(path)
        assert (shown.status, shown.headers["Retry-After"], shown.seconds < 3) == (
            503,
            "30",
            True,
        ), path
        assert "Content-Security-Policy" in shown.headers
        assert "Back in a moment" in shown.text
        assert "De retour dans un instant" in shown.text
    assert reader.get("/health/").status == 200
    answer = report.send()
    assert answer.status == 503
    assert "A word of &lt;somebody&gt;" in answer.text
    server.start()
    assert reader.get("/health/ready/").status == 200
    assert report.send().status == 302
    count_words(own_world, outcome, [report])


@pytest.mark.rare
def test_a_save_that_waits_for_a_lock_in_vain_is_given_back(
    own_world: World, server: Durable, begin: Begin
) -> None:
    outcome = begin("PostgreSQL is stopped for a while; somebody holds a lock for ever")
    own_world.serve()
    report = Report.begin(Visitor(own_world.url, address(0)), REF, "A word that waits")
    with closing(psycopg2.connect(own_world._address(own_world.database))) as holder:
        holder.cursor().execute("SELECT * FROM commitments_plan FOR UPDATE")
        outcome.kills += 1
        answer = report.send()
        assert (answer.status, "A word that waits" in answer.text, answer.seconds < 15) == (
            503,
            True,
            True,
        )
    assert report.send().status == 302
    count_words(own_world, outcome, [report])
