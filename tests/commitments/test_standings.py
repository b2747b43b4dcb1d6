"""Standings after each write: what the rule says of the whole register, and no row touched in vain."""

from datetime import date

import pytest

from commitments.models import Plan, Standing
from commitments.register import standings
from commitments.rules.events import Perspective
from tests import factories
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.sqlite


def state_of(ref: str, on: date = TODAY) -> str:
    rows = Standing.objects.on(on, Perspective.AS_KNOWN_THEN)
    standing: Standing = rows.get(obligation__ref=ref, obligation__instalment=0)
    return standing.state


def keys_of(ref: str) -> set[int]:
    return set(Standing.objects.filter(obligation__ref=ref).values_list("pk", flat=True))


def test_a_withdrawn_report_leaves_the_standings_as_they_were(calais: Plan) -> None:
    manager = factories.create_manager(calais)
    before = state_of("4.4")
    report = factories.report_entry("4.4", by=manager, kind="started")
    assert state_of("4.4") == "met-late"
    assert standings.find_mismatches(calais) == []
    factories.annotate_entry(report, by=manager, kind="withdrawn")
    assert state_of("4.4") == before
    assert standings.find_mismatches(calais) == []


def test_an_action_is_superseded_when_those_it_waits_for_are_completed(calais: Plan) -> None:
    factories.load_entries(
        calais,
        [
            factories.entry_row("1.4", "completed", "2014-11-04"),
            factories.entry_row("1.5", "completed", "2014-11-05"),
        ],
        now=NOW,
    )
    assert state_of("1.7", date(2014, 11, 4)) == "awaiting"
    assert state_of("1.7", date(2014, 11, 5)) == "superseded"
    assert standings.find_mismatches(calais) == []


def test_a_payment_is_judged_with_its_instalment(calais: Plan) -> None:
    manager = factories.create_manager(calais)
    factories.record_payment("1.2", by=manager, amount="5000000", currency="EUR")
    first = Standing.objects.on(TODAY, Perspective.AS_KNOWN_THEN).get(
        obligation__ref="1.2", obligation__instalment=1
    )
    assert first.state == "met"
    assert standings.find_mismatches(calais) == []


def test_a_report_touches_only_the_rows_that_it_changes(calais: Plan) -> None:
    manager = factories.create_manager(calais)
    other, own = keys_of("4.1"), keys_of("4.4")
    factories.report_entry("4.4", by=manager, kind="progress")
    assert keys_of("4.1") == other
    assert keys_of("4.4") & own
