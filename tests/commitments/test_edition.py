"""The step of the upgrade that brings a plan of the first edition under the second."""

from copy import copy
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from commitments.models import Entry, Plan, Standing
from commitments.register import edition, standings
from commitments.register.recorded_terms import sides_of_bodies
from tests.client import Client, read_page
from tests.factories import ADOPTED, create_plan, create_viewer, sign_in
from tests.plan_of_promises import PROMISES

UPGRADED = datetime(2015, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch, db: None) -> Plan:
    """A plan as the first edition judged it: nobody leads by its terms, and a state has changed."""
    monkeypatch.setattr("commitments.register.entries.FORM", None)
    plan = create_plan(PROMISES, now=ADOPTED)
    monkeypatch.undo()
    Standing.objects.filter(obligation__ref="joint", state="overdue").update(state="met")
    return plan


def test_an_old_plan_is_judged_anew_and_says_since_when(old: Plan) -> None:
    entry = edition.begin_second_edition(old, UPGRADED)
    assert entry is not None
    assert (entry.kind, entry.words) == ("edition", "2")
    assert standings.find_mismatches(old) == []
    assert entry.terms is not None
    changed = entry.terms["changed"]
    assert [(days["ref"], days["known"], days["first"]) for days in changed] == [
        ("joint", "both", "2015-01-01")
    ]
    assert (changed[0]["before"], changed[0]["after"]) == ("met", "overdue")


def test_its_terms_say_who_leads_from_then_on(old: Plan) -> None:
    edition.begin_second_edition(old, UPGRADED)
    terms = Entry.objects.filter(plan=old, kind="terms", ref="joint").latest("number").terms
    assert terms is not None
    assert terms["lead"] == ["office", "ministry"]
    assert sides_of_bodies(terms) == {"office": "GB", "ministry": "FR"}


def test_a_second_run_and_a_new_plan_have_nothing_to_do(old: Plan) -> None:
    call_command("finish_upgrade", stdout=StringIO())
    again = StringIO()
    call_command("finish_upgrade", stdout=again)
    assert "judged by the second edition of the rules already" in again.getvalue()
    assert Entry.objects.filter(plan=old, kind="edition").count() == 1
    new = create_plan(PROMISES.replace('"promises"', '"new"'))
    assert edition.begin_second_edition(new, UPGRADED) is None


def test_the_command_and_a_page_name_what_changed_and_why(old: Plan, client: Client) -> None:
    written = StringIO()
    call_command("finish_upgrade", stdout=written)
    assert "joint, 2015-01-01" in written.getvalue()
    assert "met -> overdue (owed-again)" in written.getvalue()
    number = Entry.objects.get(plan=old, kind="edition").number
    page = sign_in(create_viewer(old)).get(f"/register/{number}/").content.decode()
    assert "What the second edition of the rules changed" in page
    assert "owed from the day" in page


def test_the_entry_names_the_edition_once(old: Plan) -> None:
    entry = edition.begin_second_edition(old, UPGRADED)
    assert entry is not None
    reader = sign_in(create_viewer(old))
    for address in ("/register/", f"/register/{entry.number}/"):
        said = read_page(reader, address)
        assert "rules, second edition" in said
        assert "second edition 2 " not in f"{said} "


def test_days_that_read_alike_are_one_line_of_the_report(old: Plan) -> None:
    joint = Standing.objects.filter(obligation__ref="joint", state="met", lens="then")
    before = [joint.get()]
    # the same state in two stretches, as where something else about it has changed
    before += [begin_on(before[0], date(2015, 2, 1)), begin_on(before[0], date(2015, 3, 1))]
    before[2].state = "due"
    after = [begin_on(before[0], before[0].from_day)]
    after[0].state = "overdue"
    key = (before[0].obligation_id, "then")
    changed = edition.find_changed_days(old, {key: before}, {key: after}, date(2016, 1, 1))
    assert [(days.before, days.first, days.last) for days in changed] == [
        ("met", "2015-01-01", "2015-02-28"),
        ("due", "2015-03-01", ""),
    ]


def test_a_change_is_said_for_each_perspective_only_while_they_differ(old: Plan) -> None:
    (standing,) = Standing.objects.filter(obligation__ref="joint", state="met", lens="then")
    then, now = (standing.obligation_id, "then"), (standing.obligation_id, "now")
    overdue = begin_on(standing, standing.from_day)
    overdue.state = "overdue"
    before = {then: [standing, begin_on(overdue, date(2015, 2, 1))], now: [standing]}
    changed = edition.find_changed_days(
        old, before, {then: [overdue], now: [overdue]}, date(2016, 1, 1)
    )
    assert [(days.known, days.first, days.last) for days in changed] == [
        ("both", "2015-01-01", "2015-01-31"),
        ("now", "2015-02-01", ""),
    ]


def test_the_upgrade_is_recorded_on_the_day_that_is_pinned(old: Plan, settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = UPGRADED.date()
    call_command("finish_upgrade", stdout=StringIO())
    days = Entry.objects.filter(plan=old, kind="edition").values_list("recorded_day", "effective")
    assert list(days) == [(UPGRADED.date(), "2015-06-01")]


def begin_on(standing: Standing, day: date) -> Standing:
    standing = copy(standing)
    standing.from_day = day
    return standing
