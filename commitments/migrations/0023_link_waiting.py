"""What waited for other actions by `until` has its links. The loading of a plan file makes the others."""

from django.db import migrations


def link(apps, schema_editor):
    through = apps.get_model("commitments", "Obligation").waits_for.through
    superseders = apps.get_model("commitments", "Action").superseders.through
    pairs = superseders.objects.values_list("from_action_id", "to_action_id")
    rows = [through(obligation_id=one, action_id=other) for one, other in pairs]
    through.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("commitments", "0022_standing_second_edition")]
    safe = {"RunPython": "fills a table that the code of the release before does not use"}

    operations = [migrations.RunPython(link, migrations.RunPython.noop)]
