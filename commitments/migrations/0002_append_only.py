from django.db import migrations

from commitments.models.triggers import release_entries, protect_entries


class Migration(migrations.Migration):
    dependencies = [("commitments", "0001_initial")]
    operations = [migrations.RunPython(protect_entries, release_entries)]
