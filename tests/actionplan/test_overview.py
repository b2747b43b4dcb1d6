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
from commitments.models import Membership, Plan
from tests.factories import create_viewer
from tests.generated import blank


@pytest.fixture
def reader(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    samples.load_samples(calais)
    user = User.objects.create(email="reader@example.org")
    Membership.objects.create(user=user, plan=calais, role="viewer")
    client.force_login(user)
    return client


def length(client: Client, address: str) -> int:
    """How many the list at this address has on all its pages."""
    address = address.replace("&amp;", "&")
    if address.startswith("/commitments/?"):
        return len(client.get(f"{address}&format=json").json())
    return int(client.get(address).context["page_obj"].paginator.count)


DAYS = ["", "?on=2014-11-20", "?on=2014-11-20&known=now", "?on=2015-03-01"]


@pytest.mark.parametrize("day", DAYS)
def test_every_count_of_a_commitment_is_the_length_of_its_list(reader: Client, day: str) -> None:
    for commitment in reader.get(f"/{day}").context["commitments"]:
        for state in commitment.counts:
            assert length(reader, state.url) == state.count, state.url


@pytest.mark.parametrize("day", DAYS)
def test_every_figure_of_the_sentence_and_of_silence_is_the_length_of_its_list(
    reader: Client, day: str
) -> None:
    context = reader.get(f"/{day}").context
    attention = context["attention"]
    assert attention.keys() == {"overdue", "soon", "never_reported", "stale"}
    for figure in (*attention.values(), context["changes"].all):
        assert length(reader, figure.url) == figure.count, figure.url


@pytest.mark.parametrize("day", DAYS)
def test_every_figure_of_how_the_states_moved_is_the_length_of_its_list(
    reader: Client, day: str
) -> None:
    for change in reader.get(f"/{day}").context["comparison"].changes:
        for figure in (change.before, change.now):
            assert length(reader, figure.url) == figure.count, figure.url


def test_the_states_are_compared_with_those_a_month_before(reader: Client) -> None:
    comparison = reader.get("/").context["comparison"]
    overdue = {change.state: change for change in comparison.changes}["overdue"]
    assert comparison.earlier == date(2014, 12, 12)
    assert overdue.now.count - overdue.before.count == int(overdue.signed_difference)


def test_in_the_first_month_the_states_are_compared_with_the_day_of_adoption(
    reader: Client,
) -> None:
    assert reader.get("/?on=2014-10-01").context["comparison"].earlier == date(2014, 9, 20)
    assert reader.get("/?on=2014-09-20").context["comparison"] is None


def test_the_states_that_are_compared_add_up_to_those_of_the_commitments(reader: Client) -> None:
    context = reader.get("/?on=2014-12-17").context
    counted: Counter[str] = Counter()
    for commitment in context["commitments"]:
        counted.update({state.state: state.count for state in commitment.counts})
    now = {change.state: change.now.count for change in context["comparison"].changes}
    assert {state: count for state, count in now.items() if count} == counted


def test_missed_months_can_be_counted_on_the_timeline(reader: Client) -> None:
    deadlines = [row.deadline for row in reader.get("/").context["timeline"].rows]
    (monthly,) = (each for each in deadlines if each.standing.action.ref == "5.5")
    assert [period.state for period in monthly.periods] == ["met", "partly", "met", "open"]
    assert monthly.periods_short == 1


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
    other.force_login(create_viewer(calais))
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
    administrator = create_viewer(calais)
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
    content = reader.get("/").content.decode()
    (sentence,) = re.findall(r'<p class="lead">(.*?)</p>', content, re.DOTALL)
    assert " ".join(strip_tags(sentence).split()) == (
        "2 actions are overdue, 1 falls due within 14 days, 10 entries were recorded this week."
    )


def test_jobs_are_dated_by_the_real_clock_which_a_fixed_day_has_to_say(
    reader: Client, settings: Settings
) -> None:
    said = "By the real clock, not on the fixed day."
    fixed = said in reader.get("/").content.decode()
    settings.ACTIONPLAN_TODAY = None
    assert (fixed, said in reader.get("/").content.decode()) == (True, False)


def test_a_side_that_only_confirmed_is_not_shown_as_late_by_its_own_word(reader: Client) -> None:
    sides = {view.side: view for view in reader.get("/actions/4.4/").context["sides"]}
    assert (sides["GB"].state, sides["GB"].latest.kind) == ("met-late", "started")
    assert (sides["FR"].state, sides["FR"].latest.kind) == ("", "confirmed")
