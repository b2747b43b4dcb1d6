"""The forms in which levels, sides that each do it, proposals and the term are recorded."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.template.loader import render_to_string
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import User
from commitments.models import Entry, Plan
from commitments.pages.level_chart import LevelChart, Point
from tests.client import Client
from tests.factories import annotate_entry, create_manager, create_plan, decide_action, sign_in
from tests.plan_of_promises import PROMISES


@pytest.fixture
def plan(db: None) -> Plan:
    return create_plan(PROMISES)


@pytest.fixture
def british(plan: Plan) -> User:
    return create_manager(plan, side="GB")


@pytest.fixture
def french(plan: Plan) -> User:
    return create_manager(plan, side="FR")


@pytest.fixture
def on_12_january(settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)


def said(response: Any) -> str:
    """The words of the page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", response.content.decode())))


def report_reading(page: Client, quantity: str, **fields: str) -> Any:
    form = {"key": f"k{quantity}", "kind": "reading", "day": "2015-01-12", "quantity": quantity}
    return page.post("/actions/level/report/", form | fields)


def test_a_reading_is_recorded_where_a_level_is_promised(british: User) -> None:
    page = sign_in(british)
    form = page.get("/actions/level/report/")
    assert 'value="reading"' in form.content.decode()
    assert 'value="completed"' not in form.content.decode()
    assert "Promised: at least 1400" in said(form)
    assert report_reading(page, "0").status_code == 302
    assert report_reading(page, "").status_code == 422
    assert Entry.objects.get(kind="reading").quantity == 0


def test_the_form_says_for_whom_a_report_counts_where_each_side_must_do_it(british: User) -> None:
    words = said(sign_in(british).get("/actions/each/report/"))
    assert "Each of these sides must do this: United Kingdom, France." in words


@pytest.mark.parametrize("form", ["move", "decide"])
def test_a_decision_on_what_is_joint_says_that_it_is_a_proposal(british: User, form: str) -> None:
    page = sign_in(british)
    notice = "what you record is a proposal"
    assert notice in said(page.get(f"/actions/joint/{form}/"))
    assert notice not in said(page.get(f"/actions/level/{form}/"))


def test_the_other_side_is_told_that_it_confirms_a_proposal_and_withdraws_its_dispute(
    british: User, french: User
) -> None:
    move = decide_action("joint", by=british, kind="moved", when="2015-03", reason="Late.")
    annotate_entry(move, by=french, kind="disputed")
    page = sign_in(french)
    address = f"/register/{move.number}/confirm/"
    words = said(page.get(address))
    assert "This is a proposal." in words
    assert "that dispute is withdrawn in the same step" in words
    assert page.post(address, {"key": "k"}).status_code == 302
    assert sign_in(british).get(address).status_code == 403
    # there is no second confirmation of a side, and its form shows the first
    words = said(page.get(address))
    assert "Your side has confirmed this entry already" in words and "Cancel" not in words
    assert page.post(address, {"key": "l"}).status_code == 422


def test_a_manager_proposes_another_term_of_the_plan(british: User, french: User) -> None:
    page = sign_in(british)
    assert "The instrument runs until 19 September 2016." in said(page.get("/term/"))
    form = {"key": "k", "when": "31 December 2017", "day": "2015-01-12", "reason": "More time."}
    assert page.post("/term/", form).status_code == 302
    term = Entry.objects.get(kind="term")
    assert term.when == "2017-12-31"
    confirmed = sign_in(french).post(f"/register/{term.number}/confirm/", {"key": "l"})
    assert confirmed["Location"] == f"/plans/promises/register/{term.number}/"


def test_the_readings_of_a_level_are_drawn_with_their_table(
    british: User, on_12_january: None
) -> None:
    page = sign_in(british)
    assert '<svg class="level"' not in page.get("/actions/level/").content.decode()
    report_reading(page, "700")
    report_reading(page, "1400", anyway="1")
    shown = page.get("/actions/level/").content.decode()
    # baseline 900 on the last day of 2014, the readings of one day, and the end of 2015
    assert 'points="0,43 20,60 20,0"' in shown
    assert '<path class="target" d="M0 0H600"/>' in shown
    assert "12 January 2015 United Kingdom 700" in said(page.get("/actions/level/"))


def test_the_chart_of_a_level_has_a_scale_of_figures_and_days() -> None:
    points = [Point(900, date(2014, 9, 20)), Point(700, date(2015, 1, 12), "GB")]
    chart = LevelChart(points, level=500, last_day=date(2015, 6, 30))
    drawn = render_to_string("commitments/action/level.html", {"chart": chart})
    figures = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
    assert figures == ["500", "900", "0", "20 Sep 2014", "30 Jun 2015"]
    assert (chart.is_top_apart, chart.is_zero_apart) == (True, True)


def test_sides_and_steps_are_shown_with_their_days(british: User, on_12_january: None) -> None:
    page = sign_in(british)
    sides = said(page.get("/actions/each/"))
    assert "United Kingdom: overdue by 12 days" in sides
    steps = said(page.get("/actions/steps/"))
    assert "2 boats, by 31 December 2014: awaiting its date passed 12 days ago" in steps


def test_a_chart_has_a_line_of_its_own_for_each_side_that_must_reach_the_level() -> None:
    day = date(2025, 1, 1)
    points = [Point(10, day), *(Point(20, day, side, Entry()) for side in ("GB", "FR", "XX"))]
    each = LevelChart(points, 20, None, ("GB", "FR")).series
    assert [(one.side, one.line) for one in each] == [("GB", "0,60 0,0"), ("FR", "0,60 0,0")]
    (together,) = LevelChart(points, 20, None).series
    assert (together.side, len(together.dots)) == ("", 4)


def test_a_page_names_the_event_that_is_missing(british: User, on_12_january: None) -> None:
    words = said(sign_in(british).get("/actions/steps/"))
    assert "Waits for an event: inspection." in words
    assert "Must happen first inspection: not recorded yet" in words


def test_another_term_is_previewed_with_what_lapses(british: User, on_12_january: None) -> None:
    page = sign_in(british)
    form = {"key": "k", "when": "31 May 2015", "day": "2015-01-12", "reason": "x", "preview": "1"}
    words = said(page.post("/term/", form))
    assert "Once this counts, the plan runs until 31 May 2015." in words
    assert "2 actions that are open today lapse on the day after" in words
    # the first of the steps fell due before, and still waits for an event
    assert "unless they are done by then: level, steps" in words
    assert not Entry.objects.filter(kind="term").exists()


def test_the_overview_says_until_when_the_plan_runs_and_what_is_proposed(
    british: User, on_12_january: None
) -> None:
    page = sign_in(british)
    assert "The plan runs until 19 September 2016." in said(page.get("/"))
    form = {"key": "k", "when": "", "day": "2015-01-12", "reason": "x"}
    page.post("/term/", form)
    number = Entry.objects.get(kind="term").number
    assert f"United Kingdom proposes no end (entry {number})." in said(page.get("/"))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/commitments/", "/fund/", "/calendar.ics", "/actions/I.4/"])
def test_each_page_of_the_example_of_all_promises_can_be_read(
    db: None, settings: Settings, path: str
) -> None:
    settings.ACTIONPLAN_TODAY = date(2026, 8, 1)
    plan = create_plan((samples.PLAN_FILE.parent / "river-accord-2024.toml").read_text())
    assert sign_in(create_manager(plan, side="WEST")).get(path).status_code == 200
