"""Signing in with a password and a second factor, guesses, the ends of a session."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from actionplan.accounts import password_reset, sessions
from actionplan.accounts.signals import NO_ADDRESS
from actionplan.models import User
from commitments.models import Entry, Membership, Plan
from tests.actionplan.accounts.conftest import PASSWORD, sign_in, with_password
from tests.factories import create_official

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(moment: float | None = None) -> str:
    return str(format_hotp_value(hotp_value(KEY, int((moment or time.time()) // 30))))


def is_in(client: Client) -> bool:
    return client.get("/digests/").status_code == 200


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.sqlite
def test_an_official_signs_in_with_address_and_password(official: User, client: Client) -> None:
    response = sign_in(client, official.email.upper())
    assert (response.status_code, response.headers["Location"], is_in(client)) == (302, "/", True)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    official: User, client: Client
) -> None:
    answers = [
        sign_in(client, email, "not the one of mine")
        for email in (official.email, "unknown@example.org")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    bare = [re.sub(r'value="[^"]*"', "", text(answer)) for answer in answers]
    assert bare[0] == bare[1]


@pytest.mark.parametrize(
    "value", ["\0", "a\r\nb@example.org", "x" * 1_000_000, "‮@example.org", "'--"]
)
def test_odd_addresses_and_passwords_are_refused_and_nothing_breaks(
    calais: Plan, client: Client, value: str
) -> None:
    assert sign_in(client, value).status_code == 422
    assert sign_in(client, "a@example.org", value).status_code == 422
    assert client.post("/sign-in/forgotten/", {"email": value}).status_code == 200


def test_where_somebody_wanted_to_go_is_kept_unless_it_is_another_site(official: User) -> None:
    for wanted, there in (
        ("/mine/", "/mine/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example", "/"),
    ):
        answer = Client().post(
            "/sign-in/", {"username": official.email, "password": PASSWORD, "next": wanted}
        )
        assert answer.headers["Location"] == there


def test_a_disabled_account_is_told_so_and_stays_out(official: User, client: Client) -> None:
    sign_in(client, official.email)
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert not is_in(client)
    assert sign_in(Client(), official.email).status_code == 403


# Guesses


def guess(email: str, address: str, times: int) -> list[int]:
    return [
        sign_in(Client(), email, f"guess {n}", REMOTE_ADDR=address).status_code
        for n in range(times)
    ]


def test_guesses_from_one_address_are_slowed_down_and_the_right_password_from_elsewhere_is_let_in(
    official: User, signed_out: Client
) -> None:
    guess(official.email, "192.0.2.1", 6)
    assert "Too many attempts" in text(sign_in(signed_out, official.email, REMOTE_ADDR="192.0.2.1"))
    assert sign_in(signed_out, official.email, REMOTE_ADDR="192.0.2.2").status_code == 302


def test_guesses_from_many_addresses_have_one_try_each_and_lock_nobody_out(
    official: User, signed_out: Client
) -> None:
    for number in range(4):
        guess(official.email, f"192.0.2.{number}", 5)
    answers = [
        text(sign_in(Client(), official.email, "guess", REMOTE_ADDR="192.0.2.200"))
        for _ in range(2)
    ]
    assert ["Too many attempts" in answer for answer in answers] == [False, True]
    assert sign_in(signed_out, official.email, REMOTE_ADDR="192.0.2.201").status_code == 302


def test_sign_ins_that_succeed_use_nothing_up(official: User, signed_out: Client) -> None:
    assert [sign_in(Client(), official.email).status_code for _ in range(8)] == [302] * 8


# The second factor


@pytest.fixture
def with_app(manager: User) -> User:
    TOTP.activate(manager, KEY)
    RecoveryCodes.activate(manager)
    return manager


def test_a_manager_without_a_second_factor_reaches_only_the_page_that_sets_one_up(
    manager: User, client: Client
) -> None:
    sign_in(client, manager.email)
    for path in ("/", "/register/", "/actions/4.4/report/", "/account/", "/status.json"):
        assert client.get(path).headers["Location"] == "/account/factor/", path
    assert client.post("/digests/", {"wanted": "0"}).headers["Location"] == "/account/factor/"
    assert "Your role requires a second factor" in text(client.get("/account/factor/"))


def test_an_administrator_without_a_second_factor_reaches_nothing_either(
    administrator: User, client: Client
) -> None:
    sign_in(client, administrator.email)
    assert client.get("/accounts/").headers["Location"] == "/account/factor/"


def test_setting_up_an_app_gives_recovery_codes_that_are_shown_once(
    manager: User, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    sign_in(client, manager.email)
    (secret,) = re.findall(r"<code>(\w{32})</code>", text(client.get("/account/factor/app/")))
    right = format_hotp_value(hotp_value(secret, int(time.time() // 30)))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/account/factor/app/", {"code": right})
    assert response.headers["Location"] == "/account/factor/codes/"
    assert len(re.findall(r"<code>\d{8}</code>", text(client.get("/account/factor/codes/")))) == 10
    assert "shown this once" not in text(client.get("/account/factor/codes/"))


def test_a_session_from_before_the_factor_was_set_up_ends(manager: User, client: Client) -> None:
    sign_in(client, manager.email)
    TOTP.activate(manager, KEY)
    assert client.get("/register/").headers["Location"] == "/sign-in/?next=/register/"
    assert Session.objects.filter(session_key=client.session.session_key or "").count() == 0


def test_with_a_second_factor_the_password_alone_opens_nothing(
    with_app: User, client: Client
) -> None:
    assert sign_in(client, with_app.email).headers["Location"] == "/sign-in/factor/"
    assert not is_in(client)
    assert "code is not right" in text(client.post("/sign-in/factor/", {"code": "000000"}))
    assert client.post("/sign-in/factor/", {"code": code()}).headers["Location"] == "/"
    assert is_in(client)


def test_a_code_and_a_recovery_code_hold_once(with_app: User) -> None:
    spare = (
        Authenticator.objects.get(user=with_app, type="recovery_codes").wrap().get_unused_codes()[0]
    )
    for given, expected in ((code(), [302, 200]), (spare, [302, 200])):
        found = []
        for _ in range(2):
            client = Client()
            sign_in(client, with_app.email)
            found.append(client.post("/sign-in/factor/", {"code": given}).status_code)
        assert found == expected


def test_the_last_factor_of_a_manager_stays(with_app: User, client: Client) -> None:
    sign_in(client, with_app.email)
    client.post("/sign-in/factor/", {"code": code()})
    assert "set up another one first" in text(client.post("/account/factor/app/remove/"))
    assert Authenticator.objects.filter(user=with_app, type="totp").exists()


def test_who_becomes_a_manager_while_signed_in_needs_a_second_factor_from_then_on(
    official: User, client: Client
) -> None:
    sign_in(client, official.email)
    Membership.objects.filter(user=official).update(role="manager")
    assert client.get("/").headers["Location"] == "/account/factor/"


def test_only_sample_accounts_of_a_trial_go_without(manager: User, settings: Settings) -> None:
    settings.TRIAL = True
    for email, opened in ((manager.email, True), ("director@ministry.example", False)):
        User.objects.filter(pk=manager.pk).update(email=email)
        client = Client()
        sign_in(client, email)
        assert is_in(client) == opened


# The ends of a session


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
        assert "You are signed in until 10:00" in text(page)
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
        assert len(before) == 2  # session and account
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


# Passwords


@pytest.mark.parametrize(
    ("password", "wrong"), [("short", True), ("password1234", True), ("correcthorsebattery", False)]
)
def test_a_password_is_long_and_not_a_common_one(
    official: User, client: Client, password: str, wrong: bool
) -> None:
    sign_in(client, official.email)
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert client.post("/account/password/", fields).status_code == (200 if wrong else 302)
    assert is_in(client)
    assert (sign_in(Client(), official.email, password).status_code == 302) == (not wrong)


def test_a_changed_password_ends_the_other_sessions_and_leaves_this_one(
    official: User, client: Client
) -> None:
    elsewhere = Client()
    for one in (client, elsewhere):
        sign_in(one, official.email)
    new = "correcthorsebattery"
    client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert [is_in(client), is_in(elsewhere)] == [True, False]
    (session,) = sessions.list_open(official)
    assert session.session_key == client.session.session_key


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


def test_a_forgotten_password_is_set_anew_by_a_link_that_holds_once(
    official: User, client: Client
) -> None:
    User.objects.filter(pk=official.pk).update(language="fr")
    password_reset.send(official.email, "en")
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([official.email], "Un nouveau mot de passe")
    (link,) = re.findall(r"http://localhost:8000(/sign-in/forgotten/\S+)", str(sent.body))
    form = client.get(link, follow=True)
    new = "correcthorsebattery"
    there = form.redirect_chain[-1][0]
    assert (
        client.post(there, {"password1": new, "password2": new}).headers["Location"]
        == "/sign-in/forgotten/done/"
    )
    assert sign_in(Client(), official.email, new).status_code == 302
    assert "no longer works" in text(Client().get(link))


def test_nobody_learns_from_a_forgotten_password_whether_there_is_an_account(
    official: User, client: Client
) -> None:
    client.post("/sign-in/forgotten/", {"email": "another@example.org"})
    with CaptureQueriesContext(connection) as known:
        first = client.post("/sign-in/forgotten/", {"email": official.email})
    with CaptureQueriesContext(connection) as unknown:
        second = client.post("/sign-in/forgotten/", {"email": "unknown@example.org"})
    assert first.headers["Location"] == second.headers["Location"] == "/sign-in/forgotten/sent/"
    assert [len(known), [q["sql"].split()[0] for q in known]] == [
        len(unknown),
        [q["sql"].split()[0] for q in unknown],
    ]
    assert not any("actionplan_user" in query["sql"] for query in known)
    password_reset.send("unknown@example.org", "en")
    assert mail.outbox == []
