"""The calendar and the feed as other programs read them: ranges, moves, what is done, stable ids,
and no way in.
"""

import re
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree as ET

import icalendar
import pytest
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import User
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.models import Action, Entry, Plan
from commitments.register import services
from commitments.views import feeds
from tests import factories
from tests.client import Client
from tests.factories import (
    create_manager,
    create_official,
    create_plan,
    create_viewer,
    sign_in,
)
from tests.plan_of_promises import PROMISES
from tests.plans import SMALL

TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
LATER = datetime(2015, 1, 13, 9, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
PROPERTY = re.compile(
    r"([A-Z-]+)((?:;[A-Z-]+=(?:\"[^\"\x00-\x1f]*\"|[^\";:,\x00-\x1f]*))*):([^\x00-\x08\x0a-\x1f]*)"
)


@pytest.fixture
def plan(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = TODAY
    assert (
        entries.load_entries(calais, samples.ENTRIES_FILE.read_bytes(), now=NOW, by=None).errors
        == []
    )
    return calais


@pytest.fixture
def manager(calais: Plan, settings: Settings) -> User:
    settings.ACTIONPLAN_TODAY = TODAY
    return create_manager(calais)


@pytest.fixture
def reader(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def lines(content: bytes) -> list[tuple[str, str, str]]:
    """A strict reading of the lines of RFC 5545, 3.1: CRLF, 75 octets, whole characters, name,
    parameters, value.
    """
    assert content.endswith(b"\r\n")
    physical = content.split(b"\r\n")[:-1]
    for line in physical:
        assert len(line) <= 75, line
        assert b"\r" not in line
        assert b"\n" not in line
        line.decode("utf-8")
    found = []
    for unfolded in b"\r\n".join(physical).replace(b"\r\n ", b"").decode().split("\r\n"):
        match = PROPERTY.fullmatch(unfolded)
        assert match, unfolded
        found.append((match[1], match[2], match[3]))
    return found


def calendar(client: Client, query: str = "") -> icalendar.Calendar:
    response = client.get(f"/calendar.ics?{query}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    said = lines(response.content)
    assert (said[0], said[-1]) == (("BEGIN", "", "VCALENDAR"), ("END", "", "VCALENDAR"))
    found = icalendar.Calendar.from_ical(response.content)
    assert isinstance(found, icalendar.Calendar)
    return found


def events(client: Client, query: str = "") -> dict[str, Any]:
    """By the beginning of the summary: the ref, and with a period or an instalment what names it."""
    found = {}
    for event in calendar(client, query).walk("VEVENT"):
        title = str(event["SUMMARY"]).removeprefix("Done: ").removeprefix("Fait\u00a0: ")
        period = re.search(r" \((.+)\)$", title)
        number = re.search(r"^1.2 (.* \d+)", title)
        found[number[0] if number else title.split()[0] + (f" {period[1]}" if period else "")] = (
            event
        )
    return found


def days(event: Any) -> tuple[date, date]:
    return event.decoded("DTSTART"), event.decoded("DTEND")


def report(ref: str, kind: str, day: str, by: User, now: datetime = NOW, **more: Any) -> Entry:
    action = Action.objects.get(ref=ref, plan__slug="calais-2014")
    return services.report(
        action=action, kind=kind, effective=day, by=by, now=now, key=f"{ref}{kind}{now}", **more
    )


def decide(ref: str, kind: str, by: User, key: str, when: str = "") -> Entry:
    action = Action.objects.get(ref=ref, plan__slug="calais-2014")
    day = NOW.date().isoformat()
    return services.decide(
        action=action, kind=kind, effective=day, when=when, reason="agreed", by=by, now=NOW, key=key
    )


# The calendar


def test_a_vague_deadline_is_a_range_and_a_point_is_a_day(reader: Client) -> None:
    found = events(reader)
    # begin in October; before the end of the year
    assert days(found["4.4"]) == (date(2014, 10, 1), date(2014, 11, 1))
    assert days(found["2.5"]) == (date(2014, 12, 31), date(2015, 1, 1))
    assert found["4.4"]["DTSTART"].params["VALUE"] == "DATE"


def test_the_periods_of_a_recurring_action_and_the_next_three_are_events_of_their_own(
    reader: Client,
) -> None:
    found = events(reader)
    periods = [name for name in found if name.startswith("5.5 ")]
    assert periods == [
        f"5.5 {name}"
        for name in (
            *("October 2014", "November 2014", "December 2014", "January 2015"),
            *("February 2015", "March 2015", "April 2015"),
        )
    ]
    assert days(found["5.5 October 2014"]) == (date(2014, 10, 1), date(2014, 11, 1))
    assert len({str(found[name]["UID"]) for name in periods}) == 7


def test_instalments_are_in_the_calendar_on_their_due_days(reader: Client) -> None:
    found = events(reader)
    assert [days(found[f"1.2 Instalment {n}"])[0] for n in (1, 2, 3)] == [
        date(y, 3, 31) for y in (2015, 2016, 2017)
    ]
    assert "€5\u00a0million (£4\u00a0million)" in found["1.2 Instalment 1"]["DESCRIPTION"]


def test_what_is_done_is_shown_as_done(reader: Client, manager: User) -> None:
    assert not str(events(reader)["4.4"]["SUMMARY"]).startswith("Done: ")
    report("4.4", "started", "2014-10-20", manager)
    event = events(reader)["4.4"]
    assert str(event["SUMMARY"]).startswith("Done: 4.4 ")
    assert (event["STATUS"], event["CATEGORIES"].to_ical()) == ("CONFIRMED", b"met")
    factories.agree(decide("2.5", "not-pursued", manager, "d1"))
    assert events(reader)["2.5"]["STATUS"] == "CANCELLED"


def test_a_moved_deadline_updates_the_same_event(reader: Client, manager: User) -> None:
    before = events(reader)["2.5"]
    moved = decide("2.5", "moved", manager, "m1", when="../2015-03-31")
    factories.agree(moved)
    after = events(reader)["2.5"]
    assert days(after) == (date(2015, 3, 31), date(2015, 4, 1))
    assert after["UID"] == before["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 2)
    assert (
        after.decoded("LAST-MODIFIED")
        == after.decoded("DTSTAMP")
        == NOW
        > before.decoded("DTSTAMP")
    )
    assert "Signed for 31 December 2014, and moved since." in after["DESCRIPTION"]
    services.annotate_entry(
        entry=moved, kind="withdrawn", reason="slip", by=manager, now=NOW, key="w1"
    )
    back = events(reader)["2.5"]
    assert (days(back), back["SEQUENCE"]) == (days(before), 3)


def test_the_calendar_does_not_change_with_the_clock(reader: Client, settings: Settings) -> None:
    said = []
    for day in (date(2015, 1, 12), date(2015, 1, 13)):
        settings.ACTIONPLAN_TODAY = day
        said.append(reader.get("/calendar.ics").content)
    assert said[0] == said[1]


def test_the_calendar_names_itself_and_when_to_come_again(reader: Client) -> None:
    found = calendar(reader)
    assert "Calais" in str(found["X-WR-CALNAME"])
    assert found["X-WR-CALNAME"] == found["NAME"]
    assert found["REFRESH-INTERVAL"].to_ical() == b"PT12H"
    assert found["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"


def test_the_calendar_speaks_the_language_that_is_asked_for(plan: Plan, reader: Client) -> None:
    event = events(reader, "language=fr")["4.4"]
    assert event["SUMMARY"].params["LANGUAGE"] == "fr"
    assert str(event["SUMMARY"]).startswith("Fait\u00a0: 4.4 ")
    response = reader.get("/calendar.ics?language=de")
    assert (response.status_code, b"en, fr" in response.content) == (400, True)


def test_a_person_has_a_calendar_of_what_is_asked_of_their_bodies(
    plan: Plan, client: Client
) -> None:
    client.force_login(create_official(plan, bodies=["nca"]))
    mine = {name.split()[0] for name in events(client, "mine=1")}
    assert mine
    assert mine < {name.split()[0] for name in events(client)}
    assert "1.2" not in mine
    client.force_login(create_viewer(plan))
    assert events(client, "mine=1") == {}
    client.force_login(create_manager(plan))
    assert "1.2 Instalment 1" in events(client, "mine=1")


def test_nothing_in_the_plan_ends_a_line_of_the_calendar(calais: Plan, reader: Client) -> None:
    evil = "a\r\nBEGIN:VEVENT\rEND:VCALENDAR\nX:1;y,z\\n\x0b\x85\u2028é" + "ü" * 80
    Action.objects.filter(plan=calais, ref="4.4").update(title={"en": evil})
    Plan.objects.filter(pk=calais.pk).update(title={"en": evil})
    found = calendar(reader)
    assert sum("BEGIN:VEVENT" in str(event["SUMMARY"]) for event in found.walk("VEVENT")) == 1
    assert str(found["X-WR-CALNAME"]).startswith(r"a\nBEGIN:VEVENT\nEND:VCALENDAR\nX:1\;y\,z\\n")


def test_links_lead_to_the_actions(reader: Client) -> None:
    assert (
        str(events(reader)["4.4"]["URL"]) == "http://localhost:8000/plans/calais-2014/actions/4.4/"
    )


# The feed of the register


def feed(client: Client, query: str = "") -> ET.Element:
    response = client.get(f"/register.atom?{query}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(response.content)  # noqa: S314 our own


def texts(found: ET.Element, path: str) -> list[str]:
    return [
        element.text or ""
        for element in found.findall("/".join(ATOM + part for part in path.split("/")))
    ]


def links(found: ET.Element) -> dict[str, str]:
    return {str(link.get("rel")): str(link.get("href")) for link in found.findall(ATOM + "link")}


def test_the_feed_has_the_entries_newest_first_with_what_the_page_shows(
    plan: Plan, reader: Client
) -> None:
    found = feed(reader)
    newest = plan.entries.order_by("-number").first()
    assert newest
    assert len(found.findall(ATOM + "entry")) == feeds.ENTRIES_A_PAGE
    assert texts(found, "entry/id")[0].startswith("urn:uuid:")
    link = found.find(f"{ATOM}entry/{ATOM}link")
    assert link is not None
    assert link.get("href") == f"http://localhost:8000/plans/calais-2014/register/{newest.number}/"
    assert 'href="http://localhost:8000/' in texts(found, "entry/content")[0]
    assert all("<article" in content for content in texts(found, "entry/content"))
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    for one in [found, *found.findall(ATOM + "entry")]:
        updated = datetime.fromisoformat(one.find(ATOM + "updated").text or "")  # type: ignore[union-attr]
        assert updated.tzinfo
        assert updated <= NOW


def test_the_pages_of_the_feed_hold_each_entry_once(plan: Plan, reader: Client) -> None:
    ids: list[str] = []
    found, query = feed(reader), ""
    while True:
        ids += texts(found, "entry/id")
        assert links(found)["self"].endswith(f"/register.atom{query}")
        if "next" not in links(found):
            break
        query = "?" + links(found)["next"].partition("?")[2]
        found = feed(reader, query.removeprefix("?"))
    assert len(ids) == len(set(ids)) == plan.entries.filter(recorded_day__lte=TODAY).count()
    assert {"first", "last", "previous"} <= links(found).keys()


def test_an_entry_keeps_its_id_and_is_updated_by_its_withdrawal(
    reader: Client, manager: User
) -> None:
    entry = report("4.4", "progress", "2015-01-12", manager, note="printed")
    before = feed(reader)
    services.annotate_entry(
        entry=entry, kind="withdrawn", reason="slip", by=manager, now=LATER, key="w1"
    )
    settings_day = reader.get("/register.atom?on=2015-01-13&known=now").content
    after = ET.fromstring(settings_day)  # noqa: S314 our own
    assert texts(after, "entry/id")[1] == texts(before, "entry/id")[0]
    assert texts(before, "entry/updated")[0] == "2015-01-12T09:00:00+00:00"
    assert texts(after, "entry/updated")[:2] == ["2015-01-13T09:00:00+00:00"] * 2
    assert texts(after, "id") == texts(before, "id")


def test_what_was_typed_stays_text_in_the_feed(reader: Client, manager: User) -> None:
    report("4.4", "progress", "2015-01-12", manager, note="<script>]]>&amp;\x0b\x1f done")
    content = texts(feed(reader), "entry/content")[0]
    assert "&lt;script&gt;]]&gt;&amp;amp;" in content


def test_the_feed_speaks_the_language_that_is_asked_for(plan: Plan, reader: Client) -> None:
    titles = [
        texts(feed(reader, f"language={language}"), "entry/title") for language in ("en", "fr")
    ]
    assert titles[0] != titles[1]


def test_the_page_of_the_register_leads_to_the_feed(reader: Client) -> None:
    said = reader.get("/register/").content.decode()
    assert (
        '<link rel="alternate" type="application/atom+xml" title="Register" href="/plans/calais-2014/register.atom">'
        in said
    )


@pytest.mark.parametrize("path", ["/calendar.ics", "/register.atom"])
def test_an_unchanged_feed_is_answered_with_304(reader: Client, manager: User, path: str) -> None:
    tag = reader.get(path).headers["ETag"]
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert reader.get(f"{path}?language=fr", headers={"If-None-Match": tag}).status_code == 200
    report("4.4", "progress", "2015-01-12", manager)
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_links_name_the_plan_where_there_are_several(reader: Client, manager: User) -> None:
    load.load_plan(SMALL.encode(), now=NOW)
    manager.memberships.create(plan=Plan.objects.get(slug="small"), role="viewer")
    assert links(feed(reader))["alternate"].endswith(
        ("/plans/small/register/", "/plans/calais-2014/register/")
    )


@pytest.mark.slow
def test_each_step_of_a_promise_is_an_event_by_its_own_state(db: None) -> None:
    found = events(sign_in(create_manager(create_plan(PROMISES), side="GB")))
    steps = {name: str(event["DTSTART"].dt) for name, event in found.items() if "boats" in name}
    assert steps == {
        "steps 2 boats": "2014-12-31",
        "steps 5 boats": "2015-12-31",
    }
    assert "weekly week 39 of 2014" in found
    assert "often 21 September 2014 to 4 November 2014" in found
