"""The production path, for real: what people get through the proxy, and what the jobs do behind it."""

import http.client
import re
import shlex
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from actionplan.jobs.runner import JOBS
from actionplan.local import commands, environment, samples
from tests.faults.visitor import PLAN, Answer, Report, Visitor
from tests.production.proxy import Nginx
from tests.production.site import Production, production
from tests.servers import until

pytestmark = pytest.mark.faults
UNITS = environment.BASE_DIR / "deploy"


@pytest.fixture(scope="module")
def site(worker: str) -> Iterator[Production]:
    with production(f"{worker}-production") as site:
        yield site


@pytest.fixture
def official(site: Production) -> Visitor:
    visitor = Visitor(site.url, trusted=str(site.certificate))
    visitor.sign_in("official.gb@example.org", samples.PASSWORD)
    return visitor


def unit(name: str) -> dict[str, str]:
    lines = (UNITS / f"actionplan-{name}.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("web", commands.web("127.0.0.1:8000")),
        ("worker", commands.worker()),
        ("beat", commands.beat("/var/lib/actionplan/beat")),
    ],
)
def test_a_unit_of_systemd_runs_the_command_that_up_runs(name: str, command: list[str]) -> None:
    assert shlex.split(unit(name)["ExecStart"])[1:] == command[1:]
    assert unit(name)["User"] != "root"


def test_an_official_reports_over_https_with_cookies_that_no_other_place_gets(
    site: Production,
) -> None:
    visitor = Visitor(site.url, trusted=str(site.certificate))
    visitor.sign_in("official.gb@example.org", samples.PASSWORD)
    report = Report.begin(visitor, "5.3", "through the proxy")
    assert report.send().status == 302
    assert set(visitor.cookies) >= {"__Host-session", "__Host-csrf"}
    assert (
        site.value("SELECT count(*) FROM commitments_entrytext WHERE note = 'through the proxy'")
        == 1
    )


def test_pages_say_that_they_are_read_over_https_alone(site: Production, official: Visitor) -> None:
    answer: Answer = official.get(f"{PLAN}/")
    assert answer.status == 200
    assert (
        int(re.findall(r"max-age=(\d+)", answer.headers["Strict-Transport-Security"])[0])
        >= 31536000
    )
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"].startswith("private")


def test_who_asks_in_the_clear_is_led_to_https(site: Production) -> None:
    behind = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    ports = [behind]
    if isinstance(site.proxy, Nginx):
        ports.append(http.client.HTTPConnection("127.0.0.1", site.proxy.plain_port, timeout=10))
    for connection in ports:
        with closing(connection):
            connection.request("GET", "/", headers={"Host": "localhost"})
            response = connection.getresponse()
            assert response.status == 301
            assert urlsplit(response.headers["Location"]).scheme == "https"


def test_database_and_queue_are_spoken_to_over_tls_alone(
    site: Production, official: Visitor
) -> None:
    assert official.get(f"{PLAN}/").status == 200
    assert site.database_end.sessions > 0
    until(lambda: site.queue_end.sessions > 0, 60)


def test_two_beats_and_a_worker_do_each_job_once(site: Production) -> None:
    succeeded = "SELECT count(*) FROM actionplan_jobrun WHERE outcome = 'succeeded'"
    until(lambda: site.value(succeeded) >= len(JOBS), 90)
    rows = site.rows("SELECT job, count(*) FROM actionplan_jobrun GROUP BY job ORDER BY job")
    assert rows == [(job, 1) for job in sorted(JOBS)]


def test_who_comes_when_too_many_wait_is_told_when_to_come_again(
    site: Production, official: Visitor
) -> None:
    if not isinstance(site.proxy, Nginx):
        pytest.skip("the bound is nginx's")
    crowd = 220
    ready = threading.Barrier(crowd)

    def come(number: int) -> tuple[int, str | None]:
        visitor = Visitor(
            site.url, cookies=official.cookies, patience=60, trusted=str(site.certificate)
        )
        visitor.source = f"127.0.0.{1 + number % 4}"
        ready.wait(60)
        answer = visitor.get(f"{PLAN}/")
        return answer.status, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(crowd) as threads:
        found = Counter(threads.map(come, range(crowd)))
    assert set(found) == {(200, None), (503, "30")}
    assert found[200, None] >= 128
    assert official.get(f"{PLAN}/").status == 200


def test_one_address_alone_keeps_nobody_else_out(site: Production) -> None:
    if not isinstance(site.proxy, Nginx):
        pytest.skip("the bound is nginx's")
    greedy, other = (
        Visitor(site.url, trusted=str(site.certificate), source=f"127.0.0.{n}") for n in (2, 3)
    )
    with ExitStack() as held:
        for _ in range(130):
            slow = held.enter_context(closing(greedy.connection()))
            slow.putrequest("POST", "/sign-in/")
            slow.putheader("Content-Length", "1000000")
            slow.endheaders(b"x")
        until(lambda: greedy.get("/sign-in/").status == 503)
        assert other.get("/sign-in/").status == 200


def test_a_database_whose_certificate_is_not_trusted_is_refused(
    site: Production, tmp_path: Path
) -> None:
    from tests.production.tls import certificate

    stranger, _key = certificate(tmp_path)
    address = site.environment(site.database)["DATABASE_URL"].replace(
        str(site.certificate), str(stranger)
    )
    with pytest.raises(AssertionError, match="certificate verify failed"):
        site.manage("status", "calais-2014", DATABASE_URL=address)
