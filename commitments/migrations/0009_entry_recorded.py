"""The index of what was reported lately, by a condition that both databases recognise in the queries."""

from django.db import migrations, models
from django.db.models import Q

from commitments.models.migration_operations import AddIndexWhileRunning, RemoveIndexIfThere


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("commitments", "0008_no_doubled_indexes")]

    operations = [
        AddIndexWhileRunning(
            "entry",
            models.Index(
                fields=["plan", "recorded_day", "number"],
                name="entry_recorded",
                condition=~Q(kind="terms") & ~Q(kind="plan"),
            ),
        ),
        RemoveIndexIfThere("entry", "entry_reported"),
    ]
