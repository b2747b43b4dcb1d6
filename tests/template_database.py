"""The migrated database that the xdist workers share: the first makes it, the others copy it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from django.conf import settings
from django.db import connection

from tests.servers import on_postgres


class TemplateDatabase:
    """One a run, on PostgreSQL and where several workers share the tests. Whoever makes it drops it;
    a worker that comes later makes another.
    """

    def __init__(self) -> None:
        self.folder = Path(os.environ["ACTIONPLAN_TEST_FOLDER"])
        # beside the database of another run on the same server
        self.name = f"{self.folder.name}-template"
        self.made = self.folder / "template.made"
        self.made_here = False
        self.needed = on_postgres() and int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        with (self.folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def exists(self) -> bool:
        return self.made.exists()

    def use(self) -> None:
        """The database that Django makes for the tests of this worker is a copy."""
        settings.DATABASES["default"]["TEST"] |= {"TEMPLATE": self.name, "MIGRATE": False}

    def make(self) -> None:
        """A copy of this worker's database, which nobody may be connected to meanwhile."""
        own = connection.settings_dict["NAME"]
        connection.close()
        self._run(f'CREATE DATABASE "{self.name}" TEMPLATE "{own}"')
        self.made.touch()
        self.made_here = True

    def drop(self) -> None:
        with self.locked():
            self.made.unlink()
            self._run(f'DROP DATABASE "{self.name}"')

    def _run(self, statement: str) -> None:
        with contextlib.closing(psycopg2.connect(os.environ["DATABASE_URL"])) as server:
            server.autocommit = True
            with server.cursor() as cursor:
                cursor.execute(statement)
