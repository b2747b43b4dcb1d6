"""The page of an action, read as a person reads it."""

import re
from datetime import UTC, date, datetime

import pytest
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from actionplan.local import samples
from actionplan.models import User
from commitments.models import Flag, FlagKind, Plan
from commitments.register import flags
from tests.client import Client, read_page
from tests.factories import (
    create_manager,
    create_plan,
    create_viewer,
    entry_row,
    load_entries,
    sign_in,
)
from tests.plan_of_promises import PROMISES


@pytest.fixture
def reader(calais_with_entries: Plan) -> Client:
    return sign_in(create_viewer(calais_with_entries))


def read_part(client: Client, address: str, first: str, after: str) -> str:
    return read_page(client, address).partition(first)[2].partition(after)[0]


def test_one_sentence_says_which_month_is_short_and_which_are_met(reader: Client) -> None:
    said = read_page(reader, "/actions/5.5/")
    assert (
        "due 19 days left November 2014: partly met, 1 of 2 officers. "
        "Met: October 2014, December 2014." in said
    )


def test_the_sentence_says_of_a_period_what_its_tile_says(reader: Client) -> None:
    User.objects.update(language="fr")
    said = read_page(reader, "/actions/5.5/")
    assert "Novembre 2014 : partiellement réalisée, 1 sur 2 agents." in said.replace("\xa0", " ")
    assert "1 sur 2 partiellement réalisée" in said.replace("\xa0", " ")
    assert "non honorée" not in said.partition("Historique")[0]


def test_the_state_is_a_line_of_its_own_and_its_delay_is_said_once(reader: Client) -> None:
    html = reader.get("/actions/4.4/").content.decode()
    verdict = html.partition('class="sentence"')[2].partition("</div>")[0]
    state, sentence = re.findall(r"<p>(.*?)</p>", verdict, re.DOTALL)
    assert " ".join(strip_tags(state).split()) == "met late by 10 days"
    assert " ".join(strip_tags(sentence).split()) == "It was due by 31 October 2014."


@pytest.mark.parametrize(
    ("language", "was_set", "was_moved", "set_later"),
    [
        ("en", "deadline set", "deadline moved", "20 Jan 2015 · set later"),
        ("fr", "échéance fixée", "échéance déplacée", "20 janv. 2015 · fixée par la suite"),
    ],
)
def test_a_first_deadline_is_not_said_to_have_been_moved(
    reader: Client, language: str, was_set: str, was_moved: str, set_later: str
) -> None:
    """1.6 was signed without a date, and 2.5 with another one."""
    User.objects.update(language=language)
    for path in ("/actions/1.6/", "/register/?ref=1.6", "/between/?from=2014-12-17&to=2014-12-18"):
        assert was_set in read_page(reader, path)
    assert was_moved not in read_page(reader, "/actions/1.6/")
    for path in ("/actions/2.5/", "/register/?ref=2.5"):
        said = read_page(reader, path)
        assert was_moved in said and was_set not in said
    decided = read_page(reader, "/")
    assert was_set in decided.partition(" 1.6 ")[2].partition("</table>")[0]
    lists = read_page(reader, "/commitments/").replace("\xa0", " ")
    assert set_later in lists.partition("1.6 ")[2].partition("1.7 ")[0]


def test_only_the_first_of_two_moves_sets_a_deadline(calais_with_entries: Plan) -> None:
    later = entry_row("1.6", "moved", "2015-01-10", side="GB", to="2015-02-10", reason="More time.")
    load_entries(calais_with_entries, [later])
    said = read_page(sign_in(create_viewer(calais_with_entries)), "/register/?ref=1.6")
    assert "deadline moved → now 10 February 2015" in said
    assert "deadline set → now by 20 January 2015" in said


def test_a_side_that_has_not_answered_is_not_reproached(reader: Client) -> None:
    html = reader.get("/actions/5.5/").content.decode()
    assert "has not answered" in html
    assert not re.search(r"<(b|strong)>\s*has not answered", html)


def test_who_may_answer_the_own_side_is_told_why(calais_with_entries: Plan) -> None:
    """Only France acts on 5.5, so that a second person of it can confirm what it reports."""
    french = sign_in(create_manager(calais_with_entries, side="FR"))
    said = read_page(french, "/actions/5.5/")
    assert "As a second person of your side: Confirm 83 Dispute 83" in said
    form = read_page(french, "/register/83/confirm/")
    assert "a second person of your side may confirm or dispute it" in form
    british = sign_in(create_manager(calais_with_entries, side="GB"))
    assert "As a second person" not in read_page(british, "/actions/5.5/")


def test_a_confirmation_stands_with_the_delivery_and_not_with_the_delay(reader: Client) -> None:
    before = read_page(reader, "/actions/5.5/").partition("What each side says")[0]
    assert "confirmed" not in before
    sides = read_part(reader, "/actions/5.5/", "What each side says", "History")
    assert "agrees, 5 Jan 2015 22 Dec 2014: delivered 2, 1 December 2014" in sides
    assert "has not answered 9 Dec 2014: delivered 1, 3 November 2014" in sides


def test_what_an_entry_says_is_kept_apart(reader: Client) -> None:
    history = read_page(reader, "/actions/5.5/").partition("History")[2]
    assert "delivered 2 · 1 December 2014 Exemple" in history
    assert "Source: illustration" in history


@pytest.mark.parametrize("path", ["/actions/I.2/", "/text/"])
def test_where_no_phrase_is_quoted_the_words_of_the_deadline_are_the_signed_ones(
    db: None, path: str
) -> None:
    plan = create_plan((samples.PLAN_FILE.parent / "river-accord-2024.toml").read_text())
    said = read_page(sign_in(create_viewer(plan)), path).partition("What each side says")[0]
    assert "each Party keeps forty inspectors from the middle of 2025" in said
    assert "in the signed text" in said or path == "/text/"


