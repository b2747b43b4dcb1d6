"""What a page or job may cost, as far as that does not depend on the machine: queries, bytes, rows.

Times are for `./dev bench`.
"""

import gzip
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from actionplan.digests import outbox
from actionplan.digests.content import week_before
from actionplan.models import User
from commitments.models import Flag, Plan
from commitments.register import flags
from tests import factories
from tests.bench import pages, story
from tests.client import Client

PAGES = {
    "overview": "/",
    "list": "/commitments/",
    "action": "/actions/1.1/",
    "commitment": "/commitments/1/",
    "register": "/register/",
    "my actions": "/mine/",
    "text": "/text/",
    "fund": "/fund/",
    "export": "/commitments/?format=json",
    "status": "/status.json",
}
SMALL, LARGE = 10, 50
LARGE_TABLES = (
    "commitments_entry",
    "commitments_entrytext",
    "commitments_standing",
    "commitments_flag",
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def today(settings: Settings, db: None) -> None:
    settings.ACTIONPLAN_TODAY = story.TODAY


def create_large_plan(actions: int, slug: str = "") -> Plan:
    """A plan with ten entries an action."""
    plan = factories.create_plan(story.plan_file(actions, slug or f"plan-of-{actions}"))
    factories.load_entries_file(plan, story.entries_file(actions))
    return plan


def create_only_manager(plan: Plan) -> User:
    """With no account in another plan, whose pages have the addresses without a plan."""
    User.objects.all().delete()
    return factories.create_manager(plan)


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        assert response.status_code == 200
        if response.streaming:
            list(response.streaming_content)  # type: ignore[attr-defined]
    return len(captured)


def test_pages_ask_no_more_for_five_times_the_actions() -> None:
    counts = []
    for actions in (SMALL, LARGE):
        client = factories.sign_in(create_only_manager(create_large_plan(actions)))
        counts.append({name: count_queries(client, path) for name, path in PAGES.items()})
    small, large = counts
    assert {name: count for name, count in large.items() if count > small[name]} == {}


def test_a_first_visit_and_a_row_weigh_little() -> None:
    client = factories.sign_in(create_only_manager(create_large_plan(LARGE)))
    response = client.get("/", headers={"Accept-Encoding": "gzip"})
    named = pages.addresses(gzip.decompress(response.content))
    static_bytes = [compressed_size(address) for address in named]
    assert len(named) == 3
    assert len(response.content) + sum(static_bytes) <= 45_000
    assert pages.row_bytes(client.get("/commitments/").content) <= 800


def compressed_size(address: str) -> int:
    path = finders.find(address.removeprefix("/static/"))
    assert path
    return len(gzip.compress(Path(path).read_bytes(), 9))


@pytest.mark.sqlite
def test_a_second_run_of_the_flags_writes_nothing() -> None:
    plan = create_large_plan(LARGE)
    assert flags.bring_up_to(plan, story.TODAY)["raised"] > 0
    before = list(Flag.objects.order_by("pk").values())
    with CaptureQueriesContext(connection) as captured:
        flags.bring_up_to(plan, story.TODAY)
    assert list(Flag.objects.order_by("pk").values()) == before
    statements = [query["sql"].split()[0] for query in captured]
    assert {"INSERT", "UPDATE", "DELETE"} & set(statements) == set()


def test_digests_for_five_times_the_people_take_as_many_queries() -> None:
    counts = []
    for officials in (10, 50):
        plan = create_large_plan(20, f"plan-for-{officials}")
        bodies = list(plan.bodies.exclude(side=""))
        for number in range(officials):
            body = bodies[number % len(bodies)]
            factories.create_official(plan, side=body.side, bodies=[body.code])
        with CaptureQueriesContext(connection) as captured:
            outbox.queue(plan, week_before(story.TODAY))
        counts.append(len(captured))
    # ten of them read what waits for each of the two sides
    assert counts[1] <= counts[0] <= 44


def test_a_report_asks_the_same_whatever_the_plan_and_the_action_hold() -> None:
    counts = {}
    for actions in (SMALL, LARGE):
        plan = create_large_plan(actions)
        manager = factories.create_manager(plan)
        flags.bring_up_to(plan, story.TODAY)
        for ref in ("1.1", story.SPECIAL):
            with CaptureQueriesContext(connection) as captured:
                factories.report_entry(ref, by=manager, kind="note", note="It is so.")
            counts[actions, ref] = len(captured)
    assert counts[SMALL, "1.1"] == counts[LARGE, "1.1"]
    # an action of 200 entries, and of no flag that a report could clear
    assert counts[SMALL, story.SPECIAL] == counts[LARGE, story.SPECIAL] <= counts[SMALL, "1.1"]


@pytest.mark.sqlite
def test_no_index_of_a_large_table_repeats_the_beginning_of_another() -> None:
    assert [name for table in LARGE_TABLES for name in repeated_indexes(table)] == []


def repeated_indexes(table: str) -> list[str]:
    """Indexes of one column with which a longer index begins."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    columns_of = {
        name: constraint["columns"]
        for name, constraint in constraints.items()
        if constraint["index"] or constraint["unique"]
    }
    firsts_of_longer = {columns[0] for columns in columns_of.values() if len(columns) > 1}
    return [
        name
        for name, columns in columns_of.items()
        if len(columns) == 1 and columns[0] in firsts_of_longer
    ]
