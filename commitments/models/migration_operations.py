"""Steps of migrations that do not stop a running site, and that can be run again from any point.

A migration that builds an index beside the writers cannot be one transaction on PostgreSQL. What
it is made of therefore looks first for what is there already.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import migrations, models, transaction


class AddIndexWhileRunning(migrations.AddIndex):
    """An index on a table in use: PostgreSQL builds it beside the writers. Its migration says
    `atomic = False`.

    An index of that name that is not valid is what a build that was cut short has left.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        is_valid = find_index(schema_editor, self.index.name)
        if is_valid:
            return
        if is_valid is False:
            schema_editor.remove_index(model, self.index, concurrently=True)
        schema_editor.add_index(model, self.index, concurrently=True)


class RemoveIndexIfThere(migrations.RemoveIndex):
    """For a migration that says `atomic = False`."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        if is_postgresql and find_index(schema_editor, self.name) is None:
            return
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddFieldIfMissing(migrations.AddField):
    """For a migration that says `atomic = False`."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, model._meta.db_table)
        if model._meta.get_field(self.name).column not in {column.name for column in columns}:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddUniqueWhileRunning(migrations.AddConstraint):
    """A constraint of unique columns on a table in use, for a migration that says `atomic = False`.
    PostgreSQL builds its index beside the writers.
    """

    model_name: str
    constraint: models.UniqueConstraint

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            with triggers_set_aside(schema_editor):
                super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        name = self.constraint.name
        columns = [model._meta.get_field(field).column for field in self.constraint.fields]
        is_valid = find_index(schema_editor, name)
        if is_valid is False:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {name}")
        if not is_valid:
            schema_editor.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {name} "
                f"ON {model._meta.db_table} ({', '.join(columns)})"
            )
        if not _has_constraint(schema_editor, name):
            schema_editor.execute(
                f"ALTER TABLE {model._meta.db_table} "
                f"ADD CONSTRAINT {name} UNIQUE USING INDEX {name}"
            )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with triggers_set_aside(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveUniqueIfThere(migrations.RemoveConstraint):
    """For a migration that says `atomic = False`."""

    name: str

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        if is_postgresql and not _has_constraint(schema_editor, self.name):
            return
        with triggers_set_aside(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with triggers_set_aside(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


@contextlib.contextmanager
def triggers_set_aside(schema_editor: Any) -> Iterator[None]:
    """SQLite writes a table anew for a constraint: its triggers would be lost, and triggers and views
    that name the table stand in the way. They are put back as they were.
    """
    connection = schema_editor.connection
    if connection.vendor != "sqlite":
        yield
        return
    with transaction.atomic(connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
            )
            set_aside = cursor.fetchall()
        for kind, name, _statement in set_aside:
            schema_editor.execute(f"DROP {kind} {name}")
        yield
        for _kind, _name, statement in set_aside:
            schema_editor.execute(statement, None)


def _has_constraint(schema_editor: Any, name: str) -> bool:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [name])
        return cursor.fetchone() is not None


def find_index(schema_editor: Any, name: str) -> bool | None:
    """Whether PostgreSQL holds the index to be valid; None where there is none of that name."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
    return None if row is None else bool(row[0])
