"""Personal tokens: one purpose each, a digest at rest, dead at once with the account or the
membership, in no log.
"""

import base64
import io
import logging
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from allauth.account.internal.flows.login import record_authentication
from django.contrib.sessions.models import Session
from pytest_django import Settings

from actionplan.accounts import admin_services
from actionplan.api_tokens import tokens
from actionplan.models import Token, User
from actionplan.plan_transfer import load
from commitments.models import Entry, Plan
from tests.client import Client
from tests.factories import NOW, create_manager, create_official
from tests.plans import SMALL

TODAY = date(2015, 1, 12)
ADDRESSES = {"calendar": "/calendar.ics", "register": "/register.atom", "read": "/status.json"}
Make = Callable[..., str]


@pytest.fixture
def official(calais: Plan, settings: Settings) -> User:
    settings.ACTIONPLAN_TODAY = TODAY
    return create_official(calais, bodies=["nca"])


@pytest.fixture
def make(calais: Plan, official: User) -> Make:
    def made(purpose: str, by: User = official, plan: Plan = calais, days: int = 30) -> str:
        return tokens.create(
            by=by, plan=plan, purpose=purpose, label="test", days=days, today=TODAY
        )

    return made


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def sign_in_now(client: Client, user: User) -> None:
    """A sign-in that was a moment ago, which `force_login` leaves unsaid."""
    client.force_login(user)
    session = client.session
    record_authentication(SimpleNamespace(session=session), user, "password")
    session.save()


def status(client: Client, path: str, secret: str) -> int:
    return client.get(path, headers=bearer(secret)).status_code


# Making, showing, revoking


def test_a_token_is_shown_once_and_kept_as_a_digest(client: Client, official: User) -> None:
    sign_in_now(client, official)
    made = client.post("/tokens/", {"purpose": "calendar", "label": "My phone", "days": "90"})
    secret = made.context["secret"]
    assert made.headers["Cache-Control"] == "no-store"
    assert made.content.decode().count(secret) == 3
    token = Token.objects.get()
    assert (token.digest, token.expires) == (tokens.digest(secret), date(2015, 4, 12))
    assert len(secret) >= 43
    assert secret not in str(token.__dict__)
    assert not any(secret in str(session.get_decoded()) for session in Session.objects.all())
    again = client.get("/tokens/")
    assert (secret in again.content.decode(), "My phone" in again.content.decode()) == (False, True)
    assert "/tokens/" in client.get("/digests/").content.decode()


