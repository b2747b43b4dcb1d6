"""What waits for release stands in tables of its own; who released what is not for everybody to read."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

before = import_module("commitments.migrations.0025_questions").CREATE
CREATE = before.replace("'hidden')", "'hidden', 'released')")
DROP = "DROP VIEW commitments_publicentry"


class Migration(migrations.Migration):

    dependencies = [
        ("commitments", "0028_entry_recorded_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # first: SQLite makes the table of plans anew, which the view reads
        migrations.RunSQL([DROP], [before]),
        migrations.AddField(
            model_name='plan',
            name='clearance',
            field=models.JSONField(db_default=[], default=list, help_text='sides whose managers release what their officials record'),
        ),
        migrations.AddField(
            model_name='plan',
            name='held_versions',
            field=models.JSONField(db_default={}, default=dict, help_text='by side: raised when something begins or ends to wait for release'),
        ),
        migrations.CreateModel(
            name='HeldReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(max_length=8)),
                ('code', models.CharField(help_text="the form's key, and that of the entry to be", max_length=64)),
                ('written', models.DateTimeField()),
                ('ref', models.CharField(blank=True, max_length=32)),
                ('drafts', models.JSONField(help_text='see register.held')),
                ('state', models.CharField(choices=[('waiting', 'waits for release'), ('returned', 'sent back')], default='waiting', max_length=8)),
                ('changed', models.DateTimeField(help_text='when it got its state')),
                ('version', models.PositiveBigIntegerField(help_text='that of the side in Plan.held_versions when it got its state')),
                ('reason', models.TextField(blank=True, help_text='why it was sent back')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='held_reports', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returned_reports', to=settings.AUTH_USER_MODEL)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='held_reports', to='commitments.plan')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='HeldFile',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('type', models.CharField(max_length=4)),
                ('size', models.PositiveIntegerField(help_text='bytes')),
                ('sha256', models.CharField(max_length=64)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='commitments.heldreport')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.AddConstraint(
            model_name='heldreport',
            constraint=models.UniqueConstraint(fields=('plan', 'side', 'code'), name='held_report_once'),
        ),
        migrations.RunSQL([CREATE], [DROP]),
    ]
