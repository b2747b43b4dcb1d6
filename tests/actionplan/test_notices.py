"""A word at once: who hears of what, how soon, in how many mails, and that none is lost or doubled."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from actionplan.digests import notices, outbox
from actionplan.digests.recipients import set_pace
from actionplan.digests.rendering import unsubscribe_token
from actionplan.models import Digest, Follow, NoticeMark, Subscription, User
from commitments.models import Entry, HeldReport, Plan
from commitments.register import clearance, flags
from commitments.register.services import HeldForRelease
from tests.client import Client
from tests.factories import (
    annotate_entry,
    answer_question,
    ask_for_redaction,
    ask_side,
    create_manager,
    create_official,
    create_viewer,
    decide_action,
    record_payment,
    report_entry,
    sign_in,
)

pytestmark = pytest.mark.django_db
Pace = Subscription.Pace
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
LATER = NOW + timedelta(minutes=11)
MORNING = datetime(2015, 1, 13, 7, 30, tzinfo=UTC)


@pytest.fixture
def british(calais: Plan) -> User:
    notices.queue(calais, NOW - timedelta(hours=1))
    return create_manager(calais)


@pytest.fixture
def french(calais: Plan) -> User:
    return create_manager(calais, side="FR", language="fr")


def told(plan: Plan, user: User, now: datetime = LATER) -> list[str]:
    """The texts of the mails that are queued by now."""
    notices.queue(plan, now)
    mails = Digest.objects.filter(recipient=user, kind=Digest.Kind.NOTICE)
    return list(mails.order_by("pk").values_list("text", flat=True))


def test_the_other_side_hears_of_a_claim_within_minutes_and_of_its_own_nothing(
    calais: Plan, british: User, french: User
) -> None:
    done = report_entry("2.5", by=british, kind="completed", note="Ports agreed.")
    assert told(calais, french, SOON) == []
    (text,) = told(calais, french)
    assert "Royaume-Uni, achèvement\u00a0: Ports agreed." in text
    assert f"/plans/calais-2014/register/{done.number}/confirm/" in text
    assert told(calais, british) == []
    assert len(told(calais, french, LATER + timedelta(hours=1))) == 1


def test_one_mail_holds_what_came_within_ten_minutes(
    calais: Plan, british: User, french: User
) -> None:
    for number in range(30):
        report_entry("2.5", by=british, kind="completed", now=NOW + timedelta(seconds=number))
    (text,) = told(calais, french)
    assert text.count("/confirm/") == notices.LINES_SHOWN
    assert "et 10\u00a0autres" in text


@pytest.mark.parametrize(
    ("pace", "texts"), [(Pace.WORD, 0), (Pace.AT_ONCE, 1), (Pace.DAILY, 0), (Pace.WEEKLY, 0)]
)
def test_everybody_chooses_when_they_hear_of_what_needs_no_word(
    calais: Plan, british: User, french: User, pace: str, texts: int
) -> None:
    set_pace(french, calais, pace)
    done = report_entry("2.5", by=french, kind="completed")
    annotate_entry(done, by=british, kind="confirmed")
    assert len(told(calais, french)) == texts
    assert len(told(calais, french, MORNING)) == texts + (pace == Pace.DAILY)
    assert len(told(calais, french, MORNING + timedelta(hours=2))) == texts + (pace == Pace.DAILY)


def test_each_kind_leads_to_the_form_that_answers_it(
    calais: Plan, british: User, french: User
) -> None:
    said = report_entry("4.4", by=french, kind="started", note="J. Doe")
    asked = ask_side(by=french, side="GB")
    report_entry("4.4", by=british, note="No word is asked for.")
    lines = {
        f"{annotate_entry(said, by=british, kind='disputed').number}/ask/",
        f"{ask_side(by=british, side='FR').number}/answer/",
        f"{decide_action('2.5', by=british, kind='moved', when='../2015-03-31').number}/confirm/",
        f"{record_payment(by=british).number}/confirm/",
        f"{answer_question(asked, by=british).number}/",
        f"{ask_for_redaction(said, by=british).number}/agree/",
    }
    (text,) = told(calais, french)
    assert set(re.findall(r"/register/(\S+)", text)) == lines
    client = sign_in(french)
    for line in lines:
        address = f"/plans/calais-2014/register/{line}"
        assert client.get(address).status_code == 200
        led_to = Client().get(address)
        assert led_to.status_code == 302 and f"next={address}" in led_to.headers["Location"]


def test_a_mail_names_the_action_who_said_what_and_the_act_that_is_asked_for(
    calais: Plan, british: User, french: User
) -> None:
    said = report_entry("4.4", by=french, kind="started", note="J. Doe")
    annotate_entry(said, by=british, kind="disputed")
    ask_side(by=british, side="FR")
    notices.queue(calais, LATER)
    notice = Digest.objects.get(recipient=french)
    assert notice.subject == "4.4 : contestation (Royaume-Uni) et 1 autre"
    assert "<strong>4.4 Lancer les campagnes d’information</strong>" in notice.html
    html = notice.html.replace("\u00a0", " ")
    assert "Royaume-Uni, contestation (lancement, France, 12 janvier 2015)" in html
    buttons = re.findall(r'class="button" href="\S+">\s*([^<]+?)\s*</a>', notice.html)
    assert buttons == ["Poser une question", "Répondre"]


def test_officials_hear_of_their_own_actions_and_followers_of_any(
    calais: Plan, british: User, french: User
) -> None:
    own = create_official(calais, side="FR", bodies=["interior-ministry"])
    other = create_official(calais, side="FR", bodies=[])
    viewer = create_viewer(calais)
    report_entry("2.5", by=british, kind="completed")
    assert [len(told(calais, user)) for user in (own, other, viewer)] == [1, 0, 0]
    sign_in(viewer).post("/actions/2.5/follow/", {"follow": "1"})
    report_entry("2.5", by=british, note="Seen.", now=LATER)
    after = LATER + timedelta(minutes=11)
    (text,) = told(calais, viewer, after)
    assert "2.5 Work out the border control measures: United Kingdom, progress: Seen." in text
    sign_in(viewer).post("/actions/2.5/follow/", {"follow": "0"})
    assert not Follow.objects.exists()


def test_what_became_overdue_is_told_to_its_own_officials_that_morning(
    calais: Plan, british: User
) -> None:
    official = create_official(calais)
    flags.bring_up_to(calais, date(2015, 1, 13))
    (text,) = told(calais, official, MORNING)
    assert "/plans/calais-2014/actions/4.4/report/" in text and "overdue since" in text
    assert told(calais, british, MORNING) == []


def test_two_runs_at_once_tell_once_and_a_killed_one_is_made_up_for(
    calais: Plan, british: User, french: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_entry("2.5", by=british, kind="completed")
    stale = NoticeMark.objects.get(is_daily=False)
    with killed(monkeypatch), pytest.raises(KeyboardInterrupt):
        notices.queue(calais, LATER)
    assert len(told(calais, french)) == 1
    # what another run has read before the first one moved the mark
    assert notices._queue_after(stale, LATER) == 0
    assert len(told(calais, french)) == 1


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker ends when it has written the mails."""

    def end(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Digest.objects, "bulk_create", end)
        yield