def test_no_side_is_said_to_be_overdue_delivered(reader: Client) -> None:
    assert "overdue" not in read_part(reader, "/actions/5.5/", "What each side says", "History")


def test_a_side_disputes_in_its_own_words(reader: Client) -> None:
    said = read_page(reader, "/actions/3.4/")
    assert "A side disputes what was reported" in said.partition("What each side says")[0]
    sides = read_part(reader, "/actions/3.4/", "What each side says", "History")
    assert "5 Jan 2015: completed, December 2014" in sides
    assert "disputes it, 8 Jan 2015: La procédure n’est pas encore signée" in sides


def test_a_side_that_only_confirmed_has_answered_and_not_reported(reader: Client) -> None:
    sides = read_part(reader, "/actions/4.4/", "What each side says", "History")
    assert "13 Nov 2014: started, 10 November 2014 agrees, 17 Nov 2014" in sides


def test_what_is_said_of_an_entry_is_folded_into_it(reader: Client) -> None:
    history = reader.get("/actions/5.5/").context["history"]
    folded = [[row.entry.kind for row in line.about] for line in history if line.about]
    assert folded == [["confirmed"], ["disputed", "withdrawn"]]
    assert "entry withdrawn" in read_page(reader, "/actions/5.5/")


def test_who_can_answer_is_offered_it_beside_the_statement(calais_with_entries: Plan) -> None:
    british = sign_in(create_manager(calais_with_entries, side="GB"))
    french = sign_in(create_manager(calais_with_entries, side="FR"))
    offered = [
        read_part(client, "/actions/5.5/", "What each side says", "History").count("Confirm ")
        for client in (british, french)
    ]
    assert offered == [3, 0]


def test_an_action_that_waits_says_for_whom(reader: Client) -> None:
    said = read_page(reader, "/actions/1.7/").partition("What each side says")[0]
    assert "Waits for the consent of:" in said


def test_a_moved_date_is_told_with_the_signed_one(reader: Client) -> None:
    said = read_page(reader, "/actions/2.5/").partition("What each side says")[0]
    assert "It was due on 9 January 2015 and is not reported as done." in said
    assert "Signed: 31 December 2014." in said


def test_the_alert_of_silence_says_that_nothing_was_reported_recently() -> None:
    flag = Flag(kind=FlagKind.STALE, since=date(2014, 10, 20), noticed=date(2014, 10, 21))
    said = render_to_string("includes/flag_list.html", {"flags": [flag], "on": date(2014, 10, 21)})
    assert "no recent report:" in said and "stale" not in said


def test_what_was_never_reported_is_not_said_to_be_silent_since_a_day(reader: Client) -> None:
    page = read_page(reader, "/actions/1.5/")
    assert "nothing has been reported" in page
    assert "No news" not in page and "no report since" not in page and "Last report" not in page


def test_what_fell_is_said_to_be_owed_again_with_the_signed_date(calais: Plan) -> None:
    rows = [
        entry_row("2.5", "completed", "2014-12-10"),
        entry_row("2.5", "reopened", "2020-01-15", reason="closed"),
    ]
    load_entries(calais, rows, now=datetime(2020, 2, 1, 9, tzinfo=UTC))
    said = read_page(sign_in(create_viewer(calais)), "/actions/2.5/?on=2020-01-16")
    assert (
        "overdue by 1 day It had been done, was undone on 15 January 2020 and is owed again since."
        " Signed: 31 December 2014." in said
    )
    assert "Owed again from 31 December 2014 → to 15 January 2020" in said
    assert "Original date passed by 1842 days" in said


def test_the_last_report_of_an_action_is_the_day_that_lists_give(reader: Client) -> None:
    # a note and a confidence came later and say nothing new
    assert "14 Nov 2014" in read_page(reader, "/commitments/?q=1.4")
    assert "Last report: 14 November 2014." in read_page(reader, "/actions/1.4/")


def test_how_many_periods_fell_short_stands_on_list_page_and_overview(reader: Client) -> None:
    assert "1 of 3 periods short" in read_page(reader, "/commitments/?q=5.5")
    assert "1 of 3 periods short" in read_page(reader, "/commitments/5/")
    assert "1 of 3 periods short" in read_page(reader, "/actions/5.5/")
    assert "1 of 3 periods short" in read_page(reader, "/")


def test_a_duty_that_ended_years_ago_shows_the_periods_that_were_asked_for(calais: Plan) -> None:
    rows = [
        entry_row("5.5", "delivered", "2014-10-13", quantity="2"),
        entry_row("5.5", "completed", "2014-11-10"),
    ]
    load_entries(calais, rows, now=datetime(2014, 11, 11, 9, tzinfo=UTC))
    said = read_page(sign_in(create_viewer(calais)), "/actions/5.5/?on=2019-01-12")
    assert "November 2014: missed, 0 of 2 officers. Met: October 2014." in said
    assert "December 2014" not in said


def test_of_many_alerts_what_is_overdue_stands_before_each_missed_period(db: None) -> None:
    plan = create_plan(PROMISES.replace('"optional"', '"firm"'))
    flags.bring_up_to(plan, date(2014, 12, 31))
    reader = sign_in(create_viewer(plan))
    alerts = read_part(reader, "/actions/weekly/?on=2014-12-31", "Alerts", "Cite this")
    assert "overdue: since 29 Sep 2014" in alerts.partition("missed")[0]
    shown, _, others = alerts.partition("9 more alerts")
    assert shown.count("since") == 7
    assert others.count("missed period") == 9
    overview = read_part(reader, "/?on=2014-12-31", "Needs a decision", "Commitments")
    assert "14 of 14 periods short" in overview
