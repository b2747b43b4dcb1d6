"""A backup is a folder: `manifest.json`, a text for each table in `tables/`, and all attached files
in `files/`.

It is of one moment, whatever is written meanwhile, and its name appears only when it is whole. The
same folder can be restored into either database, by this version or a later one.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from actionplan.backup import table_dump
from commitments.models import Plan
from commitments.register import entries

FORMAT = 1
MANIFEST = "manifest.json"
# who is signed in, and when this very site was last seen alive: of no use elsewhere
# (actionplan_opensession is the table of sessions of 1.0.0)
LEFT_OUT = {
    "django_session",
    "usersessions_usersession",
    "actionplan_opensession",
    "actionplan_mark",
}
SNAPSHOT = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # in WAL mode a reader sees what was there when it began; nobody waits for it
    "sqlite": "BEGIN DEFERRED",
}
CHUNK = 1024 * 1024


class BackupRefused(Exception):
    """What stands in the way, in a sentence that says what would be right."""


@dataclass(frozen=True)
class Part:
    """One file of a backup; `name` is relative to it."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Table(Part):
    table: str
    columns: list[str]
    rows: int


@dataclass
class Manifest:
    format: int
    made: str
    database: str
    # as Django names them: app, migration
    migrations: list[tuple[str, str]]
    # the head of each register: slug, entries, hash
    plans: list[tuple[str, int, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [*self.tables, *self.files]


class Counted:
    """A file that is written: counted and hashed on its way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.bytes, self.rows, self.digest = file, 0, 0, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.bytes += len(content)
        self.rows += content.count(b"\n")
        self.digest.update(content)
        return self.file.write(content)


@contextlib.contextmanager
def _counted(path: Path) -> Iterator[Counted]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        yield Counted(file)
        file.flush()
        os.fsync(file.fileno())


def create_backup(target: Path) -> Manifest:
    """Raises BackupRefused or OSError; then there is nothing of that name."""
    if target.is_symlink() or (
        target.exists() and not (target.is_dir() and not any(target.iterdir()))
    ):
        raise BackupRefused(f"{target} exists already: name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{target.name}.part-", dir=target.parent))
    try:
        manifest = _fill(part)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def _fill(part: Path) -> Manifest:
    with _snapshot():
        manifest = Manifest(
            FORMAT, timezone.now().isoformat(timespec="seconds"), connection.vendor, applied()
        )
        manifest.plans = heads()
        for table, model in sorted(tables_of(manifest.migrations).items()):
            name = f"tables/{table}.txt"
            with _counted(part / name) as file:
                table_dump.dump(model, file)  # type: ignore[arg-type]
            hashed = file.digest.hexdigest()
            manifest.tables.append(
                Table(name, file.bytes, hashed, table, table_dump.names(model), file.rows)
            )
    # a file is there before the row that names it, so those of the snapshot are among them
    manifest.files += _copied(Path(settings.MEDIA_ROOT), part)
    with _counted(part / MANIFEST) as file:
        file.write(json.dumps(asdict(manifest), indent=1, ensure_ascii=False).encode())
    return manifest


@contextlib.contextmanager
def _snapshot() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT[connection.vendor])
        try:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'")
            yield
        finally:
            cursor.execute("ROLLBACK")


def applied() -> list[tuple[str, str]]:
    return sorted(MigrationLoader(connection).applied_migrations)


def heads() -> list[tuple[str, int, str]]:
    """The head of each plan's register: slug, number of entries, hash."""
    found = ((plan, entries.head_of(plan)) for plan in Plan.objects.all())
    return [(plan.slug, head.number, head.hash) for plan, head in found if head]


def tables_of(migrations: list[tuple[str, str]]) -> dict[str, table_dump.Model]:
    """The tables as these migrations leave them; raises BackupRefused where one is not known."""
    graph = MigrationLoader(connection).graph
    if unknown := [".".join(node) for node in migrations if node not in graph.nodes]:
        raise BackupRefused(
            f"the backup is of a later version (its {unknown[0]} is not known here): restore it with that"
        )
    models = graph.make_state(nodes=migrations, at_end=True).apps.get_models(
        include_auto_created=True
    )
    found = {
        model._meta.db_table: model
        for model in models
        if model._meta.managed and not model._meta.proxy
    }
    return {table: model for table, model in found.items() if table not in LEFT_OUT}


def _copied(source: Path, part: Path) -> Iterator[Part]:
    """Every plain file of a folder; one that goes meanwhile was withdrawn after the snapshot."""
    for path in sorted(source.rglob("*")):
        name = f"files/{path.relative_to(source).as_posix()}"
        if path.is_symlink() or not path.is_file():
            continue
        with (
            contextlib.suppress(FileNotFoundError),
            path.open("rb") as file,
            _counted(part / name) as copy,
        ):
            shutil.copyfileobj(file, copy, CHUNK)
            yield Part(name, copy.bytes, copy.digest.hexdigest())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup that is whole; raises BackupRefused with the first thing that is wrong."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BackupRefused(
            f"{folder / MANIFEST} cannot be read: name the folder that `backup` made"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BackupRefused(
            f"{folder / MANIFEST} is not of format {FORMAT}: it was made by another program"
        )
    try:
        manifest = _parsed(content)
    except (KeyError, TypeError, ValueError):
        raise BackupRefused(f"{folder / MANIFEST} is damaged: take another backup") from None
    for part in manifest.parts:
        _check(folder, part)
    return manifest


def _parsed(content: dict[str, Any]) -> Manifest:
    manifest = Manifest(**content)
    manifest.migrations = [(str(app), str(name)) for app, name in manifest.migrations]
    manifest.plans = [(str(slug), int(number), str(head)) for slug, number, head in manifest.plans]
    manifest.tables = [Table(**table) for table in content["tables"]]
    manifest.files = [Part(**file) for file in content["files"]]
    for part in manifest.parts:
        if not re.match(r"(tables|files)/", part.name) or ".." in Path(part.name).parts:
            raise ValueError(part.name)
    return manifest


def _check(folder: Path, part: Part) -> None:
    try:
        found = digest_of(folder / part.name)
    except OSError as error:
        raise BackupRefused(
            f"{part.name} of the backup cannot be read ({error.strerror}): take another backup"
        ) from None
    if found != part.sha256:
        raise BackupRefused(
            f"{part.name} of the backup is not what was written: take another backup"
        )


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
