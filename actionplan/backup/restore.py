"""A backup becomes a site: in an empty database, with its mail held until somebody releases it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from actionplan.backup import create, table_dump
from actionplan.backup.create import BackupRefused, Manifest
from actionplan.models import Mark
from commitments.models import Plan
from commitments.register import standings


def restore_backup(folder: Path) -> Iterator[str]:
    """Restores step by step and says what is done; raises BackupRefused, but for the last step before
    anything is changed.
    """
    manifest = create.read_manifest(folder)
    tables = _known_tables(manifest)
    _refuse_a_used_database(manifest)
    _place_files(folder, manifest)
    yield f"{len(manifest.files)} files are in {settings.MEDIA_ROOT}"
    _make_tables(manifest)
    _load(folder, manifest, tables)
    yield f"{sum(table.rows for table in manifest.tables)} rows are in {len(manifest.tables)} tables"
    call_command("migrate", interactive=False, verbosity=0)
    Mark.now(Mark.MAIL_HELD)
    refuse_another_head(manifest)
    yield f"{renew_standings() or 'no'} standings were judged otherwise by this version and computed anew"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _known_tables(manifest: Manifest) -> dict[str, table_dump.Model]:
    found = create.tables_of(manifest.migrations)
    for table in manifest.tables:
        known = table_dump.names(found[table.table]) if table.table in found else []
        if not set(table.columns) <= set(known):
            raise BackupRefused(
                f"{table.name} of the backup has columns that are not known here: take another backup"
            )
    return {table.table: found[table.table] for table in manifest.tables}


def _refuse_a_used_database(manifest: Manifest) -> None:
    there = create.applied()
    if not there:
        return
    if there != manifest.migrations:
        raise BackupRefused(
            "the database has the tables of another version than the backup: name a new, empty database"
        )
    if any(
        apps.get_model(name).objects.exists() for name in ("commitments.Plan", "actionplan.User")
    ):
        raise BackupRefused(
            "the database has plans or accounts already: name a new, empty database"
        )


def _place_files(folder: Path, manifest: Manifest) -> None:
    """Each is there whole or not at all; what is there already must be the same."""
    pairs = [
        (part, Path(settings.MEDIA_ROOT) / part.name.removeprefix("files/"))
        for part in manifest.files
    ]
    missing = [(part, target) for part, target in pairs if not target.exists()]
    for part, target in pairs:
        if target.exists() and create.digest_of(target) != part.sha256:
            raise BackupRefused(
                f"{target} is there already and is another file: name an empty folder in MEDIA_ROOT"
            )
    for part, target in missing:
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f"{target.name}.part")
        shutil.copyfile(folder / part.name, new)
        new.replace(target)


def _make_tables(manifest: Manifest) -> None:
    """Those of the backup's own version; where they are there already, nothing."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    wanted = set(manifest.migrations) - set(executor.loader.applied_migrations)
    steps = executor.migration_plan(leaves, clean_start=True)
    executor.migrate(
        leaves, plan=[step for step in steps if (step[0].app_label, step[0].name) in wanted]
    )


def _load(folder: Path, manifest: Manifest, tables: dict[str, table_dump.Model]) -> None:
    with transaction.atomic():
        for table in manifest.tables:
            with (folder / table.name).open("rb") as file:
                table_dump.load(tables[table.table], table.columns, file)
        table_dump.restart_numbers(tables.values())
        if "actionplan_mark" in connection.introspection.table_names():
            Mark.now(Mark.MAIL_HELD)


def refuse_another_head(manifest: Manifest) -> None:
    if (found := create.heads()) != manifest.plans:
        raise BackupRefused(
            f"what was restored is not sound: its registers end with {found} and not with {manifest.plans}"
        )


def renew_standings() -> int:
    """Those that this version judges otherwise are computed anew; how many."""
    changed = 0
    for plan in Plan.objects.all():
        if different := standings.find_mismatches(plan):
            with transaction.atomic():
                Plan.objects.select_for_update().get(pk=plan.pk)
                standings.rebuild_all(plan)
            changed += len(different)
    return changed
