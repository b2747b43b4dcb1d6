"""What is told at once: who hears of what and when, and up to where a plan was told."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actionplan", "0011_paper_orders"),
        ("commitments", "0025_questions"),
    ]

    safe = {"AddConstraint": "the outbox is short, and whoever queues a digest meanwhile waits"}

    operations = [
        migrations.AddField(
            "subscription",
            "pace",
            models.CharField(
                choices=[
                    ("word", "at once what waits for my side’s word, else weekly"),
                    ("at-once", "at once"),
                    ("daily", "daily, in the morning"),
                    ("weekly", "weekly only, with the digest"),
                ],
                db_default="word",
                default="word",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            "digest",
            "kind",
            models.CharField(
                choices=[
                    ("official", "official"),
                    ("manager", "manager"),
                    ("alarm", "alarm"),
                    ("notice", "notice"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            "digest",
            "week",
            models.DateField(
                help_text="the Monday of the week that it is about, or of a notice; the day of an alarm"
            ),
        ),
        migrations.AddConstraint(
            "digest",
            models.UniqueConstraint(
                condition=~models.Q(kind="notice"),
                fields=("plan", "recipient", "kind", "week"),
                name="digest_once_a_week",
            ),
        ),
        migrations.RemoveConstraint("digest", "digest_once"),
        migrations.CreateModel(
            name="Follow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ref", models.CharField(max_length=32)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follows",
                        to="commitments.plan",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follows",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "plan", "ref"), name="follow_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_daily", models.BooleanField()),
                (
                    "number",
                    models.PositiveIntegerField(help_text="of the last entry that was told"),
                ),
                (
                    "flag",
                    models.PositiveBigIntegerField(help_text="key of the last flag that was told"),
                ),
                ("day", models.DateField(help_text="on which it was told last")),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_marks",
                        to="commitments.plan",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "is_daily"), name="notice_mark_once")
                ],
            },
        ),
    ]
