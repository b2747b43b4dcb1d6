"""What the forms say before anything is saved, how a date may be given, and what becomes of a
draft.
"""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Action, Entry, Plan
from commitments.register import services
from tests.client import Client
from tests.factories import annotate_entry, create_manager, create_official, report_entry

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
        "day": period,
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
    assert "the status will be: met late by 73 days" in said(
        signed_in.post(f"{REPORT}?on=2014-10-05", form)
    )


@pytest.mark.parametrize("kind", ["progress", "note"])
def test_a_report_without_a_word_is_refused_and_ends_no_silence(
    signed_in: Client, kind: str
) -> None:
    empty = {"key": "k1", "kind": kind, "day": "12 January 2015"}
    response = signed_in.post(REPORT, empty)
    assert response.status_code == 422
    assert "Say it in a few words, or add a file or a source." in said(response)
    with_source = {**empty, "source": "https://example.org/minutes"}
    assert signed_in.post(REPORT, with_source).status_code == 302


def test_a_withdrawn_report_leaves_the_action_as_it_had_been(
    signed_in: Client, official: User
) -> None:
    def read_action() -> str:
        return said(signed_in.get("/actions/3.5/")).partition("History")[0]

    assert "nothing has been reported" in read_action()
    in_list = said(signed_in.get("/commitments/?commitment=3"))
    assert "never reported" in in_list and "since 20 Sep" not in in_list
    progress = report_entry("3.5", by=official, note="Two lanes are drawn.")
    assert "nothing has been reported" not in read_action()
    annotate_entry(progress, by=official, kind="withdrawn", reason="Another port.")
    assert "nothing has been reported" in read_action()


def test_a_date_before_the_adoption_must_be_acknowledged(signed_in: Client) -> None:
    form = {"key": "k1", "kind": "progress", "day": "1 August 2014", "note": "Drawn."}
    response = signed_in.post(REPORT, form)
    assert response.status_code == 409
    assert "date lies before the adoption of the plan" in said(response)
    assert "Save anyway" in said(response)
    assert not Entry.objects.filter(code="k1").exists()
    assert signed_in.post(REPORT, form | {"anyway": "1"}).status_code == 302


def test_a_recurring_duty_asks_for_its_number_and_names_what_is_short(
    calais_with_entries: Plan, client: Client
) -> None:
    client.force_login(create_manager(calais_with_entries, side="FR"))
    page = client.get("/actions/5.5/report/").content.decode()
    assert re.search(r'value="delivered"[^>]* checked|checked[^>]*value="delivered"', page)
    assert "How many (officers)" in page
    assert "November 2014: 1 of 2" in page


def test_evidence_is_folded_until_there_is_some(signed_in: Client) -> None:
    assert '<details class="evidence">' in signed_in.get(REPORT).content.decode()
    given = {"key": "k1", "kind": "progress", "day": "x", "source": "minutes"}
    assert '<details class="evidence" open>' in signed_in.post(REPORT, given).content.decode()


def test_the_date_is_filled_in_as_the_reader_writes_it(signed_in: Client) -> None:
    page = signed_in.get(REPORT).content.decode()
    (field,) = re.findall(r'<input[^>]* name="day"[^>]*>', page)
    assert 'type="text"' in field or "type=" not in field
    assert 'value="12 January 2015"' in field


def test_a_draft_waits_in_the_form_until_its_author_has_signed_in_again(
    official: User, client: Client
) -> None:
    draft = {
        "key": "k1",
        "kind": "progress",
        "day": "October 2014",
        "note": "Leaflets printed",
        "seen": "0",
    }
    path = f"/plans/calais-2014{REPORT}"
    expired = client.post(path, draft)
    assert (
        expired.status_code,
        "What do you want to report?" in said(expired),
        "kind" in said(expired),
    ) == (
        401,
        True,
        False,
    )
    client.force_login(official)
    page = client.get(path).content.decode()
    assert re.search(r"<textarea[^>]*>\s*Leaflets printed</textarea>", page)
    assert 'value="October 2014"' in page
    assert re.search(r'value="progress"[^>]*checked|checked[^>]*value="progress"', page)
    assert "What you had written is back in the form." in page
    assert "Leaflets printed" not in said(client.get(path))


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
