"""What a page or job may cost, as far as that does not depend on the machine; times are for `./dev
bench`.
"""

import gc
import threading
import weakref
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from actionplan.digests import outbox, rendering
from actionplan.models import User
from commitments.models import Action, Entry, Membership, Plan, Role
from commitments.models.prepared import Prepared, Slot
from commitments.register import flags, services, standings
from tests.bench import dataset, pages, plans, story
from tests.bench.work_cases import Counted, rows_written

# beside the pages, whatever shows a whole plan
LISTS = {"export": "/commitments/?format=json", "status": "/status.json"}


WHOLE_TABLE = ("seqscan", "hashjoin", "mergejoin")


@pytest.fixture
def today(settings: object) -> None:
    settings.ACTIONPLAN_TODAY = story.TODAY  # type: ignore[attr-defined]


def manager_of(actions: int) -> tuple[Plan, User]:
    """A plan of so many actions, and who may do most in it."""
    plan = dataset.make(actions, f"plan-of-{actions}", base=10)
    User.objects.all().delete()
    return plan, dataset.people(plan)["manager"]


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_pages_ask_no_more_for_ten_times_the_actions(client: Client) -> None:
    found = []
    for actions in (10, 100):
        client.force_login(manager_of(actions)[1])
        found.append(
            {
                name: pages.queries(client, path)
                for name, path in (pages.PAGED | pages.WHOLE | LISTS).items()
            }
        )
    small, large = found
    assert {name: count for name, count in large.items() if count > small[name]} == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_a_first_visit_and_a_row_weigh_little(client: Client) -> None:
    client.force_login(manager_of(100)[1])
    found = pages.first_visit(client)
    assert (found["bytes"] <= 45_000, found["requests"]) == (True, 4), found
    assert pages.row_bytes(client.get("/commitments/").content) <= 800


@pytest.mark.sqlite
@pytest.mark.django_db
def test_a_second_run_of_the_flags_writes_nothing() -> None:
    plan, _manager = manager_of(100)
    assert rows_written(lambda: flags.bring_up_to(plan, story.TODAY)) > 0
    assert rows_written(lambda: flags.bring_up_to(plan, story.TODAY)) == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_digests_are_written_and_claimed_in_few_queries() -> None:
    """For five times the people, in as many groups as there are bodies, as many."""
    found = []
    for officials in (10, 50):
        plan = dataset.make(20, f"plan-for-{officials}", base=10)
        User.objects.all().delete()
        dataset.people(plan, officials)
        counted = Counted()
        with connection.execute_wrapper(counted):
            outbox.queue(plan, rendering.week_before(story.TODAY))
        found.append(counted.count)
    assert found[1] <= found[0], found
    assert found[1] <= 15, found


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_every_look_into_entries_and_standings_goes_by_an_index(client: Client) -> None:
    """With what reads whole tables made dear, so that the small size of a test does not choose for
    the database.
    """
    plan, manager = manager_of(100)
    with connection.cursor() as cursor:
        cursor.execute(
            f"ANALYZE; {'; '.join(f'SET LOCAL enable_{way} = off' for way in WHOLE_TABLE)}"
        )
    found = plans.of_pages(manager, pages.PAGED) | plans.of_work(plan, manager)
    unbounded = {
        (name, read.table, read.kind)
        for name, statements in found.items()
        for statement in statements
        for read in plans.scans(statement)
        if read.table in plans.LARGE and not read.bounded
    }
    assert unbounded == set()


# the lock, and behind it the rights, the register and the standings; an entry, its text and the
# version of the plan; the
# flags that stand; and, since a test is a transaction, two for the savepoint
REPORT = 11 + 2


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_a_report_asks_the_same_whatever_the_plan_and_the_action_hold() -> None:
    small, manager = manager_of(10)
    large = dataset.make(100, "plan-of-100", base=10)
    Membership.objects.create(user=manager, plan=large, role=Role.MANAGER, side="GB")
    found: dict[tuple[str, str], dict[str, int]] = {}
    for plan, ref in ((small, "1.1"), (small, story.SPECIAL), (large, story.SPECIAL)):
        dataset.flagged(plan)
        about = Action.objects.get(plan=plan, ref=ref)
        said: dict[str, Any] = {
            "effective": "2015-01-12",
            "by": manager,
            "now": dataset.NOW,
            "reason": "It is so.",
        }
        for kind in ("progress", "note", "not-pursued"):
            counted = Counted()
            record = services.decide if kind == "not-pursued" else services.report
            with connection.execute_wrapper(counted):
                record(action=about, kind=kind, key=f"{ref}-{kind}", **said)
            found.setdefault((plan.slug, ref), {})[kind] = counted.count
    assert found[large.slug, story.SPECIAL] == found[small.slug, story.SPECIAL]
    assert {counts["note"] for counts in found.values()} == {REPORT}, found
    # a standing replaced, who waits for it asked, the tally mended; flags cleared, each with its
    # reason
    assert max(max(counts.values()) for counts in found.values()) <= REPORT + 5, found
    assert [standings.find_mismatches(plan) for plan in (small, large)] == [[], []]


@pytest.mark.sqlite
@pytest.mark.django_db
def test_no_index_of_a_large_table_repeats_the_beginning_of_another() -> None:
    doubled = set()
    for table in (*plans.LARGE, "commitments_tally", "commitments_flag"):
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, table)
        indexes = {
            name: found["columns"]
            for name, found in constraints.items()
            if found["index"] or found["unique"]
        }
        for name, columns in indexes.items():
            others = (
                other for key, other in indexes.items() if key != name and len(other) > len(columns)
            )
            if len(columns) == 1 and any(other[:1] == columns for other in others):
                doubled.add(name)
    assert doubled == set()


@pytest.mark.sqlite
@pytest.mark.django_db
def test_what_was_reported_lately_is_found_by_its_index() -> None:
    plan = dataset.make(10, "plan-of-10")
    lately = Entry.objects.filter(plan=plan, recorded_day__gte=story.TODAY).without_plan_entries()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert "entry_recorded" in lately.order_by("-recorded_day", "-number")[:7].explain()


def test_a_thread_that_has_ended_leaves_no_connection_open(calais: Plan) -> None:
    rows, columns = (
        Entry.objects.filter(plan=Slot("plan")),
        Entry.objects.filter(plan=Slot("plan")).values_list("terms"),
    )
    queries = [Prepared(rows.select_related("text")), Prepared(columns)]
    opened = []

    def ask() -> None:
        opened.append(weakref.ref(connections["default"]))
        for query in queries:
            query(plan=calais.pk)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    del thread
    gc.collect()
    assert opened[0]() is None
    assert len(queries[0](plan=calais.pk)) == len(queries[1](plan=calais.pk)) > 0
