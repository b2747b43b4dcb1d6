"""The status of the Calais plan with its samples, from the database, against the oracle: every
part, many days.
"""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from actionplan.local import samples
from actionplan.overview.status import status
from commitments.models import Plan
from commitments.register import standings
from commitments.rules.states import State
from tests import oracle

pytestmark = pytest.mark.sqlite
TREE = tomllib.loads(samples.PLAN_FILE.read_text())
ROWS = list(csv.DictReader(io.StringIO(samples.ENTRIES_FILE.read_text(), newline="")))
TODAY = date(2015, 1, 12)


@pytest.fixture
def sampled(calais_with_entries: Plan) -> Plan:
    return calais_with_entries


def days() -> Iterator[date]:
    day = date(2014, 9, 10)
    while day < date(2015, 2, 20):
        yield day
        day += timedelta(days=9)


def by_the_rules(found: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from the rules: without the jobs, and the questions that stand open."""
    actions = [
        {name: value for name, value in action.items() if name != "questions"}
        for action in found["actions"]
    ]
    kept = {name: value for name, value in found.items() if name != "jobs"}
    return kept | {"actions": actions}


@pytest.mark.slow
def test_status_from_the_database_is_what_the_oracle_says(sampled: Plan) -> None:
    for on in days():
        for known in (on, None):
            assert by_the_rules(status(sampled, on, known, today=TODAY)) == oracle.status(
                TREE, ROWS, on, known
            )


@pytest.mark.parametrize(
    ("on", "known"),
    [("2014-11-01", "2014-11-12"), ("2014-12-30", "2014-12-05"), ("2015-01-05", "2015-01-08")],
)
def test_a_view_can_be_asked_as_known_on_any_other_day(sampled: Plan, on: str, known: str) -> None:
    on_day, known_day = date.fromisoformat(on), date.fromisoformat(known)
    found = status(sampled, on_day, known_day, today=TODAY)
    assert by_the_rules(found) == oracle.status(TREE, ROWS, on_day, known_day)


def test_stored_standings_are_those_that_a_rebuild_would_make(sampled: Plan) -> None:
    assert standings.find_mismatches(sampled) == []


def test_every_state_of_the_rules_can_be_seen_in_the_samples(sampled: Plan) -> None:
    found = {row["state"] for row in status(sampled, TODAY, TODAY, today=TODAY)["actions"]}
    # no plan of the samples is over, and no duty of it
    assert found == set(State) - {State.MET_SHORT, State.LAPSED}