def test_a_mail_goes_only_to_those_who_still_want_it(
    calais: Plan, british: User, french: User
) -> None:
    report_entry("2.5", by=british, kind="completed")
    notices.queue(calais, LATER)
    token = unsubscribe_token(french, calais, notices_only=True)
    page = Client().post(f"/unsubscribe/{token}/")
    assert "weekly digest alone" in page.content.decode()
    outbox.deliver()
    assert mail.outbox == []
    assert Digest.objects.get().state == Digest.State.SKIPPED
    assert Subscription.objects.get().active


def test_the_choice_is_made_on_the_page_of_digests(calais: Plan, french: User) -> None:
    client = sign_in(french)
    client.post("/digests/", {"pace": "daily"})
    assert Subscription.objects.get(user=french).pace == Pace.DAILY
    assert 'value="daily" checked' in client.get("/digests/").content.decode()


@pytest.mark.slow
def test_a_thousand_events_for_two_hundred_people_are_a_few_mails_each(
    calais: Plan, british: User, django_assert_max_num_queries: Any
) -> None:
    people = [create_manager(calais, side="FR", email=f"{n}@example.org") for n in range(200)]
    template = report_entry("5.3", by=british, kind="completed")
    keep = {f.attname: getattr(template, f.attname) for f in Entry._meta.concrete_fields}
    for tick in range(6):
        loaded = NOW + timedelta(minutes=10 * tick)
        rows = [
            Entry(
                **{
                    **keep,
                    "id": None,
                    "number": template.number + 1 + tick * 170 + n,
                    "code": f"{tick}-{n}",
                    "loaded_at": loaded,
                }
            )
            for n in range(170)
        ]
        Entry.objects.bulk_create(rows)
        with django_assert_max_num_queries(40):
            notices.queue(calais, loaded + timedelta(minutes=10))
    mails = Digest.objects.filter(kind=Digest.Kind.NOTICE)
    assert mails.count() == 6 * len(people)
    assert max(len(one.text) for one in mails[:10]) < 6000


