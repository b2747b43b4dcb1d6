"""The commitment beside each standing of an action, so that an index finds what presses most in each."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Max, OuterRef, Q, Subquery

from commitments.models.migration_operations import AddFieldIfMissing, AddIndexWhileRunning

STEP = 50_000


def fill(apps, schema_editor):
    """In steps, so that no writer waits long."""
    Standing, Obligation = apps.get_model("commitments", "Standing"), apps.get_model("commitments", "Obligation")
    own = Obligation.objects.filter(pk=OuterRef("obligation"), instalment=0).values("commitment")[:1]
    last = Standing.objects.aggregate(last=Max("pk"))["last"] or 0
    for first in range(1, last + 1, STEP):
        Standing.objects.filter(pk__gte=first, pk__lt=first + STEP).update(commitment=Subquery(own))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("commitments", "0009_entry_recorded")]

    operations = [
        AddFieldIfMissing(
            "standing",
            "commitment",
            models.ForeignKey(
                "commitments.commitment",
                django.db.models.deletion.DO_NOTHING,
                null=True,
                related_name="+",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexWhileRunning(
            "standing",
            models.Index(
                fields=["plan", "lens", "commitment", "state", "anchor", "obligation", "from_day", "to_day"],
                name="standing_next",
                condition=Q(scored=True, commitment__isnull=False),
            ),
        ),
    ]
