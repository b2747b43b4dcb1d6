"""Who may do what, and what was asked about removing texts, is not for everybody to read."""

from importlib import import_module

from django.db import migrations

before = import_module("commitments.migrations.0013_public_entry").CREATE
INTERNAL = "('confidence', 'note', 'rights', 'redaction-asked', 'redaction-agreed', 'hidden')"
CREATE = before.replace("('confidence', 'note')", INTERNAL)
DROP = "DROP VIEW commitments_publicentry"


class Migration(migrations.Migration):
    dependencies = [("commitments", "0018_stated_recorded")]

    operations = [migrations.RunSQL([DROP, CREATE], [DROP, before])]
