"""Migrations that a kill at any point leaves either done and recorded, or not begun."""

import contextlib
from typing import Any

from django.db import transaction
from django.db.migrations.executor import MigrationExecutor


class WholeExecutor(MigrationExecutor):
    """Runs each migration and records it in one transaction.

    Django records after the transaction what created a table, so that a kill between the two makes
    every later run fail with "already exists". On PostgreSQL a migration that says `atomic = False`
    is left out: its operations look for what is there (see migration_operations).
    """

    def apply_migration(
        self, state: Any, migration: Any, fake: bool = False, fake_initial: bool = False
    ) -> Any:
        is_sqlite = self.connection.vendor == "sqlite"
        if not (migration.atomic or is_sqlite):
            return super().apply_migration(state, migration, fake, fake_initial)
        context: Any = contextlib.nullcontext()
        if is_sqlite:
            # nothing switches it off inside a transaction
            context = self.connection.constraint_checks_disabled()
        with context, transaction.atomic(using=self.connection.alias):
            return super().apply_migration(state, migration, fake, fake_initial)
