"""What must hold of each kind of file, however it was spoilt: it is loaded whole, or refused with its
errors and nothing of it is there.

`python -m tests.mutations` and the everyday tests try spoilt texts on these. A text stands for a
file of several parts: under a line with the name of each part, that part.
"""

import csv
import hashlib
import io
import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from openpyxl import Workbook

from actionplan.backup.create import create_backup
from actionplan.local import samples
from actionplan.plan_transfer.export import export_plan
from actionplan.plan_transfer.load import load_plan
from actionplan.plan_transfer.restore import load_export
from commitments.evidence import storage
from commitments.files.entries import load_entries
from commitments.files.errors import FileError, FileRefused
from commitments.models import Entry, EntryText, Flag, Plan, PlanFile, Standing
from commitments.register import entries as register
from commitments.register import hash_chain
from commitments.rules.events import Perspective
from commitments.text import unify_line_ends
from tests import factories
from tests.plans import SMALL

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
ADOPTED = date(2014, 9, 20)
LAST_ROW = 1_048_576
PART = re.compile(r"^== (.*)$", re.MULTILINE)
COUNTED = (Plan, Entry, EntryText, PlanFile, Standing, Flag)


@dataclass(frozen=True)
class FileKind:
    """`make_text` makes a sound file; `load` takes a spoilt one and says whether it was loaded."""

    name: str
    make_text: Callable[[], str]
    load: Callable[[str], bool]


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written meanwhile is not there afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def count_rows() -> list[int]:
    return [model._default_manager.count() for model in COUNTED]


def check_refusal(errors: list[FileError], last_line: int) -> None:
    assert errors
    for error in errors:
        assert 0 <= error.line <= last_line, error
        assert "\n" not in error.text, error


# Files of several parts


