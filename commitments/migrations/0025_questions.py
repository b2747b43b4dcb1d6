"""Questions between the sides: everybody sees that they were asked only where the plan file says so."""

from importlib import import_module

from django.db import migrations, models

before = import_module("commitments.migrations.0019_public_entry_kinds").CREATE
CREATE = before.replace("'redacted')", "'redacted', 'question')").replace(
    "LEFT JOIN", "JOIN commitments_plan AS plan ON plan.id = entry.plan_id\nLEFT JOIN", 1
)
CREATE += """  AND (plan.public_questions OR entry.kind NOT IN ('question', 'answer'))
  AND (plan.public_questions OR named.id IS NULL OR named.kind NOT IN ('question', 'answer'))
"""
DROP = "DROP VIEW commitments_publicentry"


class Migration(migrations.Migration):
    dependencies = [("commitments", "0024_search")]

    operations = [
        migrations.AddField(
            "plan",
            "public_questions",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="a public plan shows which side asked which one, and whether it answered",
            ),
        ),
        migrations.RunSQL([DROP, CREATE], [DROP, before]),
    ]
