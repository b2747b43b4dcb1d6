"""What the forms say before anything is saved, how a date may be given, and what becomes of a
draft.
"""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Action, Entry, Plan
from commitments.register import services
from tests.factories import create_manager, create_official

REPORT = "/actions/4.4/report/"


@pytest.fixture
def official(calais: Plan, settings: Settings) -> User:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    return create_official(calais)


@pytest.fixture
def signed_in(client: Client, official: User) -> Client:
    client.force_login(official)
    return client


def said(response: Any) -> str:
    """The words of the page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", response.content.decode())))


@pytest.mark.parametrize(
    ("period", "effective"),
    [
        ("October", "2014-10"),
        ("autumn 2014", "2014-23"),
        ("octobre 2014", "2014-10"),
        ("Q4 2014", "2014-36"),
    ],
)
def test_an_imprecise_date_is_given_in_words(
    signed_in: Client, period: str, effective: str
) -> None:
    form = {
        "key": "k1",
        "kind": "progress",
        "day": "2015-01-12",
        "period": period,
        "note": "Leaflets printed",
    }
    assert signed_in.post(REPORT, form).status_code == 302
    assert Entry.objects.get(code="k1").effective == effective


def test_a_new_deadline_is_given_in_words(calais: Plan, client: Client, settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    client.force_login(create_manager(calais))
    form = {"key": "k1", "when": "by 31 March 2015", "reason": "agreed", "day": "2015-01-12"}
    assert client.post("/actions/2.5/move/", form).status_code == 302
    assert Entry.objects.get(code="k1").when == "../2015-03-31"


def test_the_day_beside_a_time_is_that_of_the_plan(
    calais: Plan, official: User, signed_in: Client
) -> None:
    night = datetime(2014, 10, 1, 23, 30, tzinfo=UTC)
    action = Action.objects.get(plan=calais, ref="4.4")
    entry = services.report(
        action=action, kind="progress", effective="2014-10-02", by=official, now=night, key="night"
    )
    page = said(signed_in.get(f"/register/{entry.number}/"))
    assert "Recorded 2 October 2014, 00:30 " in page
    assert "Entered this register 2 October 2014, 00:30 " in page


def test_each_choice_says_to_which_state_it_would_lead(signed_in: Client) -> None:
    page = said(signed_in.get(REPORT))
    assert "started then met late" in page
    assert "progress then" not in page


def test_what_is_recorded_while_another_day_is_shown_is_about_today(signed_in: Client) -> None:
    page = said(signed_in.get(f"{REPORT}?on=2014-10-05"))
    assert "overdue by 73 days" in page
    assert "You see the plan as it stood" not in page
    form = {"key": "k1", "kind": "started", "day": "2015-01-12", "preview": "1"}
    assert "the action will read: met late by 73 days" in said(
        signed_in.post(f"{REPORT}?on=2014-10-05", form)
    )


def test_a_draft_waits_in_the_form_until_its_author_has_signed_in_again(
    official: User, client: Client
) -> None:
    draft = {
        "key": "k1",
        "kind": "progress",
        "period": "October 2014",
        "note": "Leaflets printed",
        "seen": "0",
    }
    expired = client.post(REPORT, draft)
    assert (expired.status_code, "What happened" in said(expired), "kind" in said(expired)) == (
        401,
        True,
        False,
    )
    client.force_login(official)
    page = client.get(REPORT).content.decode()
    assert re.search(r"<textarea[^>]*>\s*Leaflets printed</textarea>", page)
    assert 'value="October 2014"' in page
    assert re.search(r'value="progress"[^>]*checked|checked[^>]*value="progress"', page)
    assert "What you had written is back in the form." in page
    assert "Leaflets printed" not in said(client.get(REPORT))


@pytest.mark.parametrize(
    ("address", "status"),
    [(f"{REPORT}?on=soon", 400), (REPORT, 403), ("/actions/9.9/report/", 404)],
)
def test_a_refusal_gives_back_what_was_typed(
    official: User, signed_in: Client, address: str, status: int
) -> None:
    official.memberships.get().bodies.clear()
    answer = signed_in.post(
        address, {"key": "k1", "kind": "progress", "day": "2015-01-12", "note": "Two <pages>"}
    )
    assert answer.status_code == status
    assert "Two &lt;pages&gt;" in answer.content.decode()


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset=latin-1", "multipart/form-data"]
)
def test_a_form_that_cannot_be_read_gives_nothing_back(signed_in: Client, kind: str) -> None:
    assert signed_in.post("/nowhere/", b"note=Two+pages", content_type=kind).status_code == 404


def test_a_draft_too_long_to_wait_is_shown_and_not_kept(calais: Plan, client: Client) -> None:
    expired = client.post(REPORT, {"key": "k1", "note": "x" * 1_000_000})
    assert (expired.status_code, "draft" in client.session) == (401, False)
