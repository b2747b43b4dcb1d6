"""Up to which report that waits for release its side was told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("actionplan", "0012_notices"), ("commitments", "0029_clearance")]

    operations = [
        migrations.AddField(
            "noticemark",
            "held",
            models.PositiveBigIntegerField(
                default=0, db_default=0, help_text="version of the last held report that was told"
            ),
        ),
    ]
