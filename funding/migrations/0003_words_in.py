"""Courtesy translations of the signed words of contributions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funding", "0002_reported_decimals")]

    operations = [
        migrations.AddField(
            "contribution",
            "words_in",
            models.JSONField(help_text="by language: courtesy translations of them", null=True),
        ),
    ]
