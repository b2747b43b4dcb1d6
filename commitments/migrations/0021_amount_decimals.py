"""Amounts keep the decimals of their currency, up to four. PostgreSQL only forgets the bound, so that
no row is written anew; SQLite keeps none. The view of public entries shows the column, so it is made
again.
"""

from importlib import import_module

from django.db import migrations, models

CREATE = import_module("commitments.migrations.0019_public_entry_kinds").CREATE


def alter_amount(schema_editor, kind):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("DROP VIEW IF EXISTS commitments_publicentry")
    schema_editor.execute(f"ALTER TABLE commitments_entry ALTER COLUMN amount TYPE {kind}")
    schema_editor.execute(CREATE)


def lift_bound(apps, schema_editor):
    alter_amount(schema_editor, "numeric")


def set_bound(apps, schema_editor):
    alter_amount(schema_editor, "numeric(18, 2)")


class Migration(migrations.Migration):
    dependencies = [("commitments", "0020_plan_calendar")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(lift_bound, set_bound)],
            state_operations=[
                migrations.AlterField(
                    "entry",
                    "amount",
                    models.DecimalField(decimal_places=4, max_digits=20, null=True),
                ),
            ],
        ),
    ]
