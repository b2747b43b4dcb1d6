"""The list is searched with accents or without, in either language."""

from datetime import date

import pytest
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Membership, Plan
from tests.client import Client


@pytest.mark.parametrize(
    ("words", "ref"),
    [
        ("campagnes d’information LANCER", "4.4"),
        ("evaluer aire", "1.6"),
        ("ÉVALUER", "1.6"),
        ("évaluer couts", "1.6"),
        ("begin campaigns", "4.4"),
        ("each month two", "5.5"),
        ("5.5", "5.5"),
    ],
)
def test_a_search_finds_words_with_accents_or_without(
    calais: Plan, client: Client, settings: Settings, words: str, ref: str
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    user = User.objects.create(email="reader@example.org")
    Membership.objects.create(user=user, plan=calais, role="viewer")
    client.force_login(user)
    table = client.get("/commitments/", {"q": words}).context["table"]
    best = [row.record.obligation.ref for row in table.page.object_list][:3]
    assert ref in best
