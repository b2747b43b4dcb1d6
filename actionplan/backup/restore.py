"""A backup becomes a site: in an empty database, with its mail held until somebody releases it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from actionplan.backup import table_dump
from actionplan.backup.create import find_applied_migrations, find_heads, find_models
from actionplan.backup.manifest import BackupRefused, Manifest, digest_of, read_manifest
from actionplan.models import Mark, User
from commitments.models import Plan
from commitments.register import standings


def restore_backup(folder: Path) -> Iterator[str]:
    """Restore step by step and say what is done. Raises BackupRefused, in steps 1 and 2 before
    anything is changed.

    1. Check the backup. 2. Refuse a database that is in use. 3. Put the attached files in place.
    4. Make the tables of the backup's own version and load their rows. 5. Bring them up to this
    version. 6. Compare the heads of the registers, and recompute what is judged otherwise now.
    """
    manifest = read_manifest(folder)
    models = _models_of_backup(manifest)
    _refuse_used_database(manifest)
    _place_files(folder, manifest)
    yield f"{len(manifest.files)} files are in {settings.MEDIA_ROOT}"
    _make_tables(manifest)
    _load_tables(folder, manifest, models)
    yield f"{manifest.rows} rows are in {len(manifest.tables)} tables"
    call_command("migrate", interactive=False, verbosity=0)
    Mark.now(Mark.MAIL_HELD)
    refuse_other_heads(manifest)
    count = recompute_standings()
    yield f"{count or 'no'} standings were judged otherwise by this version and computed anew"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _models_of_backup(manifest: Manifest) -> dict[str, table_dump.Model]:
    """The model of each table of the backup, as the backup's version knew it.

    Tables that are no longer Django's, such as the tallies of 1.0.0, are loaded like all others:
    the migrations of their version make them.
    """
    known = find_models(manifest.migrations)
    models: dict[str, table_dump.Model] = {}
    for table in manifest.tables:
        model = known.get(table.table)
        if model is None or not set(table.columns) <= set(table_dump.column_names(model)):
            raise BackupRefused(
                f"{table.name} of the backup has columns that are not known here: take another backup"
            )
        models[table.table] = model
    return models


def _refuse_used_database(manifest: Manifest) -> None:
    applied = find_applied_migrations()
    if not applied:
        return
    if applied != manifest.migrations:
        raise BackupRefused(
            "the database has the tables of another version than the backup: name a new, empty database"
        )
    if Plan.objects.exists() or User.objects.exists():
        raise BackupRefused(
            "the database has plans or accounts already: name a new, empty database"
        )


def _place_files(folder: Path, manifest: Manifest) -> None:
    """Each is there whole or not at all; what is there already must be the same."""
    root = Path(settings.MEDIA_ROOT)
    targets = [(part, root / part.name.removeprefix("files/")) for part in manifest.files]
    for part, target in targets:
        if target.exists() and digest_of(target) != part.sha256:
            raise BackupRefused(
                f"{target} is there already and is another file: name an empty folder in MEDIA_ROOT"
            )
    for part, target in targets:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(f"{target.name}.part")
            shutil.copyfile(folder / part.name, unfinished)
            unfinished.replace(target)


def _make_tables(manifest: Manifest) -> None:
    """Those of the backup's own version; where they are there already, nothing."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    wanted = set(manifest.migrations) - set(executor.loader.applied_migrations)
    plan = [
        (migration, is_backwards)
        for migration, is_backwards in executor.migration_plan(leaves, clean_start=True)
        if (migration.app_label, migration.name) in wanted
    ]
    executor.migrate(leaves, plan=plan)


def _load_tables(folder: Path, manifest: Manifest, models: dict[str, table_dump.Model]) -> None:
    with transaction.atomic():
        for table in manifest.tables:
            with (folder / table.name).open("rb") as file:
                table_dump.load_table(models[table.table], table.columns, file)
        table_dump.restart_numbers(models.values())
        # a version before 1.0 has no marks yet
        if "actionplan_mark" in connection.introspection.table_names():
            Mark.now(Mark.MAIL_HELD)


def refuse_other_heads(manifest: Manifest) -> None:
    heads = find_heads()
    if heads != manifest.plans:
        restored = "; ".join(map(str, heads))
        stated = "; ".join(map(str, manifest.plans))
        raise BackupRefused(
            f"what was restored is not sound: its registers end with {restored}, and not with {stated}"
        )


def recompute_standings() -> int:
    """Rebuild the standings of each plan of which this version judges any otherwise; returns how
    many were wrong.
    """
    count = 0
    for plan in Plan.objects.all():
        mismatches = standings.find_mismatches(plan)
        if mismatches:
            standings.rebuild_all(plan)
        count += len(mismatches)
    return count
