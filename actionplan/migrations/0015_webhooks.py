"""Addresses that are called when an entry is recorded, and the outbox of the calls."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('actionplan', '0014_witness_signature_lines'),
        ('commitments', '0029_clearance'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(blank=True, max_length=8)),
                ('url', models.CharField(max_length=500)),
                ('secret', models.CharField(help_text='sealed; signs what is delivered', max_length=400)),
                ('active', models.BooleanField(default=True)),
                ('number', models.PositiveIntegerField(help_text='of the last entry that was looked at')),
                ('added', models.DateField()),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='commitments.plan')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(help_text='of the entry; empty for a test', null=True)),
                ('queued', models.DateTimeField(help_text='when it was queued, or asked for once more')),
                ('state', models.CharField(choices=[('queued', 'waits'), ('sending', 'being delivered'), ('delivered', 'received'), ('failed', 'given up'), ('dropped', 'dropped')], default='queued', max_length=9)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try', models.DateTimeField()),
                ('lease_until', models.DateTimeField(null=True)),
                ('finished', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(help_text='of the last answer', null=True)),
                ('problem', models.CharField(blank=True, choices=[('address', 'the address leads to a network that is not allowed'), ('name', 'the name of the server was not found'), ('connection', 'no connection to the server'), ('certificate', 'the server’s certificate was refused'), ('time', 'no answer in time'), ('answer', 'the connection ended without an answer'), ('status', 'the server did not accept it'), ('secret', 'the secret cannot be read: remove the address and add it again')], max_length=11)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='actionplan.webhook')),
            ],
            options={
                'ordering': ['-queued', '-number'],
                'indexes': [models.Index(fields=['state', 'next_try'], name='webhook_to_deliver')],
                'constraints': [models.UniqueConstraint(fields=('webhook', 'number'), name='webhook_delivery_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'sending'), _negated=True), ('lease_until__isnull', False), _connector='OR'), name='webhook_sending_has_a_lease')],
            },
        ),
    ]
