"""Standings say what the second edition of the rules decides, and for which actions they wait."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commitments', '0021_amount_decimals'),
    ]

    operations = [
        migrations.AddField(
            model_name='obligation',
            name='waits_for',
            field=models.ManyToManyField(help_text='actions on which its standings depend by some of its terms', related_name='awaited_by', to='commitments.action'),
        ),
        migrations.AddField(
            model_name='standing',
            name='baseline',
            field=models.JSONField(help_text='value, on', null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='each',
            field=models.JSONField(help_text='see SidePart', null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='fell_short',
            field=models.BooleanField(db_default=False, default=False, help_text='a period of a recurring action did'),
        ),
        migrations.AddField(
            model_name='standing',
            name='level',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='needs',
            field=models.JSONField(help_text='of each: name, on', null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='progress',
            field=models.CharField(blank=True, choices=[('none', 'none'), ('under-way', 'under-way'), ('done', 'done')], db_default='', help_text='empty where nothing more is asked for', max_length=12),
        ),
        migrations.AddField(
            model_name='standing',
            name='proposed',
            field=models.JSONField(help_text='numbers of entries', null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='reading',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='standing',
            name='steps',
            field=models.JSONField(help_text='see StepPart', null=True),
        ),
        migrations.AlterField(
            model_name='flag',
            name='cleared_by',
            field=models.CharField(blank=True, choices=[('met', 'met'), ('reported-late', 'reported late'), ('moved', 'moved'), ('withdrawn', 'withdrawn'), ('superseded', 'superseded'), ('terms', 'terms'), ('reported', 'reported'), ('passed', 'day passed'), ('resumed', 'a later period met'), ('lapsed', 'plan ended')], max_length=16),
        ),
        migrations.AlterField(
            model_name='standing',
            name='every',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AlterField(
            model_name='standing',
            name='state',
            field=models.CharField(choices=[('not-pursued', 'not-pursued'), ('met', 'met'), ('met-late', 'met-late'), ('met-undated', 'met-undated'), ('met-short', 'met-short'), ('superseded', 'superseded'), ('lapsed', 'lapsed'), ('awaiting', 'awaiting'), ('no-date', 'no-date'), ('overdue', 'overdue'), ('due', 'due'), ('due-soon', 'due-soon'), ('upcoming', 'upcoming')], max_length=12),
        ),
    ]
