"""When a session ends, what is kept of a form then, and the list of open sessions."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actionplan.accounts import sessions
from actionplan.accounts.signals import NO_ADDRESS
from actionplan.models import User
from commitments.models import Entry, Plan
from tests.actionplan.accounts.conftest import is_in, sign_in, text, with_password
from tests.client import Client
from tests.factories import create_official


def test_a_session_ends_after_an_hour_without_a_page(official: User, client: Client) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client, official.email)
        for _ in range(3):
            clock.shift(timedelta(minutes=59))
            assert is_in(client)
        clock.shift(timedelta(minutes=61))
        assert not is_in(client)


def test_a_session_ends_after_twelve_hours_whatever_is_done(official: User, client: Client) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client, official.email)
        for _ in range(14):
            clock.shift(timedelta(minutes=50))
            assert is_in(client)
        clock.shift(timedelta(minutes=50))
        assert not is_in(client)


def test_what_was_typed_comes_back_when_the_session_is_over(official: User, client: Client) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client, official.email)
        page = client.get("/actions/4.4/report/")
        assert "We will sign you out in 60 minutes" in text(page)
        clock.shift(timedelta(minutes=61))
        response = client.post(
            "/actions/4.4/report/", {"note": "Two hours of typing", "password": "x"}
        )
    assert response.status_code == 401
    assert "Two hours of typing" in text(response)
    assert not Entry.objects.filter(kind="progress").exists()


def test_that_a_page_was_asked_for_is_noted_once_a_minute_and_costs_nothing_in_between(
    official: User, client: Client
) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client, official.email)
        with CaptureQueriesContext(connection) as before:
            client.get("/accessibility/")
        assert len(before) == 4  # session, account, its plans and whether it needs a second factor
        clock.shift(timedelta(minutes=2))
        client.get("/accessibility/")
    seen = UserSession.objects.get(user=official).last_seen_at
    assert seen == datetime(2026, 1, 5, 9, 2, tzinfo=UTC)


def test_a_sign_out_in_another_tab_at_the_same_moment_breaks_no_page(
    official: User, client: Client
) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client, official.email)
        clock.shift(timedelta(minutes=2))
        with patch.object(SessionStore, "save", side_effect=UpdateError):
            assert client.get("/accessibility/").status_code == 200


def test_the_list_of_sessions_holds_no_ip_address(official: User, client: Client) -> None:
    sign_in(client, official.email, REMOTE_ADDR="192.0.2.1")
    assert UserSession.objects.get().ip == NO_ADDRESS
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        client.get("/", REMOTE_ADDR="192.0.2.2")
    assert UserSession.objects.get().ip == NO_ADDRESS


def test_somebody_sees_their_sessions_and_ends_the_others(official: User, client: Client) -> None:
    elsewhere = Client(headers={"User-Agent": "Elsewhere 1.0"})
    for one in (client, elsewhere):
        sign_in(one, official.email)
    assert "Elsewhere 1.0" in text(client.get("/account/"))
    there = UserSession.objects.get(user_agent="Elsewhere 1.0")
    client.post("/account/sessions/end/", {"session": str(there.pk)})
    assert [is_in(client), is_in(elsewhere)] == [True, False]


def test_nobody_ends_the_session_of_somebody_else(
    calais: Plan, official: User, client: Client
) -> None:
    stranger = with_password(create_official(calais, side="FR", bodies=["dcpaf"]))
    elsewhere = Client()
    sign_in(client, official.email)
    sign_in(elsewhere, stranger.email)
    session = UserSession.objects.get(user=stranger)
    client.post("/account/sessions/end/", {"session": str(session.pk)})
    assert is_in(elsewhere)


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/account/", "/account/factor/", "/account/password/"]
)
def test_no_browser_keeps_the_pages_of_an_account(
    official: User, client: Client, path: str
) -> None:
    if path != "/sign-in/":
        sign_in(client, official.email)
    assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0", "Firefox · Windows"),
        ("Mozilla/5.0 (Android 14) Chrome/129.0 Safari/537.36 Edg/129.0", "Edge · Android"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_session_is_named_after_browser_and_system(user_agent: str, label: str) -> None:
    assert sessions.describe_browser(user_agent) == label
