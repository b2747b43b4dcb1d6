"""Which steps of a migration are refused while the code of the last release still runs."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from actionplan.models import Mark
from commitments.models.migration_operations import AddIndexWhileRunning
from tests.migrations import faults

APPS = ("actionplan", "commitments", "funding")
INDEX = models.Index(fields=["place"], name="plan_place")


def added(*operations: Any, **more: Any) -> list[str]:
    """What is said of a new migration of commitments with these steps, after a release of all there
    is.
    """
    loader = MigrationLoader(None)
    old = set(loader.disk_migrations)
    (leaf,) = loader.graph.leaf_nodes("commitments")
    new = type(
        "Migration",
        (migrations.Migration,),
        {"dependencies": [leaf], "operations": list(operations), **more},
    )
    node = ("commitments", "9999_new")
    loader.disk_migrations[node] = new("9999_new", "commitments")
    loader.graph.add_node(node, loader.disk_migrations[node])
    loader.graph.add_dependency(loader.disk_migrations[node], node, leaf)
    return list(faults(loader, old, APPS))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("plan", "place"),
        migrations.DeleteModel("Flag"),
        migrations.RenameField("plan", "place", "town"),
        migrations.RenameModel("Flag", "Banner"),
        migrations.AlterModelTable("plan", "plans"),
        migrations.AddField("plan", "town", models.CharField(max_length=9, default="")),
        migrations.AddIndex("plan", INDEX),
        migrations.AlterField("plan", "place", models.IntegerField()),
        migrations.AlterField("plan", "place", models.CharField(max_length=20)),
        migrations.AlterField("entry", "quantity", models.PositiveIntegerField()),
        migrations.AddConstraint(
            "plan", models.UniqueConstraint(fields=["place"], name="place_once")
        ),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.RunSQL("SELECT 1"),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("plan", "place")], []),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_a_step_that_would_stop_the_old_code_is_refused(operation: Any) -> None:
    (fault,) = added(operation)
    assert fault.startswith("commitments.9999_new: ")
    assert added(operation, safe={type(operation).__name__: "for a reason"}) == []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("plan", "town", models.CharField(max_length=9, null=True)),
        migrations.AddField("plan", "since", models.DateTimeField(db_default=Now())),
        AddIndexWhileRunning("plan", INDEX),
        migrations.AlterField(
            "plan", "place", models.CharField(max_length=300, help_text="where it was signed")
        ),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
        migrations.CreateModel("Town", [("id", models.BigAutoField(primary_key=True))]),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_a_step_that_the_old_code_does_not_notice_passes(operation: Any) -> None:
    assert added(operation) == []


def test_a_table_of_the_same_release_may_be_changed_at_will() -> None:
    town = migrations.CreateModel("Town", [("id", models.BigAutoField(primary_key=True))])
    assert added(town, migrations.AddField("town", "name", models.TextField())) == []


@pytest.mark.django_db
@pytest.mark.sqlite
def test_an_index_can_be_built_on_either_database() -> None:
    """Beside the writers on PostgreSQL, which no transaction allows: only the statement is looked
    at.
    """
    from django.db import connection

    # not entered, which SQLite allows outside a transaction only: nothing is executed
    editor = connection.schema_editor(collect_sql=True)
    AddIndexWhileRunning("mark", models.Index(fields=["at"], name="mark_at")).database_forwards(
        "actionplan", editor, None, type("State", (), {"apps": Mark._meta.apps})
    )
    assert ("CONCURRENTLY" in str(editor.collected_sql)) == (connection.vendor == "postgresql")


def test_a_migration_in_several_transactions_holds_only_steps_that_can_be_run_again() -> None:
    new = migrations.CreateModel("Town", [("id", models.BigAutoField(primary_key=True))])
    (fault,) = added(new, AddIndexWhileRunning("plan", INDEX), atomic=False)
    assert "a kill after it leaves half a migration" in fault
    assert added(AddIndexWhileRunning("plan", INDEX), atomic=False) == []
