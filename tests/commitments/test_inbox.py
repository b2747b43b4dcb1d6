"""What waits for a side's word: the inbox, its count, its filters, and confirming several at once."""

import re
from datetime import UTC, date, datetime

import pytest
from pytest_django import Settings

from actionplan.digests.content import Week
from actionplan.digests.recipients import recipients
from actionplan.digests.rendering import Renderer
from actionplan.models import User
from commitments.models import Entry, Plan
from commitments.models.rights import rights_of
from commitments.register.inbox import list_awaited
from commitments.register.permissions import can_report
from tests.client import read_page
from tests.factories import (
    annotate_entry,
    answer_question,
    ask_for_redaction,
    ask_side,
    create_manager,
    create_official,
    create_plan,
    create_viewer,
    decide_action,
    get_action,
    record_payment,
    redact_entry,
    report_entry,
    sign_in,
)
from tests.plans import toml
from tests.unusual_plans import make_plan

pytestmark = pytest.mark.django_db
TODAY = date(2015, 1, 12)


@pytest.fixture
def british(calais: Plan, settings: Settings) -> User:
    settings.ACTIONPLAN_TODAY = TODAY
    return create_manager(calais)


@pytest.fixture
def french(calais: Plan) -> User:
    return create_manager(calais, side="FR")


def waiting(user: User, today: date = TODAY) -> list[tuple[int, str]]:
    membership = user.memberships.get()
    awaited = list_awaited(rights_of(membership), membership.plan, today)
    return [(one.entry.number, one.act) for one in awaited]


def test_a_claim_waits_for_the_other_side_until_it_is_confirmed_or_disputed(
    british: User, french: User
) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    paid = record_payment(by=british)
    assert waiting(french) == [(done.number, "confirm"), (paid.number, "confirm")]
    assert waiting(british) == []
    dispute = annotate_entry(done, by=french, kind="disputed")
    annotate_entry(paid, by=french, kind="confirmed")
    assert waiting(french) == []
    annotate_entry(dispute, by=french, kind="withdrawn")
    assert waiting(french) == [(done.number, "confirm")]
    annotate_entry(done, by=british, kind="withdrawn")
    assert waiting(french) == []


def test_a_proposal_waits_while_it_is_open(british: User, french: User) -> None:
    decide_action("2.5", by=british, kind="moved", when="../2015-03-31")
    second = decide_action("2.5", by=british, kind="moved", when="../2015-04-30")
    annotate_entry(second, by=french, kind="confirmed")
    assert waiting(french) == []
    third = decide_action("2.5", by=british, kind="moved", when="../2015-05-31")
    assert waiting(french) == [(third.number, "confirm")]


def test_a_question_and_a_removal_wait_for_those_who_answer_them(
    calais: Plan, british: User, french: User
) -> None:
    question = ask_side(by=british, side="FR")
    note = report_entry("4.4", by=french, note="J. Doe")
    request = ask_for_redaction(note, by=british)
    assert waiting(french) == [(question.number, "answer"), (request.number, "agree")]
    answer_question(question, by=french)
    assert waiting(french) == [(request.number, "agree")]
    redact_entry(note, by=british, agreed_by=french)
    assert waiting(french) == waiting(british) == []


def test_officials_have_what_is_about_their_own_actions(
    calais: Plan, british: User, french: User
) -> None:
    official = create_official(calais, side="FR", bodies=["interior-ministry"])
    rights = rights_of(official.memberships.get())
    for ref in ("2.5", "5.3"):
        report_entry(ref, by=british, kind="completed")
    own = [ref for ref in ("2.5", "5.3") if can_report(rights, get_action(ref))]
    assert [one.ref for one in list_awaited(rights, calais, TODAY)] == own == ["2.5"]
    assert len(waiting(french)) == 2
    assert waiting(create_viewer(calais)) == []


def test_the_inbox_says_for_how_long_and_leads_to_each_answer(
    calais: Plan, british: User, french: User
) -> None:
    early = datetime(2015, 1, 2, 9, tzinfo=UTC)
    done = report_entry("2.5", by=british, kind="completed", now=early)
    question = ask_side(by=british, side="FR")
    client = sign_in(french)
    page = client.get("/mine/").content.decode()
    assert page.index("has waited 10 days") < page.index("since today")
    for address in (f"/register/{done.number}/confirm/", f"/register/{question.number}/answer/"):
        assert address in page
        assert client.get(address).status_code == 200
    assert '<b class="tally"' in client.get("/").content.decode()
    assert '<b class="tally"' not in sign_in(british).get("/").content.decode()


