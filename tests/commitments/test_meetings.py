"""Meetings are recorded, change no state, and are offered as days to compare."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from actionplan.digests.content import Week
from actionplan.overview.status import status
from commitments.files.entries import load_entries
from commitments.models import Entry, Plan
from commitments.register import services
from commitments.register.hash_chain import verify_chain
from tests import factories
from tests.client import Client
from tests.factories import NOW, entry_row, new_key, record_meeting, sign_in

pytestmark = pytest.mark.django_db
PLANNED = entry_row("", "meeting", "2014-11-01", id="m1", to="2014-12-01", words="Committee")
HELD = entry_row("", "meeting", "2014-12-02", id="m2", meeting="m1", words="Committee")


@pytest.fixture
def plan(calais_with_entries: Plan) -> Plan:
    return calais_with_entries


def states_of(plan: Plan) -> Any:
    return status(plan, NOW.date(), None, today=NOW.date(), inside=True)["actions"]


def test_meetings_and_conclusions_change_no_state(plan: Plan) -> None:
    before = states_of(plan)
    manager = factories.create_manager(plan)
    meeting = record_meeting("Joint committee", "2015-01-05", by=manager)
    services.record_conclusion(
        meeting=meeting, by=manager, now=NOW, key="c1", note="To be done by March.", ref="4.4"
    )
    assert states_of(plan) == before
    assert list(verify_chain(plan)) == []


def test_a_date_to_come_plans_a_meeting_and_one_that_has_come_says_that_it_was_held(
    plan: Plan,
) -> None:
    official = factories.create_official(plan)
    planned = record_meeting("Committee", "2015-02-03", by=official)
    held = record_meeting("Committee", "2015-01-12", by=official, to=planned)
    assert (planned.when, planned.effective) == ("2015-02-03", "2015-01-12")
    assert (held.when, held.effective, held.to) == ("", "2015-01-12", planned)


def test_the_list_has_each_meeting_once_as_it_stands_now(plan: Plan) -> None:
    factories.load_entries(plan, [PLANNED, HELD])
    page = sign_in(factories.create_viewer(plan)).get("/meetings/").content.decode()
    assert page.count('<li id="meeting-') == 1
    assert "2 December 2014" in page
    assert "1 December 2014" not in page
    assert 'href="/plans/calais-2014/between/?from=2014-12-02"' in page


def test_what_was_concluded_and_decided_stands_with_its_meeting(plan: Plan) -> None:
    rows = [
        PLANNED,
        entry_row("4.4", "conclusion", "2014-12-02", id="c", to="m1", note="Report in March."),
        entry_row(
            "5.3", "moved", "2014-12-02", id="d", to="2015-06", meeting="m1", reason="Agreed there."
        ),
        HELD,
    ]
    factories.load_entries(plan, rows, agreed=False)
    page = sign_in(factories.create_viewer(plan)).get("/meetings/").content.decode()
    assert "Report in March." in page
    assert "Agreed there." in page
    decision = Entry.objects.get(code="d")
    assert (decision.when, decision.to.code) == ("2015-06", "m1")  # type: ignore[union-attr]
    page = sign_in(factories.create_viewer(plan)).get("/actions/5.3/").content.decode()
    assert "(meeting, United Kingdom, 1 December 2014)" in " ".join(page.split())


def test_a_withdrawn_meeting_is_not_listed(plan: Plan) -> None:
    manager = factories.create_manager(plan)
    meeting = record_meeting("Joint committee", "2015-01-05", by=manager)
    factories.annotate_entry(meeting, by=manager, kind="withdrawn")
    assert "Joint committee" not in sign_in(manager).get("/meetings/").content.decode()


def test_entries_with_meetings_come_back_as_they_were_exported(plan: Plan) -> None:
    decided = entry_row("5.3", "moved", "2014-12-02", to="2015-06", meeting="m1", reason="Agreed.")
    factories.load_entries(plan, [PLANNED, HELD, decided], agreed=False)
    client = sign_in(factories.create_viewer(plan))
    rows = {row["id"]: row for row in client.get("/register/", {"format": "json"}).json()}
    assert (rows["m1"]["to"], rows["m1"]["meeting"]) == ("2014-12-01", "")
    assert (rows["m2"]["to"], rows["m2"]["meeting"]) == ("", "m1")
    assert (rows["e2"]["to"], rows["e2"]["meeting"]) == ("2015-06", "m1")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (entry_row("4.4", "started", "2014-12-02", meeting="m1"), "does not take a meeting"),
        (entry_row("", "conclusion", "2014-12-02", note="x", to="sample-001"), "must be a meeting"),
        (entry_row("", "conclusion", "2014-12-02", note="x"), "needs the entry that it names"),
        (entry_row("", "meeting", "2014-12-02"), "needs what it names"),
        (entry_row("4.4", "meeting", "2014-12-02", words="x"), "cannot be recorded on 4.4"),
    ],
)
def test_what_names_no_meeting_is_refused(plan: Plan, row: dict[str, str], text: str) -> None:
    reading = load_entries(plan, factories.entries_file([PLANNED, row]), now=NOW, by=None)
    assert any(text in error.text for error in reading.errors), reading.errors


def test_a_viewer_records_no_meeting(plan: Plan) -> None:
    with pytest.raises(PermissionDenied):
        record_meeting("Committee", "2015-01-05", by=factories.create_viewer(plan))


def test_a_conclusion_names_nothing_but_a_meeting(plan: Plan) -> None:
    manager = factories.create_manager(plan)
    entry = factories.report_entry("4.4", by=manager, note="x")
    with pytest.raises(ValidationError):
        services.record_conclusion(meeting=entry, by=manager, now=NOW, key="c", note="x")


def send(client: Client, path: str, **fields: str) -> int:
    return client.post(path, {"key": new_key()} | fields).status_code


def test_the_forms_record_a_meeting_its_conclusion_and_a_decision(plan: Plan) -> None:
    client = sign_in(factories.create_manager(plan))
    day = (NOW.date() - timedelta(days=7)).isoformat()
    assert send(client, "/meetings/add/", name="Committee", day=day, place="Lille") == 302
    meeting = Entry.objects.get(kind="meeting")
    path = f"/meetings/{meeting.number}/conclude/"
    assert send(client, path, note="Fund it.", ref="4.4") == 302
    decision = {"when": "2015-06-30", "day": day, "reason": "Late.", "meeting": str(meeting.number)}
    assert send(client, "/actions/5.3/move/", **decision) == 302
    assert set(meeting.named_by.values_list("kind", "ref")) == {
        ("conclusion", "4.4"),
        ("moved", "5.3"),
    }


def test_the_public_sees_the_day_of_a_meeting_and_no_words(plan: Plan) -> None:
    rows = [PLANNED | {"note": "Lille"}, HELD]
    conclusion = entry_row("4.4", "conclusion", "2014-12-02", to="m2", note="Keep it quiet.")
    factories.load_entries(plan, [*rows, conclusion])
    Plan.objects.filter(pk=plan.pk).update(public=True)
    for path in ("/meetings/", "/register/", "/between/?from=2014-10-01"):
        page = Client().get(path).content.decode()
        assert not any(word in page for word in ("Lille", "Committee", "Keep it quiet"))
    assert "2 December 2014" in Client().get("/meetings/").content.decode()


def test_the_calendar_holds_the_meetings(plan: Plan) -> None:
    factories.load_entries(plan, [PLANNED | {"note": "Lille"}])
    calendar = sign_in(factories.create_viewer(plan)).get("/calendar.ics").content.decode()
    assert "SUMMARY;LANGUAGE=en:Committee" in calendar
    assert "DTSTART;VALUE=DATE:20141201" in calendar


def test_the_register_is_searched_for_the_name_of_a_meeting(plan: Plan) -> None:
    factories.load_entries(plan, [HELD | {"meeting": ""}])
    client = sign_in(factories.create_viewer(plan))
    found = client.get("/register/", {"q": "committees", "format": "json"}).json()
    assert [row["id"] for row in found] == ["m2"]


def test_digests_name_the_meetings_of_the_next_days(plan: Plan) -> None:
    manager = factories.create_manager(plan)
    soon = record_meeting("Committee", "2015-01-20", by=manager)
    record_meeting("Summit", "2015-06-01", by=manager)
    (meeting,) = Week(plan, date(2015, 1, 12)).meetings.rows
    assert meeting.number == soon.number
