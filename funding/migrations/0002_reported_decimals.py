"""Reported figures keep the decimals of their currency."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funding", "0001_initial")]
    safe = {"AlterField": "a fund has few reported figures"}

    operations = [
        migrations.AlterField(
            "reported", "amount", models.DecimalField(decimal_places=4, max_digits=20)
        ),
    ]
