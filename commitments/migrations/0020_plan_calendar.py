"""The calendars of a plan's sides, and the days that were counted by them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0019_public_entry_kinds")]

    operations = [
        migrations.AddField(
            "plan",
            "calendar",
            models.JSONField(
                default=dict, db_default={}, help_text="by side: the calendar of its working days"
            ),
        ),
        migrations.AddField(
            "plan",
            "counted_days",
            models.JSONField(
                default=dict,
                db_default={},
                help_text="last days of spans of working days, with the version that counted them",
            ),
        ),
    ]
