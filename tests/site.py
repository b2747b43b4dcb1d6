"""A whole site for the tests of the browser: the product's own web processes on a database of their
own.

Run as a program it fills the database that the environment names.
"""

import fcntl
import http.client
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg2

from actionplan.local import commands, environment, processes
from tests.servers import on_postgres, until


class Site:
    """At `url`, with the samples; `reset` undoes whatever was done to the data."""

    def __init__(self, worker: str) -> None:
        self.shared = Path(os.environ["ACTIONPLAN_TEST_FOLDER"])
        self.server = os.environ["DATABASE_URL"]
        self.folder = self.shared / f"site-{worker}"
        for part in ("logs", "run"):
            (self.folder / part).mkdir(parents=True)
        # beside the database of another run on the same server
        self.template = f"{self.shared.name}-site".replace("-", "_")
        self.database = f"{self.template}_{worker}"
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.web: processes.Child | None = None

    def environment(self, database: str) -> dict[str, str]:
        return os.environ | {
            "ACTIONPLAN_TODAY": environment.SAMPLE_DAY,
            "ACTIONPLAN_TRIAL": "1",
            "DATABASE_URL": self._address(database),
            "REDIS_URL": "",
            "SITE_URL": self.url,
        }

    def start(self) -> None:
        self.make_template()
        self.reset()
        self.serve()

    def make_template(self) -> None:
        """The workers share one, made by the first that comes."""
        filled = self.shared / "site.filled"
        with (self.shared / "site.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not filled.exists():
                self._fill()
                filled.touch()

    def serve(self) -> None:
        command = [sys.executable, *commands.web(f"127.0.0.1:{self.port}")[1:]]
        environ = self.environment(self.database)
        self.web = processes.start(
            "web", command, folder=self.folder, cwd=environment.BASE_DIR, environ=environ
        )
        until(self._answers)

    def stop(self) -> None:
        if self.web:
            self.web.stop()
        if on_postgres():
            self._sql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def reset(self) -> None:
        if on_postgres():
            self._sql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
            self._sql(f'CREATE DATABASE "{self.database}" TEMPLATE "{self.template}"')
            return
        files = [sqlite3.connect(self._file(name)) for name in (self.template, self.database)]
        with closing(files[0]) as good, closing(files[1]) as now:
            good.backup(now)

    def _fill(self) -> None:
        if on_postgres():
            self._sql(f'CREATE DATABASE "{self.template}"')
        command = [sys.executable, "-m", "tests.site", str(self.shared / "static.key")]
        subprocess.run(
            command, cwd=environment.BASE_DIR, env=self.environment(self.template), check=True
        )

    def _answers(self) -> bool:
        assert self.web
        assert not self.web.error(), self.web.log.read_text()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/health/")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def _address(self, database: str) -> str:
        if on_postgres():
            return urlsplit(self.server)._replace(path=f"/{database}").geturl()
        return f"sqlite:///{quote(self._file(database))}"

    def _file(self, database: str) -> str:
        return str(self.shared / f"{database}.sqlite3")

    def _sql(self, statement: str) -> None:
        with closing(psycopg2.connect(self.server)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    import django

    django.setup()
    from actionplan.management.commands.up import prepare

    prepare(Path(sys.argv[1]), samples=True)
    from actionplan.models import User
    from tests.faults import crowd

    crowd.sign_in(User.objects.all())
