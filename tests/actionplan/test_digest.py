"""What a digest says, to whom, and that a plan of ten times the size costs no more to sum up."""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings
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
from commitments.lists.filters import order_by_urgency
from commitments.models import Plan, Role
from commitments.models.rights import Rights
from commitments.pages.page import Page
from commitments.register import memberships, redaction
from commitments.rules.states import SETTLED
from tests.factories import (
    create_manager,
    create_member,
    create_official,
    decide_action,
    report_entry,
)
from tests.plans import tenfold

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
WEEK = date(2015, 1, 5)


@pytest.fixture(scope="module")
def shared_due_jobs(shared_sample_entries: None) -> None:
    with override_settings(ACTIONPLAN_TODAY=NOW.date()):
        runner.run_due()


@pytest.fixture
def plan(shared_due_jobs: None, calais: Plan, settings: Settings) -> Plan:
    """The Calais plan with its sample entries, on a day whose jobs are done."""
    settings.ACTIONPLAN_TODAY = NOW.date()
    return calais


def recipient(plan: Plan, user: User, week: date) -> Recipient:
    return next(one for one in recipients(plan, week) if one.user == user)


def texts_of(plan: Plan, user: User, week: date = WEEK, language: str = "en") -> rendering.Texts:
    return rendering.Renderer(Week(plan, week)).render(recipient(plan, user, week), language)


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
    for items in [found.lists[name] for name in ("overdue", "due", "stale", "awaiting")]:
        assert set(refs(items)) <= mine | {"2.6", "6.2", "6.3"}
    assert {entry.ref for entry in found.lists["changed_by_others"].rows} <= mine


def test_nothing_is_sent_to_an_official_of_whom_nothing_is_asked(calais: Plan) -> None:
    quiet = content(calais, create_official(calais, bodies=["jbiu"]), date(2014, 9, 22))
    assert quiet.is_empty
    assert not content(calais, create_manager(calais), date(2014, 9, 15)).is_empty


@pytest.mark.slow
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
    assert found.lists["awaiting"].total == sum(row.state == "awaiting" for row in rows)
    open_and_silent = [row for row in rows if row.never_reported and row.state not in SETTLED]
    assert found.lists["never_reported"].total == len(open_and_silent)
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
    never_reported = found.lists["never_reported"]
    assert refs(never_reported) == silent[:ITEMS_SHOWN]
    assert never_reported.not_shown == len(silent) - ITEMS_SHOWN
    texts = texts_of(calais, manager)
    assert f"and {never_reported.not_shown} more" in texts.text
    assert f"and {never_reported.not_shown} more" in texts.html


def test_whose_officials_all_unsubscribed_is_a_gap_that_managers_see(plan: Plan) -> None:
    manager = create_manager(plan)
    official = create_official(plan)
    assert "5.3" not in refs(content(plan, manager).lists["unreminded"])
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert "5.3" in [row.obligation.ref for row in unreminded_actions(page_of(plan, "GB"))]


@pytest.mark.slow
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


@pytest.mark.slow
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
    everything = content(plan, official).lists["changed_by_others"].total
    assert everything > 0
    report_entry(
        "5.3", by=official, kind="note", note="It is so.", now=datetime(2015, 1, 7, 9, tzinfo=UTC)
    )
    assert content(plan, official).lists["changed_by_others"].total == everything


def test_the_times_of_a_digest_are_in_utc_wherever_it_is_written(calais: Plan) -> None:
    manager, night = create_manager(calais), datetime(2014, 9, 22, 23, 30, tzinfo=UTC)
    run = {"job": "flag_overdue", "day": night.date(), "outcome": "succeeded"}
    JobRun.objects.create(plan=calais, started=night, finished=night, **run)
    with timezone.override("Europe/London"):
        texts = texts_of(calais, manager, date(2014, 9, 15))
    assert "22 September 2014, 23:30 UTC" in texts.text
    assert "22 September 2014, 23:30 UTC" in texts.html


def test_both_sides_hear_which_terms_a_correction_altered_whatever_day_it_counts_from(
    plan: Plan,
) -> None:
    people = [create_official(plan), create_manager(plan, side="FR")]
    text = samples.PLAN_FILE.read_text()
    assert 'kind = "start", when = "2014-10"' in text
    text = text.replace('kind = "start", when = "2014-10"', 'kind = "start", when = "2014-12"')
    load.load_plan(f'correction = "Misread."\n{text}'.encode(), now=NOW)
    week = WEEK + ONE_WEEK
    for person in people:
        meaning = content(plan, person, week).lists["meaning"]
        assert [entry.kind for entry in meaning.rows] == ["terms", "plan"]
        texts = texts_of(plan, person, week)
        line = (
            "4.4 terms: deadline October 2014 → December 2014: Misread. (counts from 20 Sep 2014)"
        )
        assert line in texts.text
        assert line in html.unescape(texts.html)


