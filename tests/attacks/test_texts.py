"""What people type, at its worst: taken or refused in words, and shown by every page, file, feed
and mail as text.
"""

from copy import deepcopy
from datetime import date
from html import unescape
from typing import Any

import pytest

from actionplan.digests import outbox
from actionplan.digests.messages import message_of
from actionplan.models import Digest
from commitments.models import Action, Entry
from commitments.register import services
from tests.actionplan.test_permissions import NOW
from tests.attacks.forms import forms_of
from tests.attacks.test_fuzz import encoded
from tests.attacks.world import World, body_of, faults_of
from tests.client import Client
from tests.secrets_in_logs import NOTED

MARKUP = (
    NOTED
    + "\"'></p></textarea><zz-typed zz-typed=1 onload=x>{{ 7|add:7 }}{% now 'Y' %}%(n)s\u202e\u2066\u200f\ufeff&amp;"
)
BAD = {
    "a line end": f"{NOTED}\r\nSet-Cookie: a=b\r\n\r\nb",
    "zero": f"{NOTED}\x00b",
    "bytes that are no text": f"{NOTED}\ud800\udfffb",
    "one megabyte": NOTED * 125_000,
    "markup": MARKUP,
}
FORMULAS = (
    "=HYPERLINK(1)",
    "+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "＝1",
    "＠1",
    "a;=1",
    "a\n=1",
    'a";"=1',
)
READABLE = (
    *(
        "",
        "commitments/",
        "actions/5.3/",
        "register/",
        "mine/",
        "fund/",
        "text/",
        "digests/",
        "calendar.ics",
        "tokens/",
        "webhooks/",
    ),
    *("commitments/?q=zz", "register.atom", "status.json", "commitments/5/"),
    *(
        f"{part}/?format={form}"
        for part in ("register", "commitments", "fund", "mine")
        for form in ("csv", "xlsx", "json")
    ),
)


def sent_as_bytes(client: Client, path: str, fields: dict[str, str]) -> Any:
    """With what no text can hold as the bytes that a program would send."""
    return client.generic(
        "POST", path, encoded(list(fields.items())), "application/x-www-form-urlencoded"
    )


def _pages(world: World) -> list[tuple[str, str]]:
    own = [(role, name) for role in ("manager GB", "administrator") for name in world.addresses]
    return [
        *own,
        ("anonymous", "sign-in"),
        ("anonymous", "invitation"),
        ("anonymous", "account_reset_password"),
    ]


def test_every_field_of_every_form_is_taken_or_refused_in_words(
    world: World, request: pytest.FixtureRequest
) -> None:
    every = bool(request.config.getoption("--attacks"))
    clients = {role: world.client(role) for role in ("manager GB", "administrator", "anonymous")}
    wrong, tried = [], set()
    for role, name in _pages(world):
        if name not in world.addresses or name in ("sign-out", "account_logout"):
            continue
        page = clients[role].get(world.addresses[name])
        content = body_of(page)
        if page.status_code != 200 or "html" not in page.headers["Content-Type"]:
            continue
        for action, fields, typed in forms_of(content.decode()):
            path = action or world.addresses[name]
            for field in typed:
                if (path, field) in tried:
                    continue
                tried.add((path, field))
                # in a longer run each field gets all of them, else every other field one
                chosen = list(BAD) if every else [list(BAD)[len(tried) % len(BAD)]]
                if not every and len(tried) % 2:
                    continue
                for what, text in ((what, BAD[what]) for what in chosen):
                    cookies = deepcopy(clients[role].cookies)
                    answer = sent_as_bytes(
                        clients[role], path, {**fields, "preview": "1", field: text}
                    )
                    clients[role].cookies = cookies
                    if faults := faults_of(answer):
                        wrong.append((name, field, what, faults))
                    if "Set-Cookie: a=b" in str(answer.headers):
                        wrong.append((name, field, what, ["a header"]))
    assert wrong == []
    assert len(tried) >= 30
    print(f"{len(tried)} fields")


@pytest.fixture
def spoilt(world: World) -> World:
    """A register in which each text is as bad as it may be."""
    action = Action.objects.get(plan=world.plan, ref="5.3")
    for number, text in enumerate((*FORMULAS, MARKUP)):
        for kind in ("progress", "confidence"):
            services.report(
                action=action,
                kind="progress",
                effective="2015-01-11",
                by=world.people["manager GB"],
                now=NOW,
                key=f"{number}-{kind}",
                note=text,
                reason=text,
                source=text[:900],
                confidence="red" if kind == "confidence" else "",
            )
    moved: dict[str, Any] = {
        "effective": "2015-01-12",
        "when": "2016-01-01",
        "reason": MARKUP,
        "decided_by": MARKUP,
    }
    services.decide(
        action=action, kind="moved", by=world.people["manager GB"], now=NOW, key="moved", **moved
    )
    return world


def test_every_page_file_and_feed_shows_it_as_text(spoilt: World) -> None:
    client, wrong, shown = spoilt.client("manager GB"), [], 0
    newest = Entry.objects.filter(plan=spoilt.plan).latest("number").number
    for path in (
        *READABLE,
        f"register/{newest}/",
        f"register/{newest}/withdraw/",
        "actions/5.3/report/",
    ):
        response = client.get(f"/plans/{spoilt.plan.slug}/{path}")
        if response.status_code == 404 and path.startswith("tokens"):
            continue
        assert response.status_code == 200, path
        if faults := faults_of(response):
            wrong.append((path, faults))
        shown += not response.streaming and "zz-typed" in unescape(
            response.content.decode("utf-8", "replace")
        )
    assert wrong == []
    assert shown >= 4


def test_a_mail_shows_it_as_text_and_its_headers_hold_none_of_it(spoilt: World) -> None:
    outbox.queue(spoilt.plan, date(2015, 1, 12))
    rows = Digest.objects.filter(plan=spoilt.plan, week=date(2015, 1, 12))
    assert rows
    for row in rows:
        message = message_of(row).message()
        assert not any(
            "zz-typed" in str(value) or "\n" in str(value).replace("\n ", "")
            for value in message.values()
        )
        text, html = message.get_payload()
        markup = html.get_payload(decode=True).decode()
        assert "<zz-typed" not in markup
        assert "14{% now" not in text.get_payload(decode=True).decode()


def test_no_text_of_a_plan_makes_a_header_of_a_mail(world: World) -> None:
    """Its title stands in the subject."""
    for week, text in enumerate(
        ("a\r\nBcc: all@example.org", "a\nBcc: x", "a\x0bBcc: x", "\u2028Bcc: x"), 5
    ):
        world.plan.title = {"en": text, "fr": text}
        world.plan.save()
        outbox.queue(world.plan, monday := date.fromisocalendar(2015, week, 1))
        rows = Digest.objects.filter(plan=world.plan, week=monday)
        assert rows
        assert not any(
            b"\nBcc" in message_of(row).message().as_bytes().partition(b"\n\n")[0] for row in rows
        )


def test_what_was_typed_comes_back_as_text_when_the_session_has_ended(world: World) -> None:
    """Also from a form that was sent without its token."""
    path = f"/plans/{world.plan.slug}/actions/5.3/report/"
    for client in (Client(), Client(enforce_csrf_checks=True)):
        response = client.post(path, {"note": MARKUP, "onload=x": MARKUP})
        assert response.status_code in (401, 403)
        assert faults_of(response) == []
        assert "zz-typed" in body_of(response).decode()
