"""What is measured: a checkout of the product with a plan in a database of its own.

Nothing of the product is imported here. It is used as anybody uses it, by its commands and over
HTTP, so that another version can be measured in the same run.
"""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from actionplan.local import commands, processes
from tests.bench import copies, story
from tests.servers import Server

SERVED = Path(__file__).parent / "served"
# above so many actions the product loads this many, and the rest are copies of them
LARGEST_LOADED = 1_000
# packages of the tests that libraries of the product import where they find them
ABSENT = ("attr", "defusedxml", "rich", "yaml")
ACCOUNTS = """
import json
from django.conf import settings
from tests.client import Client
from actionplan.models import User
from commitments.models import Membership, Plan

plan = Plan.objects.get()
cookies = {}
for name, role, side in (
    ("manager", "manager", "GB"),
    ("colleague", "manager", "GB"),
    ("writer", "manager", "GB"),
    ("other-writer", "manager", "FR"),
    ("administrator", "manager", "GB"),
):
    user = User.objects.create(
        email=f"{name}@example.org", post=name, is_superuser=name == "administrator"
    )
    Membership.objects.create(user=user, plan=plan, role=role, side=side)
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    cookies[name] = f"{settings.SESSION_COOKIE_NAME}={session.value}"
bodies = list(plan.bodies.exclude(side=""))
people = [User(email=f"official-{n}@example.org", post=f"Desk {n}") for n in range(PEOPLE)]
User.objects.bulk_create(people)
members = [
    Membership(user=user, plan=plan, role="official", side=bodies[n % len(bodies)].side)
    for n, user in enumerate(people)
]
Membership.objects.bulk_create(members)
Membership.bodies.through.objects.bulk_create(
    Membership.bodies.through(membership=member, body=bodies[n % len(bodies)])
    for n, member in enumerate(members)
)
print(json.dumps(cookies))
"""


@dataclass(frozen=True)
class Servers:
    """The database server and the mail server of a run, and its folder."""

    folder: Path
    database_url: str
    mail_port: int

    def database_version(self) -> str:
        with closing(psycopg2.connect(self.database_url)) as connection:
            return str(connection.get_parameter_status("server_version")).split()[0]


class Web(Server):
    """Web processes, started by the product's own command."""

    def __init__(
        self, folder: Path, checkout: Path, environ: dict[str, str], app: str = "actionplan.wsgi"
    ) -> None:
        super().__init__(folder)
        self.port = processes.free_port()
        self.app = app
        self.path = "/health/"
        self.cookie = ""
        self.checkout = checkout
        self.options = {"env": environ}

    def command(self) -> list[str]:
        command = commands.web(f"127.0.0.1:{self.port}")
        command[command.index("actionplan.wsgi")] = self.app
        return [sys.executable, *command[1:], "--chdir", str(self.checkout)]

    def ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return Visitor(self.port, self.cookie).get(self.path).seconds > 0
        except (OSError, http.client.HTTPException):
            return False

    @property
    def workers(self) -> list[int]:
        assert self.process
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children]

    def cpu_seconds(self) -> float:
        """Processor time of the workers so far."""
        ticks = 0
        for pid in self.workers:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def forget_peaks(self) -> None:
        """From here on VmHWM is the most memory since now."""
        for pid in self.workers:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def kilobytes(self, name: str) -> list[int]:
        """A figure of /proc/PID/status or smaps_rollup, for each worker."""
        return [_sum_of_lines(pid, name) for pid in self.workers]


def _sum_of_lines(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text() + Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))


@dataclass(frozen=True)
class Answer:
    seconds: float
    status: int
    headers: http.client.HTTPMessage
    content: bytes


