"""Courtesy translations of the signed words of actions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0026_code_of_side")]

    operations = [
        migrations.AddField(
            "action",
            "words_in",
            models.JSONField(help_text="by language: courtesy translations of them", null=True),
        ),
    ]
