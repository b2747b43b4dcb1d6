"""The second factor: who needs one, how it is set up, what it opens."""

import re
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from pytest_django import Settings
from time_machine import TimeMachineFixture

from actionplan.models import User
from commitments.models import Membership
from tests.actionplan.accounts.conftest import (
    KEY,
    code,
    is_in,
    sign_in,
    text,
)
from tests.client import Client


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


def test_the_code_that_set_up_an_app_does_not_sign_in(official: User, client: Client) -> None:
    sign_in(client, official.email)
    (secret,) = re.findall(r"<code>(\w{32})</code>", text(client.get("/account/factor/app/")))
    right = format_hotp_value(hotp_value(secret, int(time.time() // 30)))
    client.post("/account/factor/app/", {"code": right})
    elsewhere = Client()
    sign_in(elsewhere, official.email)
    assert "used before" in text(elsewhere.post("/sign-in/factor/", {"code": right}))


def test_a_code_is_remembered_for_as_long_as_it_is_taken(
    with_app: User, time_machine: TimeMachineFixture
) -> None:
    start = time.time() // 30 * 30
    time_machine.move_to(start)
    right = code(start + 30)
    answers = []
    for seconds in (0, 59):
        time_machine.move_to(start + seconds)
        client = Client()
        sign_in(client, with_app.email)
        answers.append(client.post("/sign-in/factor/", {"code": right}).status_code)
    assert answers == [302, 200]


def test_too_many_codes_are_answered_with_when_to_come_again(with_app: User) -> None:
    client = Client()
    sign_in(client, with_app.email)
    for _ in range(10):
        client.post("/sign-in/factor/", {"code": "000000"})
    answer = client.post("/sign-in/factor/", {"code": "000000"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")


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
