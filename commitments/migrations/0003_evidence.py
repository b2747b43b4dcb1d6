import uuid

import django.db.models.deletion
from django.db import migrations, models

from commitments.models.triggers import protect_evidence, release_evidence


class Migration(migrations.Migration):
    dependencies = [("commitments", "0002_append_only")]
    operations = [
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="empty once the file was removed by a redaction", max_length=120
                    ),
                ),
                ("type", models.CharField(help_text="see documents.TYPES", max_length=4)),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="commitments.entry",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("entry", "position"), name="evidence_position_once")
                ],
            },
        ),
        migrations.RunPython(protect_evidence, release_evidence),
    ]