def test_a_token_takes_a_sign_in_of_the_last_minutes_and_the_form_comes_back_filled_in(
    client: Client, official: User, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    official.set_password("four words of the tests")
    official.save()
    client.force_login(official)
    form = {"purpose": "register", "label": "Été & <b>", "days": "90"}
    asked = client.post("/tokens/", form)
    assert asked.headers["Location"].startswith(
        "/account/confirm/?next=%2Fplans%2Fcalais-2014%2Ftokens%2F%3F"
    )
    assert not Token.objects.exists()
    assert (
        "the form opens as you filled it in"
        in client.get(asked.headers["Location"]).content.decode()
    )
    assert client.post(asked.headers["Location"], {"password": "not this one"}).status_code == 200
    back = client.post(asked.headers["Location"], {"password": "four words of the tests"})
    again = client.get(back.headers["Location"])
    assert {name: again.context["form"][name].value() for name in form} == form
    assert client.post(back.headers["Location"], form).context["secret"].startswith(tokens.PREFIX)


@pytest.mark.parametrize("field", ["purpose", "label", "days"])
def test_what_makes_no_token_is_answered_with_what_would_be_right(
    client: Client, official: User, field: str
) -> None:
    client.force_login(official)
    for value in ("", "x" * 61, "\x00"):
        answer = client.post(
            "/tokens/", {"purpose": "read", "label": "x", "days": "30", field: value}
        )
        assert (answer.status_code, field in answer.context["form"].errors) == (422, True)
    assert not Token.objects.exists()


def test_a_person_has_twenty_tokens_at_the_most(client: Client, official: User, make: Make) -> None:
    for _number in range(tokens.MAX_TOKENS):
        make("read")
    sign_in_now(client, official)
    answer = client.post("/tokens/", {"purpose": "read", "label": "x", "days": "30"})
    assert (answer.status_code, Token.objects.count()) == (422, tokens.MAX_TOKENS)


def test_only_its_owner_revokes_a_token(
    client: Client, calais: Plan, official: User, make: Make
) -> None:
    secret = make("read")
    number = str(Token.objects.get().pk)
    client.force_login(create_manager(calais))
    for odd in (number, "x", "", "9" * 40, "\x00", "-1"):
        assert client.post("/tokens/", {"revoke": odd}).status_code == 302
    assert status(Client(), "/status.json", secret) == 200
    client.force_login(official)
    client.post("/tokens/", {"revoke": number})
    assert status(Client(), "/status.json", secret) == 401


# What a token opens


@pytest.mark.parametrize("purpose", ADDRESSES)
def test_a_token_opens_what_it_was_made_for_and_nothing_else(
    client: Client, make: Make, purpose: str
) -> None:
    secret = make(purpose)
    found = {other: status(client, path, secret) for other, path in ADDRESSES.items()}
    assert found == {other: 200 if other == purpose else 401 for other in ADDRESSES}
    for path in (
        "/",
        "/register/",
        "/tokens/",
        "/digests/",
        "/commitments/?format=csv",
        "/actions/4.4/report/",
    ):
        assert status(client, path, secret) == 403, path


def test_a_feed_takes_its_token_in_the_address_or_as_a_password(client: Client, make: Make) -> None:
    secret = make("calendar")
    basic = base64.b64encode(f"anybody:{secret}".encode()).decode()
    assert client.get(f"/calendar.ics?token={secret}").status_code == 200
    assert (
        client.get("/calendar.ics", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    )
    reading = make("read")
    assert client.get(f"/status.json?token={reading}").status_code == 401


def test_without_a_token_a_program_is_told_what_it_lacks(calais: Plan, client: Client) -> None:
    for path in ("/status.json", "/commitments/?format=json", "/register.atom", "/calendar.ics"):
        answer = client.get(path)
        assert (answer.status_code, list(answer.json())) == (401, ["error"])
        assert answer.headers["WWW-Authenticate"].startswith(("Bearer", "Basic"))
    # a person in a browser is led to signing in
    assert client.get("/status.json", headers={"Accept": "text/html"}).status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_token_only_reads(client: Client, make: Make, method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(
        "/register/?format=json", headers=bearer(make("read"))
    )
    assert answer.status_code in (403, 405)
    assert not Entry.objects.without_plan_entries().exists()


@pytest.mark.parametrize("method", ["head", "options"])
def test_a_token_asks_in_the_ways_that_change_nothing(
    client: Client, make: Make, method: str
) -> None:
    answer = getattr(client, method)("/status.json", headers=bearer(make("read")))
    assert (answer.status_code, answer.content) == (200, b"")
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "secret", ["", "x", "é", "actp_", "a b", "\x00", "x" * 5000, "actp_' OR 1=1 --"]
)
def test_odd_tokens_are_refused(client: Client, calais: Plan, secret: str) -> None:
    assert status(client, "/status.json", secret) == 401
    assert client.get("/calendar.ics", {"token": secret}).status_code == 401
    for value in (secret, base64.b64encode(f"x:{secret}".encode()).decode()):
        assert (
            client.get("/register.atom", headers={"Authorization": f"Basic {value}"}).status_code
            == 401
        )


# Its end


def test_a_token_ends_after_its_last_day(client: Client, settings: Settings, make: Make) -> None:
    secret = make("read", days=30)
    for day, code in ((date(2015, 2, 11), 200), (date(2015, 2, 12), 401)):
        settings.ACTIONPLAN_TODAY = day
        assert status(client, "/status.json", secret) == code


def test_a_token_of_a_disabled_account_is_dead_at_once(
    client: Client, official: User, make: Make
) -> None:
    secret = make("read")
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert status(client, "/status.json", secret) == 401


def test_a_token_of_somebody_who_left_the_plan_is_dead_at_once(
    client: Client, official: User, make: Make
) -> None:
    secret = make("read")
    official.memberships.all().delete()
    assert status(client, "/status.json", secret) == 401


def test_a_token_does_not_come_back_with_its_account_or_its_membership(
    client: Client, calais: Plan, official: User, make: Make
) -> None:
    root = User.objects.create_superuser("root@example.org", "x")
    role: dict[str, Any] = {"role": "viewer", "side": "", "bodies": (), "by": root}
    secret = make("read")
    admin_services.set_membership(official, calais, **role)
    assert status(client, "/status.json", secret) == 200
    admin_services.set_membership(official, calais, **role | {"role": ""})
    admin_services.set_membership(official, calais, **role)
    assert status(client, "/status.json", secret) == 401
    secret = make("read")
    admin_services.disable(official, by=root)
    admin_services.enable(official, by=root)
    assert status(client, "/status.json", secret) == 401


def test_a_token_opens_its_own_plan_only(
    client: Client, calais: Plan, official: User, make: Make
) -> None:
    load.load_plan(SMALL.encode(), now=NOW)
    small = Plan.objects.get(slug="small")
    official.memberships.create(plan=small, role="viewer")
    of_small, of_calais = make("read", plan=small), make("read")
    for secret, own, other in (
        (of_small, "small", "calais-2014"),
        (of_calais, "calais-2014", "small"),
    ):
        assert client.get("/status.json", headers=bearer(secret)).json()["plan"] == own
        assert status(client, f"/plans/{own}/status.json", secret) == 200
        assert status(client, f"/plans/{other}/status.json", secret) == 404
        assert status(client, f"/plans/{other}/register/?format=json", secret) == 404


def test_a_token_works_without_a_session_and_leaves_none(client: Client, make: Make) -> None:
    answer = client.get("/status.json", headers=bearer(make("read")))
    assert not answer.cookies
    assert not Session.objects.exists()


def test_the_day_of_its_last_use_is_kept_and_written_once_a_day(
    client: Client, make: Make, django_assert_num_queries: Any
) -> None:
    secret = make("read")
    assert status(client, "/status.json", secret) == 200
    token = Token.objects.select_related("plan").get()
    assert token.last_used == TODAY
    with django_assert_num_queries(0):
        tokens.record_use(token)


# Where a token must not be seen


def test_a_token_in_an_address_is_in_no_log(
    client: Client, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    secret, root, stream = make("calendar"), logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    ours = structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        next(each.formatter for each in root.handlers if isinstance(each.formatter, ours))
    )
    root.addHandler(handler)
    for name in ("", "django_structlog", "django.request"):
        caplog.set_level(logging.DEBUG, name)
    try:
        client.get(f"/calendar.ics?token={secret}")
        client.get(f"/calendar.ics?mine=1&token={secret}&on=x")
        client.get(f"/register.atom?token={secret}")
        logging.getLogger("django.request").error("Failed: /calendar.ics?token=%s", secret)
        structlog.get_logger("actionplan").error(
            "failed", request=f"GET /calendar.ics?token={secret}"
        )
    finally:
        root.removeHandler(handler)
    assert stream.getvalue().count("\\u2026") > 5
    assert secret not in stream.getvalue()


def test_a_token_goes_into_no_content_and_no_referrer(client: Client, make: Make) -> None:
    for purpose, path in (("calendar", "/calendar.ics"), ("register", "/register.atom")):
        secret = make(purpose)
        answer = client.get(f"{path}?token={secret}")
        assert secret.encode() not in answer.content
        assert not any(secret in value for value in answer.headers.values())
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-cache"
