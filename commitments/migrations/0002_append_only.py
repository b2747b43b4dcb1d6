from django.db import migrations

from commitments.models.triggers import backward, forward


class Migration(migrations.Migration):
    dependencies = [("commitments", "0001_initial")]
    operations = [migrations.RunPython(forward, backward)]
