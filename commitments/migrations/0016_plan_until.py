"""A plan may have a last day, and numbers of commitments may be texts. The column `number` stays for
the code of the release before, and says the order from now on.
"""

from django.db import migrations, models
from django.db.models.functions import Cast, Upper


def write_numbers(apps, schema_editor):
    commitments = apps.get_model("commitments", "Commitment").objects
    commitments.filter(number="").update(number=Cast("position", models.CharField()))


class Migration(migrations.Migration):
    dependencies = [("commitments", "0015_canonical_form")]
    safe = {"AddConstraint": "a plan has few commitments"}

    operations = [
        migrations.AddField(
            "plan",
            "until",
            models.CharField(
                blank=True,
                db_default="",
                help_text="EDTF; empty for a plan without end",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint("commitment", "commitment_once"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("commitment", "number", "position"),
                migrations.AlterField(
                    "commitment", "position", models.PositiveIntegerField(db_column="number")
                ),
                migrations.AlterModelOptions("commitment", options={"ordering": ["position"]}),
            ]
        ),
        migrations.AddField(
            "commitment",
            "number",
            models.CharField(db_column="text_number", db_default="", max_length=32),
        ),
        migrations.RunPython(write_numbers, migrations.RunPython.noop),
        migrations.AddConstraint(
            "commitment",
            models.UniqueConstraint("plan", Upper("number"), name="commitment_number_once"),
        ),
    ]
