"""The id of an entry belongs to its side: two sides may choose the same one."""

from django.db import migrations, models

from commitments.models.migration_operations import AddUniqueWhileRunning, RemoveUniqueIfThere
from commitments.models.triggers import protect_codes_of_sides


class Migration(migrations.Migration):
    # an index is built beside the writers
    atomic = False
    dependencies = [("commitments", "0025_questions")]

    operations = [
        AddUniqueWhileRunning(
            "entry",
            models.UniqueConstraint(
                fields=("plan", "side", "code"), name="entry_code_once_a_side"
            ),
        ),
        RemoveUniqueIfThere("entry", "entry_code_once"),
        migrations.RunPython(protect_codes_of_sides, migrations.RunPython.noop),
    ]
