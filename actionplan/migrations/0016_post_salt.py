"""The salt of the digest that stands for a post in the register."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("actionplan", "0015_webhooks")]

    operations = [
        migrations.AddField(
            "user",
            "post_salt",
            models.CharField(
                blank=True,
                db_default="",
                help_text="of the post's digest; goes with it",
                max_length=32,
            ),
        ),
    ]
