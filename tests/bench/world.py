"""Where a measurement runs: a server of our own, data sets in databases of their own, the product's
web processes.
"""

import http.client
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlsplit

from django.db import connection

from actionplan.local import commands, environment, processes
from tests.servers import Server

EMPTY = "bench_empty"
# packages of the tests that libraries of the product import where they find them; a site does not
# have them
TESTS_OWN = ("attr", "rich", "yaml")


@dataclass
class Data:
    """One plan in a database of its own; `cookies` has a session for each account by its name."""

    actions: int
    name: str
    url: str
    plan: Any = None
    users: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


class Web(Server):
    """The product's web processes, by the command with which they are run anywhere."""

    def __init__(
        self, folder: Path, data: Data, *, settings: str = "tests.bench.settings", app: str = ""
    ) -> None:
        super().__init__(folder)
        self.port, self.app = processes.free_port(), app
        self.path, self.cookie = "/health/", ""
        paths = f"{_without(folder, TESTS_OWN)}{os.pathsep}{environment.BASE_DIR}"
        environ = {
            "DATABASE_URL": data.url,
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": paths,
        }
        self.options = {"env": os.environ | environ}

    def command(self) -> list[str]:
        command = commands.web(f"127.0.0.1:{self.port}")
        return [
            sys.executable,
            *(self.app if self.app and part == "actionplan.wsgi" else part for part in command[1:]),
        ]

    def ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return Visitor(self.port, self.cookie).get(self.path)[0] > 0
        except (OSError, http.client.HTTPException):
            return False

    @property
    def workers(self) -> list[int]:
        assert self.process
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]


def _without(folder: Path, packages: Sequence[str]) -> Path:
    """A folder on whose path these cannot be imported."""
    absent = folder / "absent"
    absent.mkdir(exist_ok=True)
    for package in packages:
        (absent / f"{package}.py").write_text("raise ImportError\n")
    return absent


class Visitor:
    """A browser without a screen: one connection, kept open."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.headers = {"Cookie": cookie} if cookie else {}

    def get(self, path: str, **headers: str) -> tuple[float, bytes]:
        """Seconds to the last byte, and the bytes; whatever is not found, refused or failed ends
        the run.
        """
        start = perf_counter()
        self.connection.request("GET", path, headers=self.headers | headers)
        response = self.connection.getresponse()
        content = response.read()
        assert response.status == http.HTTPStatus.OK, (path, response.status, content[:500])
        return perf_counter() - start, content


class World:
    """Made once for a run; data sets and sites come to be when they are first asked for."""

    def __init__(self, folder: Path, server_url: str, *, actions: int, largest: int) -> None:
        self.folder, self.server_url, self.actions, self.largest = (
            folder,
            server_url,
            actions,
            largest,
        )
        self.sets: dict[str, Data] = {}
        self.sites: dict[str, Web] = {}
        self.made: dict[str, float] = {}

    @property
    def sqlite(self) -> bool:
        return urlsplit(self.server_url).scheme == "sqlite"

    def url(self, name: str) -> str:
        if self.sqlite:
            return f"sqlite:///{quote(str(self.file(name)))}"
        return urlsplit(self.server_url)._replace(path=f"/{name}").geturl()

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def use(self, data: Data | str) -> None:
        """Let this process work on that database."""
        name = data if isinstance(data, str) else data.name
        name = str(self.file(name)) if self.sqlite else name
        if connection.settings_dict["NAME"] != name:
            connection.close()
            connection.settings_dict["NAME"] = name

    def data(self, actions: int, officials: int = 1) -> Data:
        name = f"bench_{actions}_{officials}"
        if name not in self.sets:
            self.sets[name] = self._make(name, actions, officials)
        self.use(self.sets[name])
        return self.sets[name]

    def _make(self, name: str, actions: int, officials: int) -> Data:
        from tests.bench import dataset

        self._create(name)
        self.use(name)
        start = perf_counter()
        data = Data(actions, name, self.url(name), dataset.make(actions, f"plan-of-{actions}"))
        self.made[name] = perf_counter() - start
        data.users = dataset.people(data.plan, officials)
        data.cookies = {
            name: cookie(user)
            for name, user in data.users.items()
            if not name.startswith("official-")
        }
        dataset.settle()
        return data

    def _create(self, name: str) -> None:
        from django.core.management import call_command

        if EMPTY not in self.made:
            self._sql(f"CREATE DATABASE {EMPTY}")
            self.use(EMPTY)
            call_command("migrate", verbosity=0)
            connection.close()
            self.made[EMPTY] = 0.0
        connection.close()
        self._sql(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
        if self.sqlite:
            with (
                closing(sqlite3.connect(self.file(EMPTY))) as empty,
                closing(sqlite3.connect(self.file(name))) as new,
            ):
                empty.backup(new)

    def _sql(self, statement: str) -> None:
        if self.sqlite:
            return
        import psycopg2

        with closing(psycopg2.connect(self.server_url)) as server:
            server.autocommit = True
            with server.cursor() as cursor:
                cursor.execute(statement)

    def site(self, data: Data) -> Web:
        if data.name not in self.sites:
            site = Web(self.room(f"site-{data.name}"), data)
            site.start()
            self.sites[data.name] = site
        return self.sites[data.name]

    def room(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def stop(self) -> None:
        connection.close()
        for site in self.sites.values():
            site.stop()


def cookie(user: Any) -> str:
    """A session in which the account is signed in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is done inside is undone, so that the next round finds the same."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)
