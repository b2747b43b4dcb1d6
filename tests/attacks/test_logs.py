"""What was logged in the whole run is searched when it ends (tests/secrets_in_logs.py); here that
the search finds.
"""

import json
import logging
from collections.abc import Iterator

import pytest

from actionplan.api_tokens import tokens
from actionplan.local import samples
from tests.actionplan.test_permissions import NOW
from tests.attacks.world import World
from tests.client import Client
from tests.secrets_in_logs import NEVER, NOTED, find_secrets

LEAKS = [
    "mail to official.gb@example.org failed",
    "GET /calendar.ics?token=actp_abcdefghijklmnopqrstuvwxyz0123456789",
    "GET /unsubscribe/MToyOmE:1tYzQk:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ/",
    "cookie session=27ebt97iwyigcs8r5wytb4jgyky0opi9",
    "form {'password': 'x'}",
    f'{{"note": "{NOTED}"}}',
]


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The lines of the product's own format."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Kept()
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def test_the_search_finds_each_kind_of_secret() -> None:
    assert len(LEAKS) == len(NEVER)
    for line in LEAKS:
        assert list(find_secrets(line)), line
    harmless = (
        'POST /register/, "request_id": "04f238ff-9c1f-4eab-81c3-9ff7068290e4", "user_id": 31, '
        + "0f" * 32
    )
    assert list(find_secrets(harmless)) == []


def test_no_secret_of_an_address_reaches_the_log(world: World, logged: list[str]) -> None:
    """Links that act for somebody carry it in their path, feeds in their query, an identity
    provider its code.
    """
    secrets = [
        str(part)
        for name in world.arguments
        for part in world.arguments[name]
        if len(str(part)) > 20
    ]
    token = tokens.create(
        by=world.people["viewer"],
        plan=world.plan,
        purpose="read",
        label="x",
        days=30,
        today=NOW.date(),
    )
    paths = [
        path for name, path in world.addresses.items() if any(secret in path for secret in secrets)
    ]
    assert len(paths) >= 2
    mistyped = [f"/x{path[path.index('/', 1) :]}" for path in paths]
    for path in (
        *paths,
        *mistyped,
        "/sign-in/forgotten/1-c0ffee-0123456789abcdef0123456789abcdef/",
    ):
        for client in (Client(), Client(enforce_csrf_checks=True)):
            for answer in (
                client.get(path),
                client.post(path),
                client.put(path),
                client.get(path[:-2] + "X/"),
            ):
                assert answer.status_code < 500
    for query in (
        f"token={token}",
        f"code={token}&state={token}",
        "q=somebody@example.org",
        f"on={token}",
    ):
        for path in ("/calendar.ics", "/no-such-page/", "/sign-in/with/gb/back/", "/status.json"):
            Client().get(path, QUERY_STRING=query)
    text = "\n".join(logged)
    assert logged
    keys = [secret for secret in secrets if "/evidence/" not in secret and ":" in secret]
    assert [
        secret for secret in [*keys, token, "0123456789abcdef", "somebody@"] if secret in text
    ] == []


def test_a_refusal_is_logged_by_number_and_without_what_was_sent(
    world: World, logged: list[str]
) -> None:
    client, person = world.client("official FR"), world.people["official FR"]
    sent = {"kind": "progress", "day": "2015-01-10", "note": NOTED, "key": "k"}
    assert client.post(world.address("report"), sent).status_code == 403
    (line,) = [json.loads(line) for line in logged if "request_finished" in line]
    assert (line["user_id"], line["code"]) == (person.pk, 403)
    assert line["request_id"]
    assert NOTED not in "".join(logged)
    assert person.email not in "".join(logged)


def test_a_wrong_password_is_logged_without_it(world: World, logged: list[str]) -> None:
    email = world.people["viewer"].email
    for name in (email, "nobody@example.org"):
        Client().post("/sign-in/", {"username": name, "login": name, "password": "hunter2 hunter2"})
    assert logged
    assert not any(secret in "".join(logged) for secret in (email, "nobody@", "hunter2"))
    assert samples.PASSWORD not in "".join(logged)
