from django.db import migrations

from commitments.append_only import forward, backward


class Migration(migrations.Migration):
    dependencies = [("commitments", "0001_initial")]
    operations = [migrations.RunPython(forward, backward)]
