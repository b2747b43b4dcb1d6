"""Every figure of the overview is the length of the list behind it."""

import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.html import strip_tags
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import Mark, User
from commitments.files import entries
from commitments.models import Membership, Plan, Role
from tests.generated import blank
from tests.people import account


@pytest.fixture
def reader(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    samples.load_samples(calais)
    user = User.objects.create(email="reader@example.org")
    Membership.objects.create(user=user, plan=calais, role="viewer")
    client.force_login(user)
    return client


def length(client: Client, address: str) -> int:
    context = client.get(address.replace("&amp;", "&")).context
    paginator = (
        context["page_obj"].paginator if "page_obj" in context else context["table"].paginator
    )
    return int(paginator.count)


@pytest.mark.parametrize(
    "day", ["", "?on=2014-11-20", "?on=2014-11-20&known=now", "?on=2015-03-01"]
)
def test_every_figure_of_the_overview_is_the_length_of_its_list(reader: Client, day: str) -> None:
    page = reader.get(f"/{day}").context
    for commitment in page["commitments"]:
        for count in commitment["counts"]:
            assert length(reader, count["url"]) == count["count"], count["url"]
    silent = page["silent"]
    assert length(reader, silent["never_url"]) == silent["never_count"]
    assert length(reader, silent["stale_url"]) == silent["stale_count"]
    for said in page["sentence"]:
        address = re.search('href="([^"]+)"', said)
        number = re.match(r"\d+", strip_tags(said))
        assert address
        assert length(reader, address[1]) == (int(number[0]) if number else 0), said


def test_every_figure_of_how_the_states_moved_is_the_length_of_its_list(reader: Client) -> None:
    rows = reader.get("/").context["trend"]["rows"]
    for row in (rows[0], rows[7], rows[-1]):
        for count, address in row["cells"]:
            assert count == (length(reader, address) if address else 0), (row["day"], address)


def test_the_states_of_the_last_week_are_those_of_the_commitments(reader: Client) -> None:
    page = reader.get("/?on=2014-12-17").context
    counted: Counter[str] = Counter()
    for commitment in page["commitments"]:
        counted.update({count["state"]: count["count"] for count in commitment["counts"]})
    last = page["trend"]["rows"][-1]["cells"]
    assert [count for count, _ in last] == [
        counted[state["state"]] for state in page["trend"]["states"]
    ]


def test_missed_months_can_be_counted_on_the_timeline(reader: Client) -> None:
    (row,) = (row for row in reader.get("/").context["timeline"]["rows"] if row["ref"] == "5.5")
    assert [period["state"] for period in row["periods"]] == ["met", "partly", "met", "open"]
    assert row["short"] == 1


@pytest.mark.parametrize("path", ["/", "/commitments/?state=overdue"])
def test_an_unchanged_page_is_not_sent_again_to_the_same_reader(
    reader: Client, calais: Plan, path: str
) -> None:
    reader.get(path)  # brings the cookie of the forms
    tag = reader.get(path).headers["ETag"]
    kept = reader.get(path, headers={"If-None-Match": tag})
    assert (kept.status_code, kept.content) == (304, b"")
    other = Client()
    assert other.get(path, headers={"If-None-Match": tag}).status_code == 302
    other.force_login(account(calais, Role.VIEWER))
    assert other.get(path, headers={"If-None-Match": tag}).status_code == 200
    row = blank(
        id="new", ref="4.4", kind="note", side="GB", effective="2015-01-12", recorded="2015-01-12"
    )
    text = "\n".join([",".join(row), ",".join(row.values())])
    assert (
        entries.load_entries(
            calais, text.encode(), now=datetime(2015, 1, 12, 9, tzinfo=UTC), by=None
        ).errors
        == []
    )
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_an_administrator_is_told_at_once_that_mail_is_held_no_longer(
    reader: Client, calais: Plan
) -> None:
    administrator = account(calais, Role.VIEWER)
    User.objects.filter(pk=administrator.pk).update(is_superuser=True)
    Mark.objects.create(name=Mark.MAIL_HELD, at=datetime(2015, 1, 12, 9, tzinfo=UTC))
    reader.force_login(administrator)
    reader.get("/")  # brings the cookie of the forms
    held = reader.get("/")
    assert "Mail is held." in held.content.decode()
    Mark.objects.all().delete()
    again = reader.get("/", headers={"If-None-Match": held.headers.get("ETag", "*")})
    assert (again.status_code, "Mail is held." in again.content.decode()) == (200, False)


def test_a_page_with_a_message_is_sent_whole_and_not_kept(
    reader: Client, rf: RequestFactory
) -> None:
    reader.get("/")
    tag = reader.get("/").headers["ETag"]
    request = rf.get("/")
    storage = CookieStorage(request)
    storage.add(messages.SUCCESS, "Recorded.")
    response = HttpResponse()
    storage.update(response)
    reader.cookies["messages"] = response.cookies["messages"].value
    said = reader.get("/", headers={"If-None-Match": tag})
    assert (said.status_code, "Recorded." in said.content.decode(), "ETag" in said.headers) == (
        200,
        True,
        False,
    )


def test_the_sentence_says_in_words_what_is_overdue_and_what_is_near(reader: Client) -> None:
    said = [strip_tags(part) for part in reader.get("/").context["sentence"]]
    assert said == [
        "2 actions are overdue",
        "1 falls due within 14 days",
        "10 entries were recorded this week",
    ]


def test_jobs_are_dated_by_the_real_clock_which_a_fixed_day_has_to_say(
    reader: Client, settings: Settings
) -> None:
    said = "By the real clock, not on the fixed day."
    fixed = said in reader.get("/").content.decode()
    settings.ACTIONPLAN_TODAY = None
    assert (fixed, said in reader.get("/").content.decode()) == (True, False)


def test_a_side_that_only_confirmed_is_not_shown_as_late_by_its_own_word(reader: Client) -> None:
    sides = {side["side"]: side for side in reader.get("/actions/4.4/").context["sides"]}
    assert (sides["GB"]["state"], sides["GB"]["says"]) == ("met-late", "started")
    assert (sides["FR"]["state"], sides["FR"]["says"]) == ("", "confirmed")
