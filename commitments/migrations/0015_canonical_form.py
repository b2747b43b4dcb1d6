"""What the second form of hashing covers: the form itself, digests of names, signed texts."""

import django.db.models.deletion
from django.db import migrations, models

from commitments.models.triggers import guard, protect_digests_of_names, protect_names_alone


def guard_signed_texts(apps, schema_editor):
    guard("commitments_signedtext", schema_editor)


class Migration(migrations.Migration):
    dependencies = [("commitments", "0014_no_tally")]

    operations = [
        # on the way back this comes last, when the columns are gone
        migrations.RunPython(migrations.RunPython.noop, protect_names_alone),
        migrations.AddField(
            model_name="entry",
            name="form",
            field=models.PositiveSmallIntegerField(
                help_text="in which it is hashed, see hash_chain; empty: the first", null=True
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="salt",
            field=models.CharField(
                blank=True, db_default="", help_text="of the name's digest; goes with it", max_length=32
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="name_digest",
            field=models.CharField(
                blank=True, db_default="", help_text="stands for the name in the chain", max_length=64
            ),
        ),
        migrations.CreateModel(
            name="SignedText",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="signed_text",
                        serialize=False,
                        to="commitments.entry",
                    ),
                ),
                ("content", models.TextField()),
            ],
        ),
        # the table goes with its triggers
        migrations.RunPython(guard_signed_texts, migrations.RunPython.noop),
        migrations.RunPython(protect_digests_of_names, migrations.RunPython.noop),
    ]
