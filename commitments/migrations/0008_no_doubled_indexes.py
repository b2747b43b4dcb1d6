"""Drops what Django indexes by itself where a constraint or an index begins with the same column.

Not by AlterField: SQLite would make the table anew, and the register's would come without its triggers.
"""

from django.db import migrations, models

DOUBLED = (("Entry", "plan"), ("Standing", "plan"), ("Standing", "obligation"), ("Tally", "plan"), ("Flag", "obligation"))


def drop(apps, schema_editor):
    connection = schema_editor.connection
    for model_name, field_name in DOUBLED:
        model = apps.get_model("commitments", model_name)
        column = model._meta.get_field(field_name).column
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
        for name, kept in found.items():
            if kept["columns"] == [column] and kept["index"] and not kept["unique"] and not kept["foreign_key"]:
                schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def make(apps, schema_editor):
    for model_name, field_name in DOUBLED:
        model = apps.get_model("commitments", model_name)
        schema_editor.execute(schema_editor._create_index_sql(model, fields=[model._meta.get_field(field_name)]))


def relation(to, name):
    return models.ForeignKey(to, models.CASCADE, related_name=name, db_index=False)


class Migration(migrations.Migration):
    dependencies = [("commitments", "0007_parties")]

    operations = [
        migrations.RunPython(drop, make),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "entry",
                    "plan",
                    models.ForeignKey(
                        "commitments.plan", models.PROTECT, related_name="entries", db_index=False
                    ),
                ),
                migrations.AlterField("standing", "plan", relation("commitments.plan", "standings")),
                migrations.AlterField("standing", "obligation", relation("commitments.obligation", "standings")),
                migrations.AlterField("tally", "plan", relation("commitments.plan", "tallies")),
                migrations.AlterField("flag", "obligation", relation("commitments.obligation", "flags")),
            ]
        ),
    ]