def test_lists_are_filtered_by_what_waits(calais: Plan, british: User, french: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    client = sign_in(french)
    rows = client.get("/register/?waiting=1&format=json").json()
    assert [row["number"] for row in rows] == [done.number]
    rows = client.get("/commitments/?attention=waiting&format=json").json()
    assert [row["ref"] for row in rows] == ["2.5"]
    page = sign_in(create_viewer(calais)).get("/commitments/").content.decode()
    assert 'value="waiting"' not in page


def test_several_are_confirmed_at_once_or_none(calais: Plan, british: User, french: User) -> None:
    first = report_entry("2.5", by=british, kind="completed")
    second = report_entry("5.3", by=british, kind="completed")
    client = sign_in(french)
    address = f"/mine/confirm/?entry={first.number}&entry={second.number}"
    assert client.get(address).status_code == 200
    annotate_entry(first, by=create_manager(calais, side="FR"), kind="confirmed")
    refused = client.post(address, {"key": "k"})
    assert refused.status_code == 422
    assert f"Entry {first.number}" in refused.content.decode()
    confirmed = Entry.objects.filter(kind="confirmed")
    assert confirmed.count() == 1
    address = f"/mine/confirm/?entry={second.number}"
    for _sent_twice in range(2):
        assert client.post(address, {"key": "k"}).headers["Location"] == "/plans/calais-2014/mine/"
    assert confirmed.count() == 2


def test_a_side_is_not_offered_the_word_that_it_has_said(british: User, french: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    client = sign_in(french)
    address = f"/register/{done.number}/"
    both = {f"/plans/calais-2014{address}confirm/", f"/plans/calais-2014{address}dispute/"}

    def offered() -> set[str]:
        page = client.get(address).content.decode()
        return {link for link in both if f'href="{link}"' in page}

    assert offered() == both
    dispute = annotate_entry(done, by=french, kind="disputed")
    assert offered() == {f"/plans/calais-2014{address}confirm/"}
    annotate_entry(dispute, by=french, kind="withdrawn")
    for _sent_twice in range(2):
        assert client.post(f"{address}confirm/", {"key": "k"}).status_code == 302
    assert offered() == {f"/plans/calais-2014{address}dispute/"}
    # whoever opened the form before reads why
    assert client.post(f"{address}confirm/", {"key": "other"}).status_code == 422


def test_nobody_confirms_several_of_their_own(british: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    client = sign_in(british)
    assert client.get(f"/mine/confirm/?entry={done.number}").status_code == 403
    assert client.post("/mine/confirm/?entry=none", {"key": "k"}).status_code == 422


def test_the_digest_begins_with_what_waits_for_the_side(
    calais: Plan, british: User, french: User
) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    week = date(2015, 1, 12)
    (recipient,) = [one for one in recipients(calais, week) if one.user == french]
    texts = Renderer(Week(calais, week)).render(recipient, "fr")
    assert "EN ATTENTE" in texts.text and "depuis 7\xa0jours" in texts.text
    assert f"/plans/calais-2014/register/{done.number}/confirm/" in texts.text


def test_a_dispute_waits_for_the_side_that_made_the_claim_until_it_answers(
    british: User, french: User
) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    dispute = annotate_entry(done, by=french, kind="disputed")
    assert waiting(british) == [(dispute.number, "respond")]
    report_entry("2.5", by=british, note="It was signed on 10 January.")
    assert waiting(british) == []


def test_a_dispute_no_longer_waits_once_it_or_its_claim_is_withdrawn(
    british: User, french: User
) -> None:
    for withdrawn_by_claimant in (True, False):
        done = report_entry("2.5", by=british, kind="completed")
        dispute = annotate_entry(done, by=french, kind="disputed")
        assert (dispute.number, "respond") in waiting(british)
        if withdrawn_by_claimant:
            annotate_entry(done, by=british, kind="withdrawn")
        else:
            annotate_entry(dispute, by=french, kind="withdrawn")
        assert (dispute.number, "respond") not in waiting(british)


def test_the_page_of_a_dispute_offers_what_answers_it(british: User, french: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    dispute = annotate_entry(done, by=french, kind="disputed")
    said = read_page(sign_in(british), f"/register/{dispute.number}/")
    assert "Take it back if the dispute is right." in said
    client = sign_in(british)
    page = client.get(f"/register/{dispute.number}/").text
    for address in (
        "/actions/2.5/report/",
        f"/register/{done.number}/withdraw/",
        f"/register/{dispute.number}/ask/",
    ):
        assert address in page
        assert client.get(address).status_code == 200
    assert "Take it back" not in read_page(sign_in(french), f"/register/{dispute.number}/")


def test_the_page_of_an_action_says_whose_turn_it_is(british: User, french: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    assert "Your turn: confirm or dispute" in read_page(sign_in(french), "/actions/2.5/")
    assert "Your turn" not in read_page(sign_in(british), "/actions/2.5/")
    annotate_entry(done, by=french, kind="disputed")
    assert "Your turn: answer the dispute" in read_page(sign_in(british), "/actions/2.5/")
    assert "Your turn" not in read_page(sign_in(french), "/actions/2.5/")


def test_marked_entries_are_confirmed_only_where_some_can_be_marked(
    british: User, french: User
) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    assert "Confirm those that are marked" in read_page(sign_in(french), "/mine/")
    annotate_entry(done, by=french, kind="disputed")
    said = read_page(sign_in(british), "/mine/")
    assert "Answer the dispute" in said
    assert "Confirm those that are marked" not in said


def test_a_list_says_whose_turn_it_is_to_do_what(british: User, french: User) -> None:
    done = report_entry("2.5", by=british, kind="completed")
    assert "Your turn: confirm or dispute" in read_page(sign_in(french), "/commitments/2/")
    assert "Your turn" not in read_page(sign_in(british), "/commitments/2/")
    annotate_entry(done, by=french, kind="disputed")
    assert "Your turn: answer the dispute" in read_page(sign_in(british), "/commitments/")
    assert "Your turn" not in read_page(sign_in(french), "/commitments/")


def test_of_many_actions_my_page_shows_the_first_of_each_group_and_folds_the_rest(
    db: None,
) -> None:
    plan = create_plan(toml(make_plan("many", "Many actions", actions=120)))
    client = sign_in(create_manager(plan))
    page = client.get("/plans/many/mine/").text
    folded = page.partition('<details class="reading">')[2].partition("</details>")[0]
    assert folded.count("/report/") == int(re.findall(r"(\d+) more actions", folded)[0]) > 0
