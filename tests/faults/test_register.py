"""Many officials on one action at once: stale forms, double clicks, and the word of each kept once
or given back.
"""

import html
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest

from tests.faults.checks import check_register, count_words
from tests.faults.conftest import Begin
from tests.faults.crowd import address
from tests.faults.savers import AUTHORS, REF
from tests.faults.visitor import Answer, Report, Visitor
from tests.faults.world import World

pytestmark = pytest.mark.faults
OFFICIALS = 20


def all_at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    together = Barrier(len(calls))

    def go(call: Callable[[], Answer]) -> Answer:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(go, calls))


def double(reports: Sequence[Report], **more: str) -> None:
    """Everybody clicks twice."""
    all_at_once([lambda report=report: report.send(**more) for report in (*reports, *reports)])  # type: ignore[misc]


def test_twenty_officials_on_one_action_at_once_lose_no_word_and_record_none_twice(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("20 officials on one action: stale forms, double submits")
    world.serve()
    numbers = random.sample(AUTHORS, OFFICIALS)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda number: begin_report(world, number), numbers))
    double(reports)
    outcome.kills = 2 * OFFICIALS
    refused = [report for report in reports if not report.accepted]
    assert len(refused) == OFFICIALS - 1, "every form but the first is stale"
    for report in refused:
        assert [answer.status for answer in report.answers] == [409, 409]
        outcome.lost += any(
            report.note not in html.unescape(answer.text) for answer in report.answers
        )
    count_words(world, outcome, reports)
    double(refused, anyway="1")
    assert {answer.status for report in refused for answer in report.answers[2:]} == {302}
    count_words(world, outcome, reports)
    check_register(world)
    recorded = world.value(
        "SELECT count(*) FROM commitments_entrytext WHERE note LIKE '%%concurrent%%'"
    )
    assert recorded == OFFICIALS


def begin_report(world: World, number: int) -> Report:
    return Report.begin(
        Visitor(world.url, address(number)),
        REF,
        f"A concurrent word of desk {number}, “kept” & whole",
    )
