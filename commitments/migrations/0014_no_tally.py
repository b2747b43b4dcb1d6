"""Counts are read from the standings of the day, so tallies are no longer kept.

The table stays: while a site is brought up to date, processes of the old version still write to it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("commitments", "0013_public_entry")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Tally")]),
    ]
