"""What a digest says, to whom, and that a plan of ten times the size costs no more to sum up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from actionplan.digests import outbox, rendering
from actionplan.digests.content import (
    ITEMS_SHOWN,
    Content,
    Items,
    Week,
    unreminded_actions,
)
from actionplan.digests.content import (
    WEEK as ONE_WEEK,
)
from actionplan.digests.recipients import Recipient, recipients
from actionplan.jobs import runner
from actionplan.local import samples
from actionplan.models import Digest, JobRun, User
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.lists.filters import order_by_urgency
from commitments.models import Plan, Role
from commitments.models.rights import Rights
from commitments.pages.page import Page
from commitments.rules.states import SETTLED
from tests.factories import create_manager, create_member, create_official, report_entry
from tests.plans import tenfold

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
WEEK = date(2015, 1, 5)


@pytest.fixture
def plan(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    assert (
        entries.load_entries(calais, samples.ENTRIES_FILE.read_bytes(), now=NOW, by=None).errors
        == []
    )
    runner.run_due()
    return calais


def recipient(plan: Plan, user: User, week: date) -> Recipient:
    return next(one for one in recipients(plan, week) if one.user == user)


def texts_of(plan: Plan, user: User, week: date = WEEK, language: str = "en") -> rendering.Texts:
    return rendering.render_for(Week(plan, week), recipient(plan, user, week), language)


def content(plan: Plan, user: User, week: date = WEEK) -> Content:
    of_week = Week(plan, week)
    return of_week.content(of_week.reader(recipient(plan, user, week)))


def page_of(plan: Plan, side: str) -> Page:
    """As a manager of the side sees the plan on the day of the digest."""
    day = WEEK + ONE_WEEK
    return Page(plan, [plan], Rights(role=Role.MANAGER, side=side), day, day, day)


def refs(items: Items) -> list[str]:
    return [row.obligation.ref for row in items.rows]


def test_an_official_is_told_of_their_own_actions_alone(plan: Plan) -> None:
    found = content(plan, create_official(plan, bodies=["nca"]))
    mine = {"3.2", "5.1", "5.2", "5.3", "5.4"}
    for items in (found.overdue, found.due, found.stale, found.awaiting):
        assert set(refs(items)) <= mine | {"2.6", "6.2", "6.3"}
    assert {entry.ref for entry in found.changed.rows} <= mine


def test_nothing_is_sent_to_an_official_of_whom_nothing_is_asked(calais: Plan) -> None:
    quiet = content(calais, create_official(calais, bodies=["jbiu"]), date(2014, 9, 15))
    assert quiet.is_empty
    assert not content(calais, create_manager(calais), date(2014, 9, 15)).is_empty


@pytest.mark.parametrize(
    "week", [date(2014, 9, 22) + timedelta(days=14 * number) for number in range(8)]
)
def test_the_states_of_a_manager_add_up_and_the_lists_agree_with_them(
    plan: Plan, week: date
) -> None:
    manager = create_manager(plan)
    found = content(plan, manager, week)
    page = found.week.page
    by_label = {str(line.label): line.now for line in found.week.counts}
    rows = list(page.standings_with_actions().filter(scored=True))
    assert sum(by_label.values()) == len(rows)
    assert found.awaiting.total == sum(row.state == "awaiting" for row in rows)
    open_and_silent = [row for row in rows if row.never_reported and row.state not in SETTLED]
    assert found.never_reported.total == len(open_and_silent)
    before = content(plan, manager, week - ONE_WEEK)
    change = {str(line.label): line.change for line in found.week.counts}
    was = {str(line.label): line.now for line in before.week.counts}
    assert change == {label: by_label.get(label, 0) - was.get(label, 0) for label in change}


def test_a_list_shows_the_seven_worst_and_counts_the_rest(calais: Plan) -> None:
    manager = create_manager(calais)
    found = content(calais, manager)
    rows = list(
        order_by_urgency(
            found.week.page.standings_with_actions().filter(scored=True, never_reported=True)
        )
    )
    silent = [row.obligation.ref for row in rows if row.state not in SETTLED]
    assert len(silent) > ITEMS_SHOWN
    assert refs(found.never_reported) == silent[:ITEMS_SHOWN]
    assert found.never_reported.not_shown == len(silent) - ITEMS_SHOWN
    texts = texts_of(calais, manager)
    assert f"and {found.never_reported.not_shown} more" in texts.text
    assert f"and {found.never_reported.not_shown} more" in texts.html


def test_whose_officials_all_unsubscribed_is_a_gap_that_managers_see(plan: Plan) -> None:
    manager = create_manager(plan)
    official = create_official(plan)
    assert "5.3" not in refs(content(plan, manager).unreminded)
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert "5.3" in [row.obligation.ref for row in unreminded_actions(page_of(plan, "GB"))]


def test_ten_times_the_actions_are_summed_up_with_as_many_queries(plan: Plan) -> None:
    load.load_plan(
        tenfold(samples.PLAN_FILE.read_text()).encode(), now=datetime(2014, 9, 20, 9, tzinfo=UTC)
    )
    large = Plan.objects.get(slug="tenfold")
    runner.run_due()
    for role in (Role.OFFICIAL, Role.MANAGER):
        counts = []
        for one in (plan, large):
            user = create_member(one, role, side="GB", bodies=["home-office"])
            with CaptureQueriesContext(connection) as captured:
                content(one, user)
            counts.append(len(captured))
        # a list that is longer than what is shown is counted as well
        assert counts[1] <= counts[0] + 6, role


def test_who_is_written_to_with_everybody_is_told_the_same_as_alone(plan: Plan) -> None:
    people = [
        create_manager(plan),
        create_manager(plan, side="FR"),
        create_official(plan, bodies=["nca"]),
        create_official(plan),
        create_official(plan, side="FR", bodies=["interior-ministry"]),
        create_official(plan, side="FR", bodies=[]),
    ]
    plan.memberships.get(user=people[2]).bodies.add(plan.bodies.get(code="port-authority"))
    outbox.queue(plan, WEEK)
    for row in Digest.objects.filter(plan=plan, week=WEEK):
        alone = content(plan, row.recipient)
        assert row.state == ("skipped" if alone.is_empty else "queued")
        if row.state == "queued":
            texts = texts_of(plan, row.recipient, language=row.language)
            assert (row.subject, row.text, row.html) == (texts.subject, texts.text, texts.html)
    assert Digest.objects.filter(plan=plan, week=WEEK, recipient__in=people).count() == len(people)


def test_a_digest_that_another_run_wrote_meanwhile_stays_as_it_is(plan: Plan) -> None:
    create_manager(plan)
    outbox.queue(plan, WEEK)
    (row,) = Digest.objects.all()
    again = Digest.objects.get(pk=row.pk)
    again.text, again.message_id = "another", "<1.other@example.org>"
    assert outbox._write(plan, WEEK, [again]) == 0
    assert Digest.objects.get().text == row.text


def test_what_others_loaded_or_recorded_is_news_and_not_what_one_recorded_oneself(
    plan: Plan,
) -> None:
    official = create_official(plan)
    everything = content(plan, official).changed.total
    assert everything > 0
    report_entry(
        "5.3", by=official, kind="note", note="It is so.", now=datetime(2015, 1, 7, 9, tzinfo=UTC)
    )
    assert content(plan, official).changed.total == everything


def test_the_times_of_a_digest_are_in_utc_wherever_it_is_written(calais: Plan) -> None:
    manager, night = create_manager(calais), datetime(2014, 9, 22, 23, 30, tzinfo=UTC)
    run = {"job": "flag_overdue", "day": night.date(), "outcome": "succeeded"}
    JobRun.objects.create(plan=calais, started=night, finished=night, **run)
    with timezone.override("Europe/London"):
        texts = texts_of(calais, manager, date(2014, 9, 15))
    assert "22 September 2014, 23:30 UTC" in texts.text
    assert "22 September 2014, 23:30 UTC" in texts.html
