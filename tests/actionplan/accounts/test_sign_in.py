"""Signing in with a password, and guesses at it."""

import re

import pytest

from actionplan.models import User
from commitments.models import Plan
from tests.actionplan.accounts.conftest import (
    PASSWORD,
    is_in,
    sign_in,
    text,
)
from tests.client import Client


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


def guess(email: str, address: str, times: int) -> list[int]:
    return [
        sign_in(Client(), email, f"guess {n}", REMOTE_ADDR=address).status_code
        for n in range(times)
    ]


def test_guesses_from_one_address_are_slowed_down_and_the_right_password_from_elsewhere_is_let_in(
    official: User, signed_out: Client
) -> None:
    guess(official.email, "192.0.2.1", 6)
    answer = sign_in(signed_out, official.email, REMOTE_ADDR="192.0.2.1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Too many attempts" in text(answer)
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
