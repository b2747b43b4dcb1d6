"""Claiming and ending digests: many at a time, and one by one as soon as one may have been sent before."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actionplan import outbox
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
    lot.held(*(row.pk for row in lot.rows)).update(lease_until=timezone.now() - timedelta(seconds=1))


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


def test_five_hundred_mails_cost_no_more_queries_than_five(calais: Plan, queued: list[Digest]) -> None:
    with CaptureQueriesContext(connection) as five:
        assert outbox.deliver()["sent"] == 5
    for _number in range(100):
        people.account(calais, Role.MANAGER, "GB")
    outbox.queue(calais, WEEK)
    with CaptureQueriesContext(connection) as many:
        assert outbox.deliver()["sent"] == 100
    assert len(many) <= len(five) + 1
    assert len(five) <= 8
