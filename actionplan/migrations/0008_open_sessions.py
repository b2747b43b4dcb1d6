from django.db import migrations


class Migration(migrations.Migration):
    """Sessions are listed by allauth.usersessions from here on.

    The table stays in the database for processes of 1.0.0 that still run, without what it held: a
    later release drops it.
    """

    dependencies = [
        ('actionplan', '0007_accounts'),
        ('usersessions', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM actionplan_opensession", migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name='OpenSession')],
        ),
    ]