def test_dispute_question_answer_and_confirmation_take_no_monday(
    calais: Plan, british: User, french: User, settings: Settings
) -> None:
    """GB disputes, FR hears, asks, GB answers, FR confirms: by pages and mails alone."""
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    said = report_entry("2.5", by=french, kind="completed")
    london, paris = sign_in(british), sign_in(french)
    form = {"key": "d", "reason": "The list lacks two ports."}
    london.post(f"/register/{said.number}/dispute/", form)
    paris.post(path_in_mail(calais, french, "ask/"), {"key": "q", "side": "GB", "note": "Which?"})
    london.post(path_in_mail(calais, british, "answer/"), {"key": "a", "note": "Dover. Corrected."})
    done = {
        "key": "c",
        "kind": "completed",
        "day": "12 January 2015",
        "note": "All.",
        "anyway": "1",
    }
    assert london.post("/actions/2.5/report/", done).status_code == 302
    mailed = path_in_mail(calais, french, "confirm/")
    assert paris.post(mailed, {"key": "y"}).status_code == 302
    kinds = list(Entry.objects.order_by("-number").values_list("kind", flat=True)[:5])
    assert kinds == ["confirmed", "completed", "answer", "question", "disputed"]


def path_in_mail(plan: Plan, user: User, page: str) -> str:
    """The address of this form in the newest mail, which is sent first."""
    mail.outbox.clear()
    notices.queue(plan, NOW)
    outbox.deliver()
    body = next(str(one.body) for one in reversed(mail.outbox) if one.to == [user.email])
    (address,) = re.findall(rf"http://[^/]*(/plans/\S+/{page})", body)
    return str(address)


def hold(by: User, **fields: Any) -> HeldReport:
    with pytest.raises(HeldForRelease) as held:
        report_entry(by=by, **fields)
    (report,) = held.value.reports
    return report


def test_managers_hear_of_what_waits_for_release_and_authors_what_became_of_it(
    calais: Plan, british: User, french: User
) -> None:
    Plan.objects.filter(pk=calais.pk).update(clearance=["GB"])
    calais.refresh_from_db()
    author = create_official(calais, post="Desk officer")
    first, second = hold(author, note="Ships hired."), hold(author)
    assert told(calais, british, SOON) == []
    (text,) = told(calais, british)
    assert "a report waits for your release (Desk officer)" in text
    assert f"/plans/calais-2014/mine/held/{first.pk}/" in text
    assert told(calais, french) == told(calais, author) == []
    entry = clearance.release(report=first, by=british, now=LATER)
    clearance.send_back(report=second, by=british, now=LATER, reason="Which ships?")
    later = LATER + timedelta(minutes=11)
    (text,) = told(calais, author, later)
    assert "Which ships?" in text and f"/mine/held/{second.pk}/" in text
    assert f"/plans/calais-2014/register/{entry.number}/" in text
    assert len(told(calais, british, later)) == 1
