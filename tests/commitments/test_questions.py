"""Questions of one side and answers of the other: who may, what stands open, where they are shown."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from pytest_django import Settings

from actionplan.models import User
from commitments.exports import columns
from commitments.files.entries import load_entries
from commitments.models import Entry, Plan
from commitments.register import questions
from commitments.register.hash_chain import verify_chain
from tests.client import Client
from tests.factories import (
    NOW,
    action_status,
    annotate_entry,
    answer_question,
    ask_side,
    create_official,
    create_viewer,
    entries_file,
    entry_row,
    report_entry,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def british(calais: Plan, settings: Settings) -> User:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    return create_official(calais)


@pytest.fixture
def french(calais: Plan) -> User:
    return create_official(calais, side="FR", bodies=["dcpaf"])


def open_numbers() -> list[int]:
    return list(questions.open_questions().values_list("number", flat=True))


def test_a_question_stands_until_the_side_that_was_asked_answers(
    calais: Plan, british: User, french: User
) -> None:
    question = ask_side(by=french, when="2015-02")
    assert open_numbers() == [question.number]
    said = answer_question(question, by=british)
    assert open_numbers() == []
    annotate_entry(said, by=british, kind="withdrawn")
    assert open_numbers() == [question.number]
    annotate_entry(question, by=french, kind="withdrawn")
    assert open_numbers() == []
    assert list(verify_chain(calais)) == []


def test_asking_and_answering_change_no_standing(calais: Plan, british: User, french: User) -> None:
    report_entry("4.4", by=british, kind="progress")
    before = action_status("4.4"), action_status("4.4", date(2015, 6, 1))
    answer_question(ask_side(by=french), by=british)
    assert (action_status("4.4"), action_status("4.4", date(2015, 6, 1))) == before


def test_only_the_side_that_was_asked_can_answer(calais: Plan, british: User, french: User) -> None:
    question = ask_side(by=french)
    for person in (french, create_viewer(calais)):
        with pytest.raises(PermissionDenied):
            answer_question(question, by=person)
    assert answer_question(question, by=british).side == "GB"


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "FR"},
        {"side": "XX"},
        {"note": ""},
        {"when": "soon"},
        {"when": "../2015"},
        {"ref": "9"},
    ],
)
def test_an_odd_question_is_refused(french: User, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask_side(by=french, **fields)


def test_a_question_is_asked_about_an_entry_but_not_about_a_question(
    calais: Plan, british: User, french: User
) -> None:
    started = report_entry("4.4", by=british, kind="started")
    question = ask_side("", by=french, to=started)
    assert (question.ref, question.to) == ("4.4", started)
    with pytest.raises(ValidationError):
        ask_side(by=british, side="FR", to=question)


def test_questions_come_from_files_and_go_back_there(calais: Plan) -> None:
    rows = [
        entry_row("4.4", "completed", "2014-11-01", id="done"),
        entry_row("4.4", "question", "2014-11-02", side="FR", words="GB", note="Who?", id="q"),
        entry_row("", "question", "", "2014-11-03", side="FR", words="GB", note="?", to="done"),
        entry_row("", "answer", "", "2014-11-04", to="q", note="Two.", id="a"),
    ]
    rows[1]["due"] = "2014-12"
    assert load_entries(calais, entries_file(rows), now=NOW, by=None).errors == []
    question = Entry.objects.get(code="q")
    assert (question.when, question.words) == ("2014-12", "GB")
    assert Entry.objects.get(code="a").to == question
    cells = columns.entry_row(question)
    assert (cells["to"], cells["due"]) == ("", "2014-12")
    assert load_entries(calais, entries_file(rows), now=NOW, by=None).skipped == 4


def test_the_page_of_an_action_shows_the_dialogue_and_leads_to_the_form(
    calais: Plan, british: User, french: User
) -> None:
    paris, london = sign_in(french), sign_in(british)
    asked = paris.post(
        "/ask/4.4/", {"key": "q", "side": "GB", "note": "How many?", "due": "January 2015"}
    )
    assert asked.headers["Location"] == "/plans/calais-2014/actions/4.4/"
    question = Entry.objects.get(code="q")
    assert (question.words, question.when) == ("GB", "2015-01")
    page = london.get("/actions/4.4/").content.decode()
    assert "How many?" in page and "Not answered yet by: United Kingdom" in page
    form = f"/register/{question.number}/answer/"
    assert form in page and form not in paris.get("/actions/4.4/").content.decode()
    for _sent_twice in range(2):
        assert (
            london.post(form, {"key": "a", "note": "Two."}).headers["Location"]
            == "/plans/calais-2014/actions/4.4/"
        )
    page = london.get("/actions/4.4/").content.decode()
    assert "Two." in page and "Not answered yet" not in page and form not in page


def test_a_contribution_is_asked_about_on_the_page_of_the_fund(
    calais: Plan, british: User, french: User
) -> None:
    paris = sign_in(french)
    assert "/plans/calais-2014/ask/1.2/" in paris.get("/fund/").content.decode()
    assert (
        paris.post("/ask/1.2/", {"key": "q", "side": "GB", "note": "When?"}).headers["Location"]
        == "/plans/calais-2014/fund/"
    )
    answer_question(Entry.objects.get(code="q"), by=british)
    page = paris.get("/fund/").content.decode()
    assert "When?" in page and "Two." in page


def test_the_calendar_has_the_days_by_which_answers_are_due(
    calais: Plan, british: User, french: User
) -> None:
    question = ask_side(by=french, when="2015-01-20")
    calendar = sign_in(british).get("/calendar.ics?mine=1").content.decode()
    assert "Answer due\\, United Kingdom" in calendar
    assert "Answer due" not in sign_in(french).get("/calendar.ics?mine=1").content.decode()
    answer_question(question, by=british)
    assert "Done: 4.4 Answer due" in sign_in(french).get("/calendar.ics").content.decode()


@pytest.mark.parametrize(
    ("key", "kinds"), [("", set()), ("public_questions", {"question", "answer"})]
)
def test_everybody_reads_of_questions_only_where_the_plan_says_so(
    calais: Plan, british: User, french: User, client: Client, key: str, kinds: set[str]
) -> None:
    answer_question(ask_side(by=french, note="Secret"), by=british)
    Plan.objects.filter(pk=calais.pk).update(public=True, **({key: True} if key else {}))
    rows = client.get("/plans/calais-2014/register/?format=json").json()
    assert {row["kind"] for row in rows} & {"question", "answer"} == kinds
    page = client.get("/plans/calais-2014/actions/4.4/").content.decode()
    assert "Secret" not in page
    assert ("Questions" in page) == bool(kinds)


def test_only_what_the_plan_has_is_asked_about(calais: Plan, french: User) -> None:
    assert sign_in(french).get("/ask/none/").status_code == 404
    assert sign_in(create_viewer(calais)).get("/ask/4.4/").status_code == 403


def test_the_status_names_the_questions_that_stand_open_on_the_day(
    calais: Plan, british: User, french: User
) -> None:
    question = ask_side(by=french, when="2015-02")
    asked = {
        "entry": question.number,
        "from": "FR",
        "to": "GB",
        "since": "2015-01-12",
        "due": "2015-02",
    }
    assert action_status("4.4")["questions"] == [asked]
    assert action_status("4.4", date(2015, 1, 11))["questions"] == []
    answer_question(question, by=british)
    assert action_status("4.4")["questions"] == []
