"""A backup becomes a site: in an empty database, with its mail held until somebody releases it."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection, transaction

from actionplan.backup import table_dump
from actionplan.backup.create import find_applied_migrations, find_heads, find_models
from actionplan.backup.manifest import BackupRefused, Manifest, Part, digest_of, read_manifest
from actionplan.models import Mark, User
from commitments.models import Action, EntryText, Plan, triggers
from commitments.models.migration_executor import WholeExecutor
from commitments.register import edition, search_index, standings


def restore_backup(folder: Path) -> Iterator[str]:
    """Restore step by step and say what is done. Raises BackupRefused; then nothing is left behind.

    1. Check the backup. 2. Refuse a database that is in use, and files that are there already.
    3. Put the attached files in place. 4. Make the tables of the backup's own version and load
    their rows. 5. Bring them up to this version. 6. Compare the heads of the registers, and
    recompute what is judged otherwise now.
    """
    manifest = read_manifest(folder)
    models = _models_of_backup(manifest)
    _refuse_used_database(manifest)
    missing = _find_missing_files(manifest)
    try:
        yield from _restore_checked(folder, manifest, models, missing)
    except BaseException:
        _take_away(missing)
        raise


def _restore_checked(
    folder: Path,
    manifest: Manifest,
    models: dict[str, table_dump.Model],
    missing: list[Part],
) -> Iterator[str]:
    for part in missing:
        _place_file(folder, part)
    yield f"{len(manifest.files)} files are in {settings.MEDIA_ROOT}"
    _make_tables(manifest)
    _load_tables(folder, manifest, models)
    yield f"{manifest.rows} rows are in {len(manifest.tables)} tables"
    call_command("migrate", interactive=False, verbosity=0)
    Mark.now(Mark.MAIL_HELD)
    refuse_other_heads(manifest)
    index_for_search()
    yield from recompute_standings()
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
    left_out = sorted(set(known) - set(models))
    if left_out:
        raise BackupRefused(f"the backup is without its table {left_out[0]}: take another backup")
    return models


def _refuse_used_database(manifest: Manifest) -> None:
    applied = find_applied_migrations()
    if not applied:
        tables = connection.introspection.table_names()
        if tables:
            raise BackupRefused(
                f"the database has tables of another program ({tables[0]}): name a new, empty database"
            )
        return
    if applied != manifest.migrations:
        raise BackupRefused(
            "the database has the tables of another version than the backup: name a new, empty database"
        )
    if Plan.objects.exists() or User.objects.exists():
        raise BackupRefused(
            "the database has plans or accounts already: name a new, empty database"
        )


def _place_of(part: Part) -> Path:
    return Path(settings.MEDIA_ROOT) / part.name.removeprefix("files/")


def _find_missing_files(manifest: Manifest) -> list[Part]:
    """The files to be put in place; one that is there already must be the same."""
    root = Path(settings.MEDIA_ROOT).resolve()
    missing = []
    for part in manifest.files:
        target = _place_of(part)
        if not target.resolve().is_relative_to(root):
            raise BackupRefused(f"{target} leads out of MEDIA_ROOT: remove the link there")
        if not target.exists():
            missing.append(part)
        elif digest_of(target) != part.sha256:
            raise BackupRefused(
                f"{target} is there already and is another file: name an empty folder in MEDIA_ROOT"
            )
    return missing


def _place_file(folder: Path, part: Part) -> None:
    """It is there whole or not at all."""
    target = _place_of(part)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(folder / part.name, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _take_away(files: list[Part]) -> None:
    """Leave the database and MEDIA_ROOT as they were found."""
    for part in files:
        _place_of(part).unlink(missing_ok=True)
    connection.close()
    try:
        remove_our_tables()
    except DatabaseError as error:
        reason = str(error).partition("\n")[0]
        raise BackupRefused(
            f"the restore failed, and what it left could not be removed ({reason}): "
            "empty the database before anything else"
        ) from error
    connection.close()


def remove_our_tables() -> None:
    """The tables of the installed applications, and the views over them."""
    prefixes = {config.label for config in apps.get_app_configs()} | {"django"}
    with connection.cursor() as cursor:
        tables = connection.introspection.get_table_list(cursor)
        cascade = ""
        if connection.vendor == "postgresql":
            cascade = " CASCADE"
            for function in triggers.FUNCTIONS:
                cursor.execute(f"DROP FUNCTION IF EXISTS {function}{cascade}")
        else:
            connection.disable_constraint_checking()
        views_first = sorted(tables, key=lambda table: table.type, reverse=True)
        for table in views_first:
            if table.name.partition("_")[0] in prefixes:
                kind = "VIEW" if table.type == "v" else "TABLE"
                name = connection.ops.quote_name(table.name)
                cursor.execute(f"DROP {kind} IF EXISTS {name}{cascade}")


def _make_tables(manifest: Manifest) -> None:
    """Those of the backup's own version; where they are there already, nothing."""
    executor = WholeExecutor(connection)
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
            with _name_part(table.name), (folder / table.name).open("rb") as file:
                rows = table_dump.load_table(models[table.table], table.columns, file)
                if rows != table.rows:
                    raise ValueError(f"it has {rows} rows and not {table.rows}")
        with _name_part("tables/"):
            connection.check_constraints()
        table_dump.restart_numbers(models.values())
        # a version before 1.0 has no marks yet
        if "actionplan_mark" in connection.introspection.table_names():
            Mark.now(Mark.MAIL_HELD)


@contextlib.contextmanager
def _name_part(name: str) -> Iterator[None]:
    """Say in one line which part of the backup holds what is no row of its table."""
    try:
        yield
    except (DatabaseError, ValueError, OverflowError, ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise BackupRefused(
            f"{name} of the backup cannot be loaded ({reason}): take another backup"
        ) from None


def refuse_other_heads(manifest: Manifest) -> None:
    heads = find_heads()
    if heads != manifest.plans:
        restored = "; ".join(map(str, heads))
        stated = "; ".join(map(str, manifest.plans))
        raise BackupRefused(
            f"what was restored is not sound: its registers end with {restored}, and not with {stated}"
        )


def index_for_search() -> None:
    """Versions up to 1.0.0 keep no columns of words to search in."""
    search_index.index_actions(Action.objects.all())
    search_index.index_missing_texts(EntryText.objects.all())


def recompute_standings() -> Iterator[str]:
    """Rebuild the standings of each plan of which this version judges any otherwise, and say how
    many they were; those of the first edition of the rules are left to the report of the upgrade.
    """
    count = 0
    for plan in Plan.objects.all():
        try:
            mismatches = standings.find_mismatches(plan)
        # what entries that no version wrote make the rules raise
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise BackupRefused(
                f"what was restored is not sound: the entries of {plan.slug} cannot be judged "
                f"({error}): take another backup"
            ) from error
        if edition.is_of_first_edition(plan):
            yield f"{plan.slug}: finish_upgrade will judge it by the second edition of the rules"
            continue
        if mismatches:
            standings.rebuild_all(plan)
        count += len(mismatches)
    yield f"{count or 'no'} standings were judged otherwise by this version and computed anew"
