"""Passwords: which are taken, changing one, and setting one anew by a link."""

import re
from datetime import date

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actionplan.accounts import password_reset, sessions
from actionplan.api_tokens import tokens
from actionplan.models import User
from commitments.models import Plan
from tests.actionplan.accounts.conftest import (
    PASSWORD,
    is_in,
    sign_in,
    text,
)
from tests.client import Client


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short", True),
        ("password1234", True),
        ("motdepasse2026!", True),
        ("Bonjour-Soleil-99", True),
        ("Anniversaire 14", True),
        ("œuvresœuvres!", True),
        ("gouvernement", True),
        ("384729501738", True),
        ("correcthorsebattery", False),
        ("cheval agrafe pluie bleue", False),
    ],
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


@pytest.mark.sqlite
def test_tokens_end_with_a_changed_password(official: User, calais: Plan, client: Client) -> None:
    tokens.create(
        by=official,
        plan=calais,
        purpose="read",
        label="program",
        days=30,
        today=date(2026, 1, 1),
    )
    sign_in(client, official.email)
    new = "correcthorsebattery"
    client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert not official.tokens.exists()


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
