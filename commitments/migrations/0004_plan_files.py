import django.db.models.deletion
from django.db import migrations, models

from commitments.models.triggers import guard


def forward(apps, schema_editor):
    guard("commitments_planfile", schema_editor)


class Migration(migrations.Migration):
    dependencies = [("commitments", "0003_evidence")]

    operations = [
        migrations.CreateModel(
            name="PlanFile",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="commitments.entry",
                    ),
                ),
                ("content", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="plan",
            name="public",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="read without signing in, see docs/reference/public-reading.md",
            ),
        ),
        # the table goes with its triggers
        migrations.RunPython(forward, migrations.RunPython.noop),
    ]
