"""The index of all entries by their recorded day, in which the pages of the register are read."""

from django.db import migrations, models

from commitments.models.migration_operations import AddIndexWhileRunning, RemoveIndexIfThere


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("commitments", "0027_words_in")]

    operations = [
        AddIndexWhileRunning(
            "entry",
            models.Index(fields=["plan", "recorded_day", "number"], name="entry_recorded_day"),
        ),
        RemoveIndexIfThere("entry", "entry_recorded"),
    ]
