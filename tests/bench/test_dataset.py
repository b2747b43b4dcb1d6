"""What the measurements are taken on is what the product would have made."""

import pytest
from django.db import connection

from commitments.models import Action, Entry, Standing
from commitments.register import hash_chain, standings
from commitments.rules.events import Perspective
from tests.bench import dataset, story


@pytest.mark.sqlite
@pytest.mark.django_db
def test_copied_data_are_as_if_recorded_entry_by_entry() -> None:
    before = indexes()
    plan = dataset.make(60, "copies", base=20)
    assert indexes() == before
    assert standings.find_mismatches(plan) == []
    assert list(hash_chain.verify_chain(plan)) == []
    assert Action.objects.filter(plan=plan).count() == 61
    assert Entry.objects.filter(plan=plan, ref=story.SPECIAL).count() == story.SPECIAL_ENTRIES
    today = Standing.objects.filter(plan=plan).on(story.TODAY, Perspective.AS_KNOWN_THEN).actions()
    states = list(today.values_list("state", flat=True))
    assert states.count("overdue") == 25
    assert len(set(states)) == 8


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        tables = (Entry._meta.db_table, Standing._meta.db_table)
        return {
            name
            for table in tables
            for name in connection.introspection.get_constraints(cursor, table)
        }
