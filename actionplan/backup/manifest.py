"""What a backup says of itself: `manifest.json`, with the size and the SHA-256 of each of its files."""

import hashlib
import json
import re
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

FORMAT = 1
MANIFEST = "manifest.json"
# U+0000 and halves of characters, which no name of a file holds
NO_CHARACTERS = re.compile("[\0\ud800-\udfff]")


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


# as Django names them: app and name
Migration = tuple[str, str]


class Head(NamedTuple):
    """The head of a register: the slug of its plan, the number of its last entry, and its hash."""

    plan: str
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.plan}: {self.number} entries, head {self.hash}"


@dataclass
class Manifest:
    format: int
    made: str
    database: str
    migrations: list[Migration]
    plans: list[Head] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [*self.tables, *self.files]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup that is whole; raises BackupRefused with the first thing that is
    wrong.
    """
    path = folder / MANIFEST
    try:
        refuse_other_than_plain_file(folder, MANIFEST)
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise BackupRefused(f"{path} cannot be read: name the folder that `backup` made") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BackupRefused(f"{path} is not of format {FORMAT}: it was made by another program")
    try:
        manifest = _parse_manifest(content)
    except (KeyError, TypeError, ValueError):
        raise BackupRefused(f"{path} is damaged: take another backup") from None
    for part in manifest.parts:
        _check_part(folder, part)
    return manifest


def _parse_manifest(content: dict[str, Any]) -> Manifest:
    manifest = Manifest(**content)
    manifest.migrations = [(str(app), str(name)) for app, name in content["migrations"]]
    manifest.plans = [Head(*head) for head in content["plans"]]
    manifest.tables = [Table(**table) for table in content["tables"]]
    manifest.files = [Part(**file) for file in content["files"]]
    for table in manifest.tables:
        _check_table(table)
    for part in manifest.parts:
        if not is_inside(part.name) or not isinstance(part.bytes, int):
            raise ValueError(f"{part.name} lies outside of the backup")
    names = [part.name for part in manifest.parts]
    if len(set(names)) < len(names):
        raise ValueError("a part is named twice")
    return manifest


def _check_table(table: Table) -> None:
    if table.name != f"tables/{table.table}.txt" or not isinstance(table.rows, int):
        raise ValueError(f"{table.name} is no table")
    columns = set(table.columns)
    if len(columns) < len(table.columns) or not all(isinstance(name, str) for name in columns):
        raise ValueError(f"{table.name} has odd columns")


def is_inside(name: str) -> bool:
    """Whether a part lies where its name says: below `tables/` or `files/`, written in one way."""
    if NO_CHARACTERS.search(name):
        return False
    path = PurePosixPath(name)
    is_plain = path.as_posix() == name and ".." not in path.parts
    return is_plain and len(path.parts) > 1 and path.parts[0] in ("tables", "files")


def refuse_other_than_plain_file(folder: Path, name: str) -> None:
    """Raises OSError for links, devices and pipes, also among the folders that lead there.

    A pipe would never end, and a link may lead anywhere.
    """
    path = folder
    for part in PurePosixPath(name).parts:
        path = path / part
        if stat.S_ISLNK(path.lstat().st_mode):
            raise OSError(None, "it is a link")
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(None, "it is no plain file")


def _check_part(folder: Path, part: Part) -> None:
    try:
        refuse_other_than_plain_file(folder, part.name)
        digest = digest_of(folder / part.name)
    except OSError as error:
        raise BackupRefused(
            f"{part.name} of the backup cannot be read ({error.strerror}): take another backup"
        ) from None
    if digest != part.sha256:
        raise BackupRefused(
            f"{part.name} of the backup is not what was written: take another backup"
        )


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
