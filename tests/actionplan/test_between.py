"""Two days compared: the same as two documents of the status, and the entries between them."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import transaction
from django.utils.html import strip_tags
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from actionplan.between.content import compare, comparison_as_json, two_days
from actionplan.overview.status import status
from commitments.files.entries import load_entries
from commitments.models import Entry, Plan, Role
from commitments.models.rights import Rights
from commitments.pages.page import Page
from tests import factories
from tests.client import Client, read_page
from tests.factories import create_manager, sign_in
from tests.generated import registers
from tests.plans import toml

pytestmark = pytest.mark.django_db
PAIRS = [
    ("2014-09-20", "2014-11-05"),
    ("2014-11-05", "2015-01-12"),
    ("2014-12-12", "2015-01-12"),
]


@pytest.fixture
def client(calais_with_entries: Plan) -> Client:
    return sign_in(create_manager(calais_with_entries))


def read_json(client: Client, path: str, **query: str) -> Any:
    response = client.get(path, query)
    assert response.status_code == 200, response.content[:300]
    return response.json()


def without_days(value: Any) -> Any:
    """Counts of days go on by themselves, at an action and at its sides and steps."""
    if isinstance(value, dict):
        kept = {name: value[name] for name in value if name not in ("days", "original_days")}
        return {name: without_days(one) for name, one in kept.items()}
    return [without_days(one) for one in value] if isinstance(value, list) else value


def expected_changes(
    client: Client, name: str, key: tuple[str, ...], earlier: dict[str, str], later: dict[str, str]
) -> dict[tuple[Any, ...], Any]:
    """By key, what two documents of the status say differently, or what was recorded between."""

    def by_key(query: dict[str, str]) -> dict[tuple[Any, ...], Any]:
        records = read_json(client, "/status.json", **query)[name]
        return {tuple(record[part] for part in key): record for record in records}

    then, now = by_key(earlier), by_key(later)
    recorded = {
        entry["ref"]
        for entry in read_json(client, "/register/", format="json", on=later["on"])
        if earlier["on"] < entry["recorded"][:10]
    }
    return {
        each: (then.get(each), now.get(each))
        for each in now | then
        if each[0] in recorded or without_days(then.get(each)) != without_days(now.get(each))
    }


@pytest.mark.slow
@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_the_comparison_equals_the_difference_of_two_documents_of_the_status(
    client: Client, earlier: str, later: str
) -> None:
    for known in ({}, {"known": "now"}):
        compared = read_json(
            client, "/between/", format="json", **{"from": earlier, "to": later}, **known
        )
        assert (compared["from"], compared["to"]) == (earlier, later)
        expected = expected_changes(
            client, "actions", ("ref",), {"on": earlier, **known}, {"on": later}
        )
        found = {(one["ref"],): (one["then"], one["now"]) for one in compared["actions"]}
        assert found == expected
        assert expected


def test_each_entry_recorded_between_the_days_stands_at_its_action(client: Client) -> None:
    compared = read_json(
        client, "/between/", format="json", **{"from": "2014-11-05", "to": "2015-01-12"}
    )
    told = {entry["number"] for one in compared["actions"] for entry in one["entries"]}
    days = {
        date.fromisoformat(entry["recorded"][:10])
        for one in compared["actions"]
        for entry in one["entries"]
    }
    assert told
    assert min(days) > date(2014, 11, 5)
    assert max(days) <= date(2015, 1, 12)


def test_nothing_differs_between_a_day_and_itself(client: Client) -> None:
    compared = read_json(
        client, "/between/", format="json", **{"from": "2014-11-05", "to": "2014-11-05"}
    )
    assert compared["actions"] == compared["contributions"] == []


def test_the_page_leads_to_the_action_on_the_later_day(client: Client) -> None:
    page = client.get("/between/", {"from": "2014-10-01", "to": "2014-12-01"}).content.decode()
    assert 'href="/plans/calais-2014/actions/5.5/?on=2014-12-01"' in page
    assert "What changed" in page


def test_what_fell_is_told_beside_what_was_newly_met(client: Client) -> None:
    address = "/between/?from=2014-12-12&to=2015-01-12"
    assert " 1 no longer met 1.9 " in read_page(client, address)
    client.cookies["django_language"] = "fr"
    assert " 1 n’est plus réalisée 1.9 " in read_page(client, address)


def test_states_have_the_words_of_every_other_page(client: Client) -> None:
    """What is met and disputed is one state, and what is under way without a date another."""
    said = read_page(client, "/between/?from=2014-09-20&to=2015-01-12")
    assert "3.4 " in said
    for ref in ("1.4", "1.9", "3.1", "3.4", "4.2", "5.1"):
        state = expected_words(client, ref)
        change = read_change(client, ref)
        assert f"now {state} " in change or f" {state} as before" in change, ref
    assert expected_words(client, "3.4") == "met, disputed"
    assert expected_words(client, "1.4") == "under way, no date"


def expected_words(client: Client, ref: str) -> str:
    """The state that the page of the action gives."""
    html = client.get(f"/actions/{ref}/").content.decode()
    found = re.search(r'class="sentence">\s*<p><span class="state [^"]*">([^<]+)<', html)
    assert found
    return found[1]


def read_change(client: Client, ref: str, since: str = "2014-09-20") -> str:
    """What the comparison says of the action, as somebody reads it."""
    html = client.get(f"/between/?from={since}&to=2015-01-12").content.decode()
    item = html.partition(f'id="change-{ref}"')[2].partition('id="change-')[0]
    return " ".join(unescape(strip_tags(item)).split())


def test_a_first_report_is_not_called_a_report_again(client: Client) -> None:
    said = read_change(client, "1.6", since="2015-01-05")
    assert "first report" in said
    assert "reported again" not in said


def test_money_is_compared_by_promise_and_not_by_currency(client: Client) -> None:
    """Two currencies of one promise are the same money: that nothing was paid in pounds is no news."""
    said = read_page(client, "/between/?from=2014-11-05&to=2014-12-12")
    sums = said.partition("Firm contributions")[2]
    promised = "€15 million (£12 million, the same money)"
    assert f"Promised {promised} {promised}" in sums
    assert "Fallen due nothing nothing" in sums
    assert "Paid nothing €3 million" in sums
    assert "£0" not in sums


def test_the_next_period_of_a_duty_is_no_other_deadline(client: Client) -> None:
    said = read_page(client, "/between/?from=2014-12-12&to=2015-01-12")
    moved, _, recurring = said.partition("5.5 Send two DCPAF officers")
    assert "Deadline 31 December 2014, now 9 January 2015" in moved
    assert "Deadline" not in recurring.partition("5.6 Set clear")[0]


def test_questions_are_told_when_asked_when_answered_and_while_they_are_open(
    client: Client, calais_with_entries: Plan
) -> None:
    asked = factories.entry_row(
        "5.5", "question", "2014-12-01", id="q", words="FR", note="Which officers?"
    )
    answer = factories.entry_row("5.5", "answer", "2014-12-20", side="FR", to="q", note="Two.")
    factories.load_entries(calais_with_entries, [asked, answer])
    page = client.get("/between/", {"from": "2014-11-20", "to": "2014-12-10"}).content.decode()
    assert "question asked" in page
    assert "Questions without an answer" in page
    page = client.get("/between/", {"from": "2014-12-10", "to": "2015-01-10"}).content.decode()
    assert "question answered" in page
    assert "Questions without an answer" not in page


def test_days_in_the_wrong_order_are_refused_with_both_named(client: Client) -> None:
    response = client.get("/between/", {"from": "2015-01-12", "to": "2014-11-05"})
    assert response.status_code == 400
    assert "12 January 2015" in response.content.decode()


def test_a_public_reader_sees_no_internal_words(calais_with_entries: Plan) -> None:
    Plan.objects.filter(pk=calais_with_entries.pk).update(public=True)
    compared = read_json(
        Client(), "/between/", format="json", **{"from": "2014-09-20", "to": "2015-01-12"}
    )
    entries = [entry for one in compared["actions"] for entry in one["entries"]]
    assert entries
    assert not any(entry["reason"] or entry["note"] or entry["source"] for entry in entries)
    assert all(one["now"]["confidence"] is None for one in compared["actions"])


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_the_same_comes_as_a_table(client: Client, name: str) -> None:
    response = client.get("/between/", {"format": name})
    assert response.status_code == 200
    assert f"between-2015-01-12.{name}" in response.headers["Content-Disposition"]


# Made-up plans

TODAY = date(2015, 7, 1)
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def expected_of_status(plan: Plan, name: str, key: tuple[str, ...], page: Page, days: Any) -> Any:
    """As `expected_changes`, without a client."""
    earlier, later, corrected = days
    recorded = set(
        Entry.objects.filter(
            plan=plan, recorded_day__gt=earlier, recorded_day__lte=later
        ).values_list("ref", "instalment")
    )
    known_then = None if corrected else earlier
    then, now = (
        {
            tuple(record[part] for part in key): record
            for record in status(plan, on, known, today=TODAY, inside=True)[name]  # type: ignore[literal-required]
        }
        for on, known in ((earlier, known_then), (later, later))
    )
    return {
        each: (then.get(each), now.get(each))
        for each in now | then
        if {(each[0], None), (each[0], each[-1])} & recorded
        or without_days(then.get(each)) != without_days(now.get(each))
    }


@pytest.mark.slow
@given(registers(), st.integers(0, 200), st.integers(0, 200), st.booleans())
@hypothesis_settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_comparison_of_any_plan_equals_the_difference_of_two_documents(
    db: None, register: Any, start: int, length: int, corrected: bool
) -> None:
    tree, rows = register
    earlier = date(2014, 9, 20) + timedelta(days=start)
    later = min(earlier + timedelta(days=length), TODAY)
    with transaction.atomic():
        plan = factories.create_plan(toml(tree))
        for row in rows:
            load_entries(plan, factories.entries_file([row]), now=LATER, by=None)
        page = Page(plan, [plan], Rights(role=Role.MANAGER), TODAY, TODAY, TODAY)
        days = two_days(page, earlier, later, corrected=corrected)
        compared = comparison_as_json(compare(days))
        for name, key in (("actions", ("ref",)), ("contributions", ("ref", "instalment"))):
            found = {
                tuple(one[part] for part in key): (one["then"], one["now"])
                for one in compared[name]  # type: ignore[literal-required]
            }
            expected = expected_of_status(plan, name, key, page, (earlier, later, corrected))
            assert found == expected
        transaction.set_rollback(True)
