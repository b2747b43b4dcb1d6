"""Brings a register of 1.0.0 up to date, killed before each of its statements in turn, and then
again in peace: every time the same tables come of it.

Run as `python -m tests.faults.killed_migrations` with DATABASE_URL, which names an SQLite file or a
PostgreSQL database whose owner may create others; prints how many kills there were. With a seed it
kills before a few statements alone; with `--start` it makes the register and no more.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg2

FEW = 3
START = Path(__file__).parent.parent / "releases" / "1.0.0" / "backup"


# a kill takes back what was not committed, and so do these
UNCHANGING = ("SELECT", "PRAGMA", "SET ", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")


class Killed(BaseException):
    """Nothing that runs afterwards catches it."""


class Killer:
    """Lets so many statements through that change something."""

    def __init__(self, statements: int) -> None:
        self.left = statements

    def __call__(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if not sql.lstrip().upper().startswith(UNCHANGING):
            if self.left == 0:
                raise Killed
            self.left -= 1
        return execute(sql, *args)


def describe(connection: Any) -> list[tuple[str, ...]]:
    """The tables, columns, indexes, constraints and triggers, and the migrations that are recorded."""
    queries = [
        "SELECT app, name FROM django_migrations",
        "SELECT type, name, tbl_name, sql FROM sqlite_master",
    ]
    if connection.vendor == "postgresql":
        queries[1:] = [
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public'",
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indexrelid "
            "WHERE c.relnamespace = 'public'::regnamespace",
            "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
        ]
    found: list[tuple[str, ...]] = []
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            found += sorted(tuple(map(str, row)) for row in cursor.fetchall())
    return found


@contextmanager
def copies(connection: Any) -> Iterator[Callable[[], None]]:
    """Keeps the database as it is now; the function brings it back to that."""
    connection.close()
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        kept = Path(f"{name}.kept")
        shutil.copy(name, kept)

        def copy_back() -> None:
            connection.close()
            for end in ("-wal", "-shm"):
                Path(name + end).unlink(missing_ok=True)
            shutil.copy(kept, name)

        yield copy_back
        return
    server = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    with closing(psycopg2.connect(server)) as other:
        other.autocommit = True
        with other.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}_kept" TEMPLATE "{name}"')

            def make_again() -> None:
                connection.close()
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{name}_kept"')

            yield make_again
            cursor.execute(f'DROP DATABASE "{name}_kept" WITH (FORCE)')


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    from actionplan.backup import restore
    from actionplan.backup.manifest import read_manifest
    from commitments.models import Plan
    from commitments.register import standings

    def migrate() -> None:
        call_command("migrate", interactive=False, verbosity=0)

    manifest = read_manifest(START)
    restore._make_tables(manifest)
    restore._load_tables(START, manifest, restore._models_of_backup(manifest))
    if arguments == ["--start"]:
        return
    with copies(connection) as begin_anew:
        counter = Killer(sys.maxsize)
        with connection.execute_wrapper(counter):
            migrate()
        wanted = describe(connection)
        points: Sequence[int] = range(sys.maxsize - counter.left)
        if arguments:
            points = Random(arguments[0]).sample(points, FEW)
        for point in points:
            begin_anew()
            # on SQLite Django checks foreign keys on the way out, half-way through as it is
            with suppress(Killed, DatabaseError), connection.execute_wrapper(Killer(point)):
                migrate()
                raise AssertionError(f"not killed after {point} statements")
            # the server then takes back what was not committed
            connection.close()
            connection.connect()
            migrate()
            assert describe(connection) == wanted, f"killed after {point} statements"
        # which judges by the rules of this version
        call_command("finish_upgrade", stdout=sys.stderr)
        for plan in Plan.objects.all():
            assert standings.find_mismatches(plan) == []
    print(len(points))


if __name__ == "__main__":
    main(sys.argv[1:])
