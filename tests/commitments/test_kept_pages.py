"""Bodies of pages are kept: no reader gets a stale word, and none gets what is somebody else's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actionplan.local import samples
from actionplan.models import User
from actionplan.plan_transfer.load import load_plan
from commitments.models import Entry, Membership, Plan
from commitments.register import flags
from tests.client import Client
from tests.factories import (
    NOW,
    annotate_entry,
    create_administrator,
    create_manager,
    create_official,
    create_viewer,
    record_payment,
    redact_entry,
    report_entry,
    sign_in,
)
from tests.plans import changed

PAGES = [
    "/",
    "/commitments/",
    "/commitments/?state=overdue",
    "/commitments/1/",
    "/actions/4.4/",
    "/fund/",
    "/text/",
    "/register/",
    "/register/?kind=progress",
]
# the pages that differ most between readers and days; the others are left to the whole run
EVERYDAY = ["/", "/actions/4.4/", "/register/"]
PAGES_MOSTLY_SLOW = [
    *EVERYDAY,
    *(pytest.param(path, marks=pytest.mark.slow) for path in PAGES if path not in EVERYDAY),
]
# the page of an action that is overdue among the samples, for which the job raises flags
OVERDUE = "/actions/2.5/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(calais_with_entries: Plan) -> Plan:
    Plan.objects.filter(pk=calais_with_entries.pk).update(public=True)
    return Plan.objects.get(pk=calais_with_entries.pk)


def read(client: Client, path: str) -> str:
    """What the page says, without the tokens that its forms carry."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def read_afresh(client: Client, path: str) -> str:
    caches["pages"].clear()
    return read(client, path)


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        read(client, path)
    return len(queries)


@pytest.mark.parametrize("path", PAGES)
def test_a_body_is_made_once_for_readers_with_equal_rights(plan: Plan, path: str) -> None:
    first, second = sign_in(create_viewer(plan)), sign_in(create_viewer(plan))
    assert count_queries(second, path) > count_queries(first, path)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES_MOSTLY_SLOW)
def test_every_reader_gets_the_page_that_is_theirs(plan: Plan, path: str) -> None:
    reporter = create_official(plan, side="GB", bodies=["home-office"])
    report_entry("4.4", by=reporter)
    clients = [
        Client(),
        sign_in(reporter),
        sign_in(create_official(plan, side="GB", bodies=["home-office"])),
        sign_in(create_official(plan, side="FR", bodies=[])),
        sign_in(create_manager(plan, side="GB")),
        sign_in(create_manager(plan, side="FR")),
        sign_in(create_viewer(plan)),
        sign_in(create_viewer(plan, language="fr")),
    ]
    kept = [read(client, path) for client in clients]
    assert kept == [read_afresh(client, path) for client in clients]


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES_MOSTLY_SLOW)
def test_a_body_is_kept_for_its_day_and_for_what_was_known_on_it(plan: Plan, path: str) -> None:
    client = sign_in(create_viewer(plan))
    join = "&" if "?" in path else "?"
    days = ["", "on=2014-11-20", "on=2014-11-20&known=now", "on=2015-03-01"]
    addresses = [f"{path}{join}{day}" for day in days]
    kept = [read(client, address) for address in addresses]
    assert kept == [read_afresh(client, address) for address in addresses]
    assert len(set(kept)) == len(days)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_a_body_is_not_kept_when_another_day_begins(plan: Plan, path: str, settings: Any) -> None:
    client = sign_in(create_viewer(plan))
    read(client, path)
    settings.ACTIONPLAN_TODAY = datetime(2015, 3, 1, tzinfo=UTC).date()
    assert read(client, path) == read_afresh(client, path)


def test_my_actions_are_those_of_my_bodies(plan: Plan) -> None:
    home_office = sign_in(create_official(plan, bodies=["home-office"]))
    nobody = sign_in(create_official(plan, bodies=[]))
    assert "4.4" in read(home_office, "/mine/")
    assert read(nobody, "/mine/") == read_afresh(nobody, "/mine/")


def test_another_body_of_an_account_shows_its_actions_at_once(plan: Plan) -> None:
    official = create_official(plan, bodies=[])
    client = sign_in(official)
    assert "4.4" not in read(client, "/mine/")
    Membership.objects.get(user=official).bodies.set(plan.bodies.filter(code="home-office"))
    assert "4.4" in read(client, "/mine/")


# Every kind of write between two readings


def report(plan: Plan, author: User, entry: Entry) -> None:
    report_entry("4.4", by=author, kind="completed")


def withdraw(plan: Plan, author: User, entry: Entry) -> None:
    annotate_entry(entry, by=author, kind="withdrawn")


def redact(plan: Plan, author: User, entry: Entry) -> None:
    redact_entry(entry, by=author, agreed_by=create_administrator(), now=NOW)


def pay(plan: Plan, author: User, entry: Entry) -> None:
    record_payment("1.2", by=author)


def load_another_plan_file(plan: Plan, author: User, entry: Entry) -> None:
    text = changed(
        samples.PLAN_FILE.read_text(),
        ('slug = "calais-2014"\n', 'slug = "calais-2014"\npublic = true\n'),
        ("Measures that discourage gathering", "Measures against gathering"),
    )
    load_plan(text.encode(), now=NOW)


def rename(plan: Plan, author: User, entry: Entry) -> None:
    author.post = "Another post"
    author.save()


def run_flag_job(plan: Plan, author: User, entry: Entry) -> None:
    flags.bring_up_to(plan, NOW.date())


Write = Callable[[Plan, User, Entry], Any]
# Each kind of write, and a page on which it shows.
WRITES: list[tuple[Write, str]] = [
    (report, "/actions/4.4/"),
    (withdraw, "/actions/4.4/"),
    (redact, "/actions/4.4/"),
    (pay, "/fund/"),
    (load_another_plan_file, "/text/"),
    (rename, "/actions/4.4/"),
    (run_flag_job, OVERDUE),
]


def assert_seen_at_once(plan: Plan, write: Write, paths: list[str]) -> None:
    """Each reader gets the same pages after the write as if none had been kept, and others than
    before.
    """
    author = create_manager(plan, post="Some post")
    entry = report_entry("4.4", by=author, note="A note.")
    paths = [*paths, f"/register/{entry.number}/"]
    clients = [Client(), sign_in(create_viewer(plan, language="fr"))]
    before = [[read(client, path) for path in paths] for client in clients]
    write(plan, author, entry)
    after = [[read(client, path) for path in paths] for client in clients]
    assert after != before
    assert after == [[read_afresh(client, path) for path in paths] for client in clients]


@pytest.mark.slow
@pytest.mark.parametrize(("write", "path"), WRITES)
def test_a_write_is_seen_at_once_where_it_shows(plan: Plan, write: Write, path: str) -> None:
    assert_seen_at_once(plan, write, [path])


@pytest.mark.slow
@pytest.mark.parametrize(
    "write",
    [
        report,
        run_flag_job,
        *(
            pytest.param(write, marks=pytest.mark.rare)
            for write, _path in WRITES
            if write not in (report, run_flag_job)
        ),
    ],
)
def test_a_write_is_seen_on_every_page_at_once(plan: Plan, write: Write) -> None:
    assert_seen_at_once(plan, write, [*PAGES, OVERDUE])
