"""What everybody sees of the entries of a public plan, as a view: nothing else can be asked of it."""

from django.db import migrations, models

# `confidence` and `note` are nothing but an assessment or a text, so they are left out with whatever
# names one. The words of the other kinds are somebody's own, and not a code of the plan file.
CREATE = """
CREATE VIEW commitments_publicentry AS
SELECT
    entry.id,
    entry.plan_id,
    entry.obligation_id,
    entry.number,
    CAST(entry.number AS varchar(64)) AS code,
    entry.kind,
    entry.ref,
    entry.instalment,
    entry.effective,
    entry.first_day,
    entry.last_day,
    entry.recorded_day,
    entry.side,
    entry.to_id,
    entry."when",
    CASE WHEN entry.kind IN ('consent', 'spent', 'redacted') THEN entry.words ELSE '' END AS words,
    entry.quantity,
    entry.amount,
    entry.currency,
    entry.terms
FROM commitments_entry AS entry
LEFT JOIN commitments_entry AS named ON named.id = entry.to_id
WHERE entry.kind NOT IN ('confidence', 'note')
  AND (named.id IS NULL OR named.kind NOT IN ('confidence', 'note'))
"""


class Migration(migrations.Migration):
    dependencies = [("commitments", "0011_plan_version")]

    operations = [
        migrations.RunSQL(CREATE, "DROP VIEW commitments_publicentry"),
        migrations.CreateModel(
            name="PublicEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ],
            options={"managed": False, "ordering": ["number"]},
        ),
    ]