class Visitor:
    """A browser without a screen: one connection that stays open."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.cookie = cookie
        self.csrf_cookie = ""

    def get(self, path: str, **headers: str) -> Answer:
        answer = self.request("GET", path, headers)
        assert answer.status == http.HTTPStatus.OK, (path, answer.status, answer.content[:500])
        return answer

    def request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> Answer:
        """`seconds` end with the last byte of the answer."""
        headers = {"Cookie": f"{self.cookie}; {self.csrf_cookie}", **headers}
        start = perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        seconds = perf_counter() - start
        for cookie in response.headers.get_all("Set-Cookie") or []:
            if cookie.startswith("csrf="):
                self.csrf_cookie = cookie.partition(";")[0]
        return Answer(seconds, response.status, response.headers, content)


class Site:
    """One plan of so many actions, made when it is first used."""

    def __init__(
        self, servers: Servers, checkout: Path, name: str, actions: int, people: int
    ) -> None:
        self.servers = servers
        self.checkout = checkout
        self.actions = actions
        self.people = people
        self.name = name
        self.folder = servers.folder / name
        self.folder.mkdir()
        self.cookies: dict[str, str] = {}
        self.web: Web | None = None
        self.url = urlsplit(servers.database_url)._replace(path=f"/{name}").geturl()
        self.environ = {
            **os.environ,
            # accounts at example.org go without a second factor
            "ACTIONPLAN_TRIAL": "1",
            "ACTIONPLAN_TODAY": story.TODAY.isoformat(),
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "DATABASE_URL": self.url,
            "DEBUG": "0",
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{servers.mail_port}",
            "MEDIA_ROOT": str(self.folder / "files"),
            "PYTHONPATH": f"{_absent_packages(self.folder)}:{SERVED}:{checkout}",
            "REDIS_URL": "",
            "SECRET_KEY": "the-key-of-a-site-that-lives-for-one-run-only",
            "SITE_URL": "http://127.0.0.1:8000",
            "STATIC_ROOT": str(self.folder / "static"),
        }

    def make(self) -> None:
        with self._connection(self.servers.database_url) as connection:
            connection.cursor().execute(f"CREATE DATABASE {self.name}")
        self.manage("migrate", "-v0")
        self.manage("collectstatic", "-v0", "--no-input")
        loaded = min(self.actions, LARGEST_LOADED)
        plan, entries = self.folder / "plan.toml", self.folder / "entries.csv"
        plan.write_text(story.plan_file(loaded, story.SLUG))
        entries.write_bytes(story.entries_file(loaded))
        self.manage("load_plan", str(plan))
        self.manage("load_entries", "--plan", story.SLUG, str(entries))
        with self.cursor() as cursor:
            if self.actions > loaded:
                step = loaded // story.COMMITMENTS
                times = self.actions // loaded - 1
                copies.copy_actions(cursor, copies=times, step=step, special=story.SPECIAL)
            cursor.execute("VACUUM ANALYZE")
        script = f"PEOPLE = {self.people}\n{ACCOUNTS}"
        printed = self.manage("shell", "-v0", "-c", script)
        self.cookies = json.loads(printed.splitlines()[-1])

    def manage(self, *arguments: str, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.checkout,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (arguments, done.stderr[-2000:])
        return done.stdout

    def seconds_of(self, *arguments: str, **environ: str) -> float:
        """How long a command takes."""
        start = perf_counter()
        self.manage(*arguments, **environ)
        return perf_counter() - start

    def serve(self) -> Web:
        if self.web is None:
            self.web = Web(self.folder, self.checkout, self.environ)
            self.web.start()
        return self.web

    def visitor(self, account: str = "manager") -> Visitor:
        return Visitor(self.serve().port, self.cookies[account])

    @cached_property
    def plan_address(self) -> str:
        """Where the short address of the plan leads; releases up to 1.0.0 answer there."""
        answer = self.visitor().request("GET", "/", {})
        return answer.headers["Location"] or "/"

    def address(self, path: str) -> str:
        """The permanent address of a page of the plan, so that no redirect is measured."""
        return self.plan_address + path

    def stop(self) -> None:
        if self.web:
            self.web.stop()

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        with self._connection(self.url) as connection, connection.cursor() as cursor:
            yield cursor

    def value(self, query: str) -> Any:
        with self.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    def execute(self, statement: str) -> None:
        with self.cursor() as cursor:
            cursor.execute(statement)

    @cached_property
    def has_versions(self) -> bool:
        return "version" in self.value(
            "SELECT array_agg(column_name::text) FROM information_schema.columns "
            "WHERE table_name = 'commitments_plan'"
        )

    @staticmethod
    @contextmanager
    def _connection(url: str) -> Iterator[Any]:
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            yield connection


def _absent_packages(folder: Path) -> Path:
    """A folder on the path from which these cannot be imported, as on a site without the tests."""
    absent = folder / "absent"
    absent.mkdir()
    for package in ABSENT:
        (absent / f"{package}.py").write_text("raise ImportError\n")
    return absent


class World:
    """The sites of one checkout, by their sizes."""

    def __init__(self, servers: Servers, checkout: Path, name: str, *, largest: int) -> None:
        self.servers = servers
        self.checkout = checkout
        self.name = name
        self.largest = largest
        self.sites: dict[str, Site] = {}

    def site(self, actions: int = 1_000, *, people: int = 0) -> Site:
        name = f"bench_{self.name}_{actions}_{people}"
        if name not in self.sites:
            site = Site(self.servers, self.checkout, name, actions, people)
            start = perf_counter()
            site.make()
            taken = perf_counter() - start
            print(f"{name}: made in {taken:.0f} s", file=sys.stderr, flush=True)
            self.sites[name] = site
        return self.sites[name]

    def stop(self) -> None:
        for site in self.sites.values():
            site.stop()
