"""Claiming and ending digests: many at a time, and one by one as soon as one may have been sent."""

import smtplib
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from actionplan.digests import messages, outbox
from actionplan.digests.messages import message_of
from actionplan.models import Digest
from commitments.models import Plan
from tests.factories import create_manager

pytestmark = pytest.mark.sqlite
WEEK = date(2015, 1, 5)


@pytest.fixture
def queued(calais: Plan) -> list[Digest]:
    for _number in range(5):
        create_manager(calais)
    outbox.queue(calais, WEEK)
    return list(Digest.objects.order_by("pk"))


@pytest.fixture(autouse=True)
def fast_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(outbox, "SLOW", float("inf"))


def states() -> list[str]:
    return list(Digest.objects.order_by("pk").values_list("state", flat=True))


def kill(batch: outbox.Batch) -> None:
    """Its worker ended without a word, and its lease is over."""
    claimed = Digest.objects.filter(lease_until=batch.lease)
    claimed.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_batch_is_claimed_whole_and_a_second_worker_finds_nothing(queued: list[Digest]) -> None:
    assert len(outbox.Batch().waiting) == 5
    assert outbox.Batch().waiting == []


def test_what_a_batch_did_not_come_to_goes_back_as_it_was(queued: list[Digest]) -> None:
    batch = outbox.Batch()
    assert list(batch.take(end=0)) == []
    batch.close()
    assert set(Digest.objects.values_list("state", "tries", "doubts")) == {("queued", 0, 0)}


def kill_during_the_first(digests: int) -> None:
    """A worker is killed while it hands over one of so many that it has marked together."""
    batch = outbox.Batch()
    batch.step = digests // 2
    next(batch.take(end=float("inf")))
    kill(batch)


def test_after_a_kill_what_was_begun_is_claimed_on_its_own_and_the_rest_together(
    queued: list[Digest],
) -> None:
    kill_during_the_first(2)
    assert [len(outbox.Batch().waiting) for _turn in range(4)] == [3, 1, 1, 0]


def test_a_second_kill_leaves_what_was_begun_twice_uncertain_and_the_others_are_sent(
    queued: list[Digest],
) -> None:
    kill_during_the_first(4)
    Digest.objects.filter(doubts=0).update(state="skipped", lease_until=None)
    kill_during_the_first(4)
    Digest.objects.filter(state="skipped").update(state="queued")
    assert outbox.deliver() == {"sent": 4, "failed": 1, "retried": 0}
    assert sorted(states()) == ["sent", "sent", "sent", "sent", "uncertain"]
    assert len(mail.outbox) == 4


def test_what_was_never_begun_is_not_in_doubt_however_often_its_worker_is_killed(
    queued: list[Digest],
) -> None:
    for _number in range(3):
        kill(outbox.Batch())
    assert outbox.deliver() == {"sent": 5, "failed": 0, "retried": 0}


def test_a_batch_that_another_took_over_is_not_sent_and_its_ends_stay(
    queued: list[Digest],
) -> None:
    batch = outbox.Batch()
    kill(batch)
    assert outbox.deliver()["sent"] == 5
    batch.recorded -= 2 * outbox.RECORD_EVERY
    assert list(batch.take(end=float("inf"))) == []
    batch.close()
    assert states() == ["sent"] * 5


def test_the_time_that_ends_leaves_nothing_in_doubt(queued: list[Digest]) -> None:
    batch = outbox.Batch()
    batch.sent.append(next(batch.take(end=float("inf"))).pk)
    batch.close()
    assert sorted(Digest.objects.values_list("state", "doubts"))[:4] == [("queued", 0)] * 4


def test_a_slow_server_has_one_mail_in_doubt_at_a_time(
    queued: list[Digest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SLOW", -1)
    batch = outbox.Batch()
    next(batch.take(end=float("inf")))
    assert Digest.objects.filter(doubts=1).count() == 1


def test_a_hundred_mails_cost_hardly_more_queries_than_five(
    calais: Plan, queued: list[Digest]
) -> None:
    with CaptureQueriesContext(connection) as five:
        assert outbox.deliver()["sent"] == 5
    for _number in range(100):
        create_manager(calais)
    outbox.queue(calais, WEEK)
    with CaptureQueriesContext(connection) as many:
        assert outbox.deliver()["sent"] == 100
    assert len(many) <= len(five) + 6
    assert len(five) <= 9


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(self: Any, digest: Digest) -> None:
        raise error

    monkeypatch.setattr(messages.Mailer, "send", send)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (messages.Refused(550, b"no such mailbox"), "failed"),
        (messages.Refused(451, b"try later"), "queued"),
        (messages.InDoubt("TimeoutError"), "uncertain"),
        (ConnectionRefusedError("no server"), "queued"),
        (smtplib.SMTPServerDisconnected("before the message"), "queued"),
        (ValueError("no address"), "failed"),
    ],
)
def test_each_error_has_its_end(
    queued: list[Digest],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: str,
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    fail_with(error, monkeypatch)
    outbox.deliver()
    assert set(states()) == {state}


def test_a_mail_server_that_is_away_for_a_week_stops_no_later_try(
    queued: list[Digest], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    # one try an hour: so many doublings of the first wait are beyond any time
    Digest.objects.update(tries=168)
    fail_with(ConnectionRefusedError("no server"), monkeypatch)
    before = timezone.now()
    outbox.deliver()
    assert set(Digest.objects.values_list("state", "tries")) == {("queued", 169)}
    waits = {digest.next_try - before for digest in Digest.objects.all()}
    assert all(timedelta(minutes=59) < wait < timedelta(minutes=61) for wait in waits)


def test_a_second_copy_of_a_mail_is_the_same_byte_for_byte(queued: list[Digest]) -> None:
    digest = Digest.objects.get(pk=queued[0].pk)
    again = Digest.objects.get(pk=queued[0].pk)
    assert message_of(digest).message().as_bytes() == message_of(again).message().as_bytes()


def test_a_mail_names_the_product_as_its_sender(queued: list[Digest], settings: Settings) -> None:
    assert message_of(queued[0]).message()["From"] == f"Actionplan <{settings.CONTACT}>"


def test_a_mail_has_both_parts_and_the_headers_that_let_one_click_end_it(
    queued: list[Digest],
) -> None:
    message = message_of(queued[0]).message()
    assert [part.get_content_type() for part in message.get_payload()] == [
        "text/plain",
        "text/html",
    ]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<http")
    assert message["Message-ID"] == queued[0].message_id
