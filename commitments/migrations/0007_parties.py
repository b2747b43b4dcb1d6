from django.db import migrations, models


def fill(apps, schema_editor):
    Action = apps.get_model("commitments", "Action")
    found = {}
    for role in ("leads", "partners"):
        through = getattr(Action, role).through.objects
        for action, code in through.values_list("action_id", "body__code"):
            found.setdefault(action, set()).add(code)
    actions = [Action(pk=pk, parties=" ".join(sorted(codes))) for pk, codes in found.items()]
    Action.objects.bulk_update(actions, ["parties"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("commitments", "0006_flagged")]

    operations = [
        migrations.AddField(
            model_name="action",
            name="parties",
            field=models.TextField(
                blank=True, db_default="", help_text="codes of the bodies that lead or join, as the list counts them"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
