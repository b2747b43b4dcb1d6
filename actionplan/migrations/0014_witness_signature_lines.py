"""A signature that somebody else put under a checkpoint keeps no genuine one away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("actionplan", "0013_held_reports_told")]

    operations = [
        migrations.RemoveConstraint("witnesssignature", "witness_signature_once"),
        migrations.AddConstraint(
            "witnesssignature",
            models.UniqueConstraint(
                fields=["checkpoint", "key", "line"], name="witness_signature_line_once"
            ),
        ),
    ]
