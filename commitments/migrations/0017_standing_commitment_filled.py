"""Standings that the code of 1.0.0 writes name their commitment as well.

It still runs while a site is brought up to date, and does not know the column.
"""

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery

from commitments.models.triggers import fill_commitments, leave_commitments

STEP = 50_000


def fill(apps, schema_editor):
    """What was written before the trigger; in steps, so that no writer waits long."""
    Standing, Obligation = apps.get_model("commitments", "Standing"), apps.get_model("commitments", "Obligation")
    own = Obligation.objects.filter(pk=OuterRef("obligation"), instalment=0).values("commitment")[:1]
    last = Standing.objects.aggregate(last=Max("pk"))["last"] or 0
    for first in range(1, last + 1, STEP):
        rows = Standing.objects.filter(pk__gte=first, pk__lt=first + STEP)
        rows.filter(commitment=None, obligation__instalment=0).update(commitment=Subquery(own))


class Migration(migrations.Migration):
    # each step can be run again
    atomic = False
    dependencies = [("commitments", "0016_plan_until")]

    operations = [
        migrations.RunPython(fill_commitments, leave_commitments),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
