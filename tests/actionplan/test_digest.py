"""What a digest says, to whom, and that a plan of ten times the size costs no more to sum up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from actionplan.digests import content as weekly
from actionplan.digests import outbox, rendering
from actionplan.jobs import runner
from actionplan.local import samples
from actionplan.models import Digest, JobRun, User
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.lists.filters import order_by_urgency
from commitments.models import Membership, Plan, Role
from commitments.register import services
from commitments.register.permissions import reportable_actions
from commitments.rules.states import SETTLED
from tests.people import account
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


def content(plan: Plan, user: User, week: date = WEEK) -> weekly.Content:
    return weekly.build(plan, user, week)


def refs(items: weekly.Items) -> list[str]:
    return [row.obligation.ref for row in items.rows]


def test_an_official_is_told_of_their_own_actions_alone(plan: Plan) -> None:
    found = content(plan, account(plan, Role.OFFICIAL, "GB", "nca"))
    mine = {"3.2", "5.1", "5.2", "5.3", "5.4"}
    for items in found.lists.values():
        assert set(refs(items)) <= mine | {"2.6", "6.2", "6.3"}
    assert {entry.ref for entry in found.changed.rows} <= mine


def test_nothing_is_sent_to_an_official_of_whom_nothing_is_asked(calais: Plan) -> None:
    quiet = content(calais, account(calais, Role.OFFICIAL, "GB", "jbiu"), date(2014, 9, 15))
    assert quiet.is_empty
    assert not content(calais, account(calais, Role.MANAGER, "GB"), date(2014, 9, 15)).is_empty


@pytest.mark.parametrize(
    "week", [date(2014, 9, 22) + timedelta(days=14 * number) for number in range(8)]
)
def test_the_states_of_a_manager_add_up_and_the_lists_agree_with_them(
    plan: Plan, week: date
) -> None:
    manager = account(plan, Role.MANAGER, "GB")
    found = content(plan, manager, week)
    page = found.page
    by_label = {str(row["label"]): row["now"] for row in found.counts}
    rows = list(page.rows().filter(scored=True))
    assert sum(by_label.values()) == len(rows)
    assert found.lists["awaiting"].total == sum(row.state == "awaiting" for row in rows)
    open_and_silent = [row for row in rows if row.never_reported and row.state not in SETTLED]
    assert found.never.total == len(open_and_silent)
    before = content(plan, manager, week - weekly.WEEK)
    change = {str(row["label"]): row["change"] for row in found.counts}
    was = {str(row["label"]): row["now"] for row in before.counts}
    assert change == {label: by_label.get(label, 0) - was.get(label, 0) for label in change}


def test_a_list_shows_the_seven_worst_and_counts_the_rest(calais: Plan) -> None:
    manager = account(calais, Role.MANAGER, "GB")
    found = content(calais, manager)
    rows = list(order_by_urgency(found.page.rows().filter(scored=True, never_reported=True)))
    silent = [row.obligation.ref for row in rows if row.state not in SETTLED]
    assert len(silent) > weekly.SHOWN
    assert refs(found.never) == silent[: weekly.SHOWN]
    assert found.never.more == len(silent) - weekly.SHOWN
    _content, texts = rendering.rendered(calais, manager, WEEK, "en")
    assert f"and {found.never.more} more" in texts["text"]
    assert f"and {found.never.more} more" in texts["html"]


def test_whose_officials_all_unsubscribed_is_a_gap_that_managers_see(plan: Plan) -> None:
    manager = account(plan, Role.MANAGER, "GB")
    official = account(plan, Role.OFFICIAL, "GB", "home-office")
    assert "5.3" not in refs(content(plan, manager).unreminded)
    User.objects.filter(pk=official.pk).update(is_active=False)
    without = weekly.unreminded(content(plan, manager).page)
    assert "5.3" in [row.obligation.ref for row in without]


def test_ten_times_the_actions_are_summed_up_with_as_many_queries(plan: Plan) -> None:
    load.load_plan(
        tenfold(samples.PLAN_FILE.read_text()).encode(), now=datetime(2014, 9, 20, 9, tzinfo=UTC)
    )
    large = Plan.objects.get(slug="tenfold")
    runner.run_due()
    for role in (Role.OFFICIAL, Role.MANAGER):
        counts = []
        for one in (plan, large):
            user = account(one, role, "GB", "home-office")
            with CaptureQueriesContext(connection) as captured:
                content(one, user)
            counts.append(len(captured))
        # a list that is longer than what is shown is counted as well
        assert counts[1] <= counts[0] + 6, role


def test_who_is_written_to_with_everybody_is_told_the_same_as_alone(plan: Plan) -> None:
    people = [
        account(plan, Role.MANAGER, "GB"),
        account(plan, Role.MANAGER, "FR"),
        account(plan, Role.OFFICIAL, "GB", "nca"),
        account(plan, Role.OFFICIAL, "GB", "home-office"),
        account(plan, Role.OFFICIAL, "FR", "interior-ministry"),
        account(plan, Role.OFFICIAL, "FR"),
    ]
    plan.memberships.get(user=people[2]).bodies.add(plan.bodies.get(code="port-authority"))
    outbox.queue(plan, WEEK)
    for row in Digest.objects.filter(plan=plan, week=WEEK):
        told, texts = rendering.rendered(plan, row.recipient, WEEK, row.language)
        said = ("", "", "") if told.is_empty else (texts["subject"], texts["text"], texts["html"])
        assert (row.subject, row.text, row.html) == said
        assert row.state == ("skipped" if told.is_empty else "queued")
    assert Digest.objects.filter(plan=plan, week=WEEK, recipient__in=people).count() == len(people)


def test_a_digest_that_another_run_wrote_meanwhile_stays_as_it_is(plan: Plan) -> None:
    account(plan, Role.MANAGER, "GB")
    outbox.queue(plan, WEEK)
    (row,) = Digest.objects.all()
    again = Digest.objects.get(pk=row.pk)
    again.text, again.message_id = "another", "<1.other@example.org>"
    assert outbox._insert([again]) == 0
    assert Digest.objects.get().text == row.text


def test_a_report_while_the_digests_are_written_holds_up_none(plan: Plan) -> None:
    manager = account(plan, Role.MANAGER, "GB")
    memberships = Membership.objects.filter(user=manager).annotate(had_one=Value(value=False))
    week = weekly.Week(plan, WEEK, weekly.members(memberships))
    never = [row.obligation_id for row in week.rows if row.open and row.never_reported]
    for action in reportable_actions(week.page.rights, plan).filter(pk__in=never):
        key = f"meanwhile-{action.ref}"
        services.report(
            action=action, kind="progress", effective="2015-01-12", by=manager, now=NOW, key=key
        )
    (told,) = week.contents.values()
    assert [row.obligation_id for row in told.never.rows] == never[:7]


def test_the_times_of_a_digest_are_in_utc_wherever_it_is_written(calais: Plan) -> None:
    manager, night = account(calais, Role.MANAGER, "GB"), datetime(2014, 9, 22, 23, 30, tzinfo=UTC)
    run = {"job": "flag_overdue", "day": night.date(), "outcome": "succeeded"}
    JobRun.objects.create(plan=calais, started=night, finished=night, **run)
    with timezone.override("Europe/London"):
        _content, texts = rendering.rendered(calais, manager, date(2014, 9, 15), "en")
    assert "22 September 2014, 23:30 UTC" in texts["text"]
    assert "22 September 2014, 23:30 UTC" in texts["html"]
