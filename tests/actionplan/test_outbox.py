"""Claiming and ending digests: many at a time, and one by one as soon as one may have been sent
before.
"""

import email
import email.policy
import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actionplan.digests import outbox
from actionplan.digests.delivery import bytes_of, message_of
from actionplan.digests.rendering import unsubscribe_url
from actionplan.models import Digest
from commitments.models import Plan, Role
from tests import people

pytestmark = pytest.mark.sqlite
WEEK = date(2015, 1, 5)


@pytest.fixture
def queued(calais: Plan) -> list[Digest]:
    for _number in range(5):
        people.account(calais, Role.MANAGER, "GB")
    outbox.queue(calais, WEEK)
    return list(Digest.objects.order_by("pk"))


def ends() -> list[str]:
    return list(Digest.objects.order_by("pk").values_list("state", flat=True))


def kill(lot: outbox.Lot) -> None:
    """Its worker ended without a word, and its lease is over."""
    lot.held(*(row.pk for row in lot.rows)).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_a_lot_is_taken_whole_and_a_second_caller_finds_nothing(queued: list[Digest]) -> None:
    assert len(outbox.Lot().rows) == 5
    assert outbox.Lot().rows == []


def test_what_a_lot_did_not_come_to_goes_back_as_it_was(queued: list[Digest]) -> None:
    lot = outbox.Lot()
    assert list(lot.take(end=0)) == []
    lot.close()
    assert set(Digest.objects.values_list("state", "tries", "doubts")) == {("queued", 0, 0)}


def test_after_a_kill_each_is_claimed_on_its_own(queued: list[Digest]) -> None:
    kill(outbox.Lot())
    assert [len(outbox.Lot().rows) for _turn in range(6)] == [1, 1, 1, 1, 1, 0]


def test_a_second_kill_leaves_one_in_doubt_and_the_others_are_sent(queued: list[Digest]) -> None:
    kill(outbox.Lot())
    kill(outbox.Lot())
    assert outbox.deliver() == {"sent": 4, "failed": 1, "retried": 0}
    assert sorted(ends()) == ["sent", "sent", "sent", "sent", "uncertain"]
    assert len(mail.outbox) == 4


def test_a_lot_that_another_took_over_is_not_sent_and_its_ends_stay(queued: list[Digest]) -> None:
    lot = outbox.Lot()
    kill(lot)
    assert outbox.deliver()["sent"] == 5
    lot.written -= 2 * outbox.PAUSE
    assert list(lot.take(end=float("inf"))) == []
    lot.close()
    assert ends() == ["sent"] * 5


def test_five_hundred_mails_cost_no_more_queries_than_five(
    calais: Plan, queued: list[Digest]
) -> None:
    with CaptureQueriesContext(connection) as five:
        assert outbox.deliver()["sent"] == 5
    for _number in range(100):
        people.account(calais, Role.MANAGER, "GB")
    outbox.queue(calais, WEEK)
    with CaptureQueriesContext(connection) as many:
        assert outbox.deliver()["sent"] == 100
    assert len(many) <= len(five) + 1
    # one more look for those in doubt, when no others are left
    assert len(five) <= 9


ODD_TEXTS = (
    ("Plan", "a line\n.a line with a dot\n..two", "<p>.\n.x</p>"),
    ("Délai: « échu » – " + "à" * 90, "été\n" + "é" * 600, "<p>" + "ß" * 1200 + "</p>"),
    ("Plan", "no way out in it", "<p></p>"),
)


@pytest.mark.parametrize(("subject", "text", "html"), ODD_TEXTS)
@pytest.mark.parametrize(
    "address", ["", "o'neill+x@example.org", '"a b"@example.org', "x@exämple.org"]
)
def test_a_mail_put_together_from_shared_parts_is_the_one_that_django_makes(
    queued: list[Digest], subject: str, text: str, html: str, address: str
) -> None:
    row = queued[0]
    leave = unsubscribe_url(row.recipient, row.plan) if "no way" not in text else ""
    row.subject, row.text, row.html = (
        subject,
        f"{text}\n{leave}\n",
        f'{html}<a href="{leave}">x</a>',
    )
    row.recipient.email = address or row.recipient.email
    sent = bytes_of(row)
    assert sent == bytes_of(row)
    assert all(len(line) <= 1000 and b"\n" not in line[:-1] for line in sent.split(b"\r\n"))
    made, expected = (
        parsed(found)
        for found in (re.sub(rb"(?m)^\.", b"", sent), message_of(row).message().as_bytes())
    )
    assert made == expected


def parsed(content: bytes) -> tuple[object, ...]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    headers = sorted(
        (name, str(value).strip()) for name, value in message.items() if name != "Content-Type"
    )
    parts = [
        (part.get_content_type(), part.get_content().rstrip("\r\n"))
        for part in message.iter_parts()
    ]
    return (
        message.get_content_type(),
        headers,
        [(kind, said.replace("\r\n", "\n")) for kind, said in parts],
    )