def parts_as_text(content: bytes) -> str:
    """The parts of a ZIP file that are text, one line a tag or field."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    return "".join(f"== {name}\n{text}\n" for name, text in parts.items()).replace("><", ">\n<")


def parts_of(text: str) -> dict[str, str]:
    _, *parts = PART.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def make_archive(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name or "nameless", part)
    return file.getvalue()


def with_digests_made_right(text: str, whole: dict[str, str], manifest: str) -> dict[str, str]:
    """The manifest has the digest of what each part has become, so that the part is looked into."""
    parts = {name: part[1:-1] for name, part in parts_of(text).items()}
    for name, part in whole.items():
        if name != manifest and manifest in parts:
            now = digest(parts.get(name, ""))
            parts[manifest] = parts[manifest].replace(digest(part), now)
    return parts


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Plan file


def load_spoilt_plan(text: str) -> bool:
    before = count_rows()
    with taken_back():
        try:
            loaded = load_plan(text.encode(), now=NOW)
        except FileRefused as refused:
            check_refusal(refused.errors, text.count("\n") + 1)
            assert count_rows() == before
            return False
        assert stated_refs(text) <= judged_refs(loaded.plan.slug)
    return True


def stated_refs(text: str) -> set[str]:
    """The refs of the actions and contributions of a plan file."""
    tree = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    refs = set()
    for commitment in tree["commitments"]:
        refs |= {action["ref"] for action in commitment.get("actions", [])}
    for fund in tree.get("funds", []):
        refs |= {contribution["ref"] for contribution in fund.get("contributions", [])}
    return refs


def judged_refs(slug: str) -> set[str]:
    """The refs of what has a standing on the day of adoption, from both perspectives."""
    standings = Standing.objects.filter(plan__slug=slug)
    then, now = (
        set(standings.on(ADOPTED, perspective).values_list("obligation__ref", flat=True))
        for perspective in Perspective
    )
    assert then == now
    return then


# Entries


def load_spoilt_entries(content: bytes, last_line: int) -> bool:
    before = count_rows()
    plan = Plan.objects.get(slug="calais-2014")
    with taken_back():
        reading = load_entries(plan, content, now=NOW, by=None)
        if reading.errors:
            check_refusal(reading.errors, last_line)
            assert all(error.line for error in reading.errors)
            assert count_rows() == before
            return False
        entries = Entry.objects.without_plan_entries().filter(plan=plan)
        assert {entry.code for entry in entries} >= {draft.code for draft in reading.drafts}
        assert Entry.objects.count() == before[1] + len(reading.drafts)
    return True


def load_spoilt_csv(text: str) -> bool:
    return load_spoilt_entries(text.encode(), unify_line_ends(text).count("\n") + 1)


def make_sheet_text() -> str:
    """The samples as a spreadsheet."""
    book = Workbook()
    sheet: Any = book.active
    for row in csv.reader(samples.ENTRIES_FILE.read_text().splitlines()):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return parts_as_text(file.getvalue())


def load_spoilt_sheet(text: str) -> bool:
    parts = {name: part.strip() for name, part in parts_of(text).items()}
    return load_spoilt_entries(make_archive(parts), LAST_ROW)


# Export of a whole plan


@cache
def make_export_text() -> str:
    """The small plan with an entry that carries a file; nothing of it stays in the database."""
    with taken_back():
        plan = factories.create_plan(SMALL)
        draft = register.Draft(
            kind="note", code="n", effective="2015-01-02", recorded_day=date(2015, 1, 2), ref="1.1"
        )
        draft.evidence = (storage.store(SimpleUploadedFile("one.csv", b"a,b\n1,2\n")),)
        register.append(plan, [draft], by=None, now=NOW)
        file = io.BytesIO()
        export_plan(plan, file, now=NOW)
    return parts_as_text(file.getvalue())


def load_spoilt_export(text: str) -> bool:
    whole = {name: part[1:-1] for name, part in parts_of(make_export_text()).items()}
    parts = with_digests_made_right(text, whole, "manifest.json")
    before = count_rows()
    with tempfile.NamedTemporaryFile(suffix=".zip") as file, taken_back():
        Path(file.name).write_bytes(make_archive(parts))
        try:
            plan = load_export(Path(file.name), now=NOW)
        except FileRefused as refused:
            check_refusal(refused.errors, 0)
            assert count_rows() == before
            return False
        assert list(hash_chain.verify_chain(plan)) == []
    return True


# Backup: on SQLite alone, since each is restored into a database of its own


@dataclass
class BackupDesk:
    """Restores spoilt backups into an empty site, which takes the place of the one before."""

    folder: Path

    @property
    def whole(self) -> Path:
        return self.folder / "whole"

    @property
    def database(self) -> Path:
        return Path(connection.settings_dict["NAME"])

    def keep_empty_database(self) -> None:
        connection.close()
        shutil.copyfile(self.database, self.folder / "empty.sqlite3")

    def empty_site(self) -> None:
        connection.close()
        for end in ("-wal", "-shm"):
            Path(f"{self.database}{end}").unlink(missing_ok=True)
        shutil.copyfile(self.folder / "empty.sqlite3", self.database)
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)

    def make_text(self) -> str:
        """Of the site as it is, with one file."""
        settings.MEDIA_ROOT.mkdir(exist_ok=True)
        (settings.MEDIA_ROOT / "one.csv").write_text("a,b\n")
        create_backup(self.whole)
        return "".join(f"== {name}\n{text}\n" for name, text in self.read_whole().items())

    def read_whole(self) -> dict[str, str]:
        paths = sorted(path for path in self.whole.rglob("*") if path.is_file())
        return {str(path.relative_to(self.whole)): path.read_text() for path in paths}

    def load(self, text: str) -> bool:
        spoilt = self.folder / "spoilt"
        shutil.rmtree(spoilt, ignore_errors=True)
        parts = with_digests_made_right(text, self.read_whole(), "manifest.json")
        for name, part in parts.items():
            path = spoilt / name
            # a spoilt name can be that of a folder
            if not name or len(name) >= 200 or path.is_dir():
                continue
            if path.resolve().is_relative_to(spoilt.resolve()):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(part.encode())
        self.empty_site()
        errors = io.StringIO()
        try:
            with redirect_stderr(errors):
                call_command("restore", str(spoilt), stdout=io.StringIO())
        except SystemExit:
            said = errors.getvalue()
            assert said, "it does not say why"
            if "the site is restored all the same" not in said:
                assert said.count("\n") == 1, said
                assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
                assert not connection.introspection.table_names() or not Plan.objects.exists()
            return False
        assert (settings.MEDIA_ROOT / "one.csv").exists()
        return True


PLAN_FILE = FileKind("plan file", samples.PLAN_FILE.read_text, load_spoilt_plan)
CSV = FileKind("entries, CSV", samples.ENTRIES_FILE.read_text, load_spoilt_csv)
XLSX = FileKind("entries, XLSX", make_sheet_text, load_spoilt_sheet)
EXPORT = FileKind("export of a plan", make_export_text, load_spoilt_export)


def prepare_kinds(folder: Path) -> Iterator[FileKind]:
    """Each kind, with the database made ready for it."""
    call_command("migrate", verbosity=0)
    desk = BackupDesk(folder)
    desk.keep_empty_database()
    factories.create_plan(samples.PLAN_FILE.read_text())
    yield from (PLAN_FILE, CSV, XLSX, EXPORT)
    factories.load_sample_entries(Plan.objects.get())
    yield FileKind("backup", desk.make_text, desk.load)
