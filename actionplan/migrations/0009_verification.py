import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("actionplan", "0008_open_sessions"), ("commitments", "0015_canonical_form")]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "plan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="verification",
                        serialize=False,
                        to="commitments.plan",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("number", models.PositiveIntegerField(help_text="of the last head that held")),
                ("hash", models.CharField(blank=True, max_length=64)),
                ("findings", models.JSONField(default=list)),
                ("notes", models.JSONField(default=list)),
            ],
        ),
        migrations.AlterField(
            model_name="digest",
            name="kind",
            field=models.CharField(
                choices=[("official", "official"), ("manager", "manager"), ("alarm", "alarm")],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="digest",
            name="week",
            field=models.DateField(
                help_text="the Monday of the week that it is about; the day of an alarm"
            ),
        ),
    ]