def test_a_correction_of_a_change_counts_from_the_day_of_the_change(plan: Plan) -> None:
    signed = samples.PLAN_FILE.read_text()
    heads = {
        "2014-12": 'change = "Agreed."\nfrom = 2014-10-10\n',
        "2015-01": 'correction = "No."\n',
    }
    for month, head in heads.items():
        text = signed.replace(
            'kind = "start", when = "2014-10"', f'kind = "start", when = "{month}"'
        )
        load.load_plan((head + text).encode(), now=NOW)
    text = texts_of(plan, create_manager(plan), WEEK + ONE_WEEK).text
    assert "October 2014 → December 2014: Agreed. (counts from 10 Oct 2014)" in text
    assert "December 2014 → January 2015: No. (counts from 10 Oct 2014)" in text


def test_rights_are_told_to_both_sides_with_the_post(plan: Plan) -> None:
    user = create_manager(plan, post="Head of Mission")
    memberships.set_rights(plan, user.pk, role="manager", side="FR", by=None, now=NOW)
    texts = texts_of(plan, create_manager(plan, side="FR"), WEEK + ONE_WEEK, language="fr")
    assert f"compte n°\u00a0{user.pk} (Head of Mission)\u00a0: responsable, France" in texts.text


def test_a_move_that_one_side_proposes_is_called_so(plan: Plan) -> None:
    manager = create_manager(plan, side="GB")
    decide_action(
        "2.5",
        by=manager,
        kind="moved",
        when="2015-03",
        reason="Late.",
        now=datetime(2015, 1, 8, 9, tzinfo=UTC),
    )
    text = texts_of(plan, create_manager(plan, side="FR")).text
    assert "→ March 2015 (proposed, not yet confirmed by the other side): Late." in text


def test_a_disputed_action_is_not_simply_counted_as_met(plan: Plan) -> None:
    assert "- met: 3, of them 1 disputed" in texts_of(plan, create_manager(plan, side="FR")).text


def test_of_what_has_no_date_a_list_says_first_that_it_is_under_way(plan: Plan) -> None:
    rows = [row for row in Week(plan, WEEK).open_actions if row.stale and not row.never_reported]
    assert all(row.last_report <= row.stale_since for row in rows)
    text = texts_of(plan, create_manager(plan, side="FR")).text
    assert ": under way, no date, no report since" in text


def test_a_redaction_is_told_with_the_entry_that_it_is_about(plan: Plan) -> None:
    manager = create_manager(plan)
    entry = report_entry(by=manager, kind="note", note="A name.", now=NOW)
    redaction.ask_for_redaction(
        entry=entry, what="text", by=manager, now=NOW, key="k", reason="It names somebody."
    )
    texts = texts_of(plan, create_official(plan, side="FR", bodies=[]), WEEK + ONE_WEEK)
    assert f"redaction asked for entry {entry.number}: It names somebody." in texts.text


def test_the_subject_and_first_sentence_say_what_needs_a_decision(plan: Plan) -> None:
    texts = texts_of(plan, create_official(plan))
    counted, plan_title = texts.subject.split(" – ")
    assert plan_title == plan.title["en"]
    assert not re.search(r"\b0\b", counted)
    scope, _, counted = counted.partition(": ")
    assert scope == "Your actions"
    sentence = f"This week in your actions: {counted}."
    assert sentence in texts.text and sentence in texts.html
    assert texts.text.index(sentence) < texts.text.index("\n\n")
    assert re.search(r'class="button" href="[^"]*/report/">\s*Report', texts.html)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_manager_reads_of_a_promise_in_two_currencies_as_one(plan: Plan, language: str) -> None:
    texts = texts_of(plan, create_manager(plan), language=language)
    promised = {
        "en": "Promised: €15 million (£12 million, the same money)",
        "fr": "Promis : 15 millions d’euros (12 millions de livres sterling, la même somme)",
    }
    paid = {"en": "Paid: €3 million", "fr": "Versé : 3 millions d’euros"}
    for text in (texts.text, html.unescape(texts.html)):
        said = " ".join(text.split())
        assert promised[language] in said
        assert f"{paid[language]} -" in said or f"{paid[language]}</li>" in said
        assert "GBP" not in said


def test_what_is_worst_comes_first_among_the_states(plan: Plan) -> None:
    labels = [str(line.label) for line in content(plan, create_manager(plan)).week.counts]
    assert labels[:3] == ["overdue", "due", "due soon"]
    assert labels[-2:] == ["superseded", "not pursued"]
