"""A backup is a folder: `manifest.json`, a text for each table in `tables/`, and all attached files
in `files/`.

It is of one moment, whatever is written meanwhile, and its name appears only when it is whole. The
same folder can be restored into either database, by this version or a later one.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from actionplan.backup import table_dump
from actionplan.backup.manifest import (
    FORMAT,
    MANIFEST,
    BackupRefused,
    Head,
    Manifest,
    Migration,
    Part,
    Table,
    digest_of,
)
from commitments.models import Plan
from commitments.register import entries

# who is signed in, when this very site was last seen alive, papers that are kept for a day: of no
# use elsewhere
# (actionplan_opensession is the table of sessions of 1.0.0)
LEFT_OUT = {
    "django_session",
    "usersessions_usersession",
    "actionplan_opensession",
    "actionplan_mark",
    "actionplan_paperorder",
}
BEGIN_SNAPSHOT = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'",
    # in WAL mode a reader sees what was there when it began; nobody waits for it
    "sqlite": "BEGIN DEFERRED",
}


@contextlib.contextmanager
def _create_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file, on the disk when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def create_backup(target: Path) -> Manifest:
    """Raises BackupRefused or OSError; then there is nothing of that name."""
    if _is_taken(target):
        raise BackupRefused(f"{target} exists already: name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{target.name}.part-", dir=target.parent))
    try:
        manifest = _fill_folder(part)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def _is_taken(target: Path) -> bool:
    """An empty folder is as good as none."""
    if target.is_symlink():
        return True
    if target.is_dir():
        return any(target.iterdir())
    return target.exists()


def _fill_folder(folder: Path) -> Manifest:
    with open_snapshot():
        manifest = Manifest(
            format=FORMAT,
            made=timezone.now().isoformat(timespec="seconds"),
            database=connection.vendor,
            migrations=find_applied_migrations(),
            plans=find_heads(),
        )
        models = find_models(manifest.migrations)
        manifest.tables = [_dump_table(folder, models[table]) for table in sorted(models)]
    # a file is there before the row that names it, so those of the snapshot are among them
    manifest.files = list(_copy_files(Path(settings.MEDIA_ROOT), folder))
    with _create_file(folder / MANIFEST) as file:
        file.write(manifest.to_json().encode())
    return manifest


@contextlib.contextmanager
def open_snapshot() -> Iterator[None]:
    """The database as it is now, whatever is written meanwhile; outside of any transaction."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN_SNAPSHOT[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def find_applied_migrations() -> list[Migration]:
    return sorted(MigrationLoader(connection).applied_migrations)


def find_heads() -> list[Head]:
    """The head of each plan's register that has entries."""
    heads = [entries.head_of(plan) for plan in Plan.objects.all()]
    return [Head(head.plan.slug, head.number, head.hash) for head in heads if head]


def find_models(migrations: list[Migration]) -> dict[str, table_dump.Model]:
    """The model of each table as these migrations leave them; raises BackupRefused where one of
    them is not known.

    A table that a later migration takes out of Django's state is among those of an earlier version.
    """
    graph = MigrationLoader(connection).graph
    unknown = [f"{app}.{name}" for app, name in migrations if (app, name) not in graph.nodes]
    if unknown:
        raise BackupRefused(
            f"the backup is of a later version (its {unknown[0]} is not known here): restore it with that"
        )
    state = graph.make_state(nodes=migrations, at_end=True)
    tables: dict[str, table_dump.Model] = {}
    for model in state.apps.get_models(include_auto_created=True):
        options = model._meta
        if options.managed and not options.proxy and options.db_table not in LEFT_OUT:
            tables[options.db_table] = model
    return tables


def _dump_table(folder: Path, model: table_dump.Model) -> Table:
    table = model._meta.db_table
    path = folder / "tables" / f"{table}.txt"
    with _create_file(path) as file:
        rows = table_dump.dump_table(model, file)
    return Table(
        name=f"tables/{path.name}",
        bytes=path.stat().st_size,
        sha256=digest_of(path),
        table=table,
        columns=table_dump.column_names(model),
        rows=rows,
    )


def _copy_files(source: Path, folder: Path) -> Iterator[Part]:
    """Every plain file below a folder."""
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = f"files/{path.relative_to(source).as_posix()}"
        copy = folder / name
        # a file that goes meanwhile was withdrawn after the snapshot
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            with _create_file(copy) as target:
                shutil.copyfileobj(file, target)
            yield Part(name, copy.stat().st_size, digest_of(copy))
