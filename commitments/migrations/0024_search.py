"""What actions and entries are searched in: their words, folded and cut to stems."""

import django.db.models.deletion
from django.db import migrations, models

from commitments.register.search_index import index_actions, index_missing_texts


def fill(apps, schema_editor):
    """The functions take the models of this migration."""
    index_actions(apps.get_model("commitments", "Action").objects.all())
    texts = apps.get_model("commitments", "EntryText").objects.all()
    index_missing_texts(texts, apps.get_model("commitments", "EntryStems"))


class Migration(migrations.Migration):
    dependencies = [("commitments", "0023_link_waiting")]

    operations = [
        migrations.AddField(
            "action",
            "keywords",
            models.JSONField(
                help_text="by language: words that people use and the texts do not", null=True
            ),
        ),
        migrations.AddField(
            "action",
            "title_stems",
            models.TextField(
                blank=True,
                db_default="",
                help_text="of ref, titles and keywords: see stems.join_stems",
            ),
        ),
        migrations.AddField(
            "action",
            "text_stems",
            models.TextField(
                blank=True,
                db_default="",
                help_text="of all else that is said of it in the plan file",
            ),
        ),
        migrations.CreateModel(
            name="EntryStems",
            fields=[
                (
                    "text",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search",
                        serialize=False,
                        to="commitments.entrytext",
                    ),
                ),
                ("stems", models.TextField()),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
