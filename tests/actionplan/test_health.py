"""What is said to those who watch the site, and what a page says when the database does not answer."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone
from pytest_django import Settings

from actionplan import error_views
from actionplan.jobs import health, tasks
from actionplan.models import Digest, Mark, User
from commitments.models import Plan, Role
from tests import factories
from tests.client import Client
from tests.factories import create_official
from tests.servers import on_postgres


@pytest.fixture(scope="module")
def shared_work(shared_by_module: None) -> None:
    create_official(Plan.objects.get(slug="calais-2014"), bodies=["nca"])
    in_memory = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ACTIONPLAN_TODAY=factories.TODAY, EMAIL_BACKEND=in_memory):
        tasks.run_due_jobs()


@pytest.fixture
def worked(shared_work: None, calais: Plan, sample_day: date) -> Plan:
    """A worker has just done what was due."""
    return calais


def late() -> list[str]:
    found: list[str] = health.health_report(timezone.now())["late"]
    return found


def test_health_needs_no_database_and_readiness_does(client: Client, db: None) -> None:
    assert client.get("/health/ready/").content == b"ok\n"


def test_health_answers_without_a_query(client: Client) -> None:
    assert client.get("/health/").content == b"ok\n"


@pytest.mark.sqlite
def test_nothing_is_late_on_a_site_whose_worker_has_just_run(worked: Plan, client: Client) -> None:
    answer = client.get("/health/jobs/")
    found = answer.json()
    assert (answer.status_code, found["late"]) == (200, [])
    assert found["outbox"] == {"waiting": 0, "oldest_seconds": 0}
    assert found["queue"] == {"waiting": 0}
    assert "@" not in answer.content.decode()


@pytest.mark.sqlite
def test_a_worker_that_took_nothing_for_half_an_hour_is_late(worked: Plan) -> None:
    Mark.objects.filter(name=Mark.WORKER).update(at=timezone.now() - timedelta(minutes=30))
    assert late() == ["worker"]


@pytest.mark.sqlite
def test_a_digest_that_nobody_takes_for_an_hour_is_late_unless_mail_is_held(worked: Plan) -> None:
    past = timezone.now() - timedelta(hours=1)
    Digest.objects.update(state=Digest.State.QUEUED, next_try=past, tries=0)
    assert late() == ["outbox"]
    assert health.health_report(timezone.now())["outbox"]["waiting"] == Digest.objects.count()
    Mark.now(Mark.MAIL_HELD)
    assert late() == []


@pytest.mark.sqlite
def test_mail_that_is_in_time_is_not_counted(worked: Plan) -> None:
    recently = timezone.now() - timedelta(minutes=30)
    Digest.objects.update(state=Digest.State.QUEUED, next_try=recently, tries=0)
    outbox = health.health_report(timezone.now())["outbox"]
    assert outbox == {"waiting": 0, "oldest_seconds": 0}


@pytest.mark.slow
def test_a_queue_that_does_not_answer_is_late(
    worked: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")
    assert late() == ["queue"]


def test_a_site_without_a_queue_is_not_asked_for_its_worker(
    worked: Plan, settings: Settings
) -> None:
    settings.REDIS_URL = ""
    Mark.objects.all().delete()
    found = health.health_report(timezone.now())
    assert (found["late"], found["queue"], found["worker"]) == ([], None, None)


# Held mail


@pytest.fixture
def held(worked: Plan) -> Plan:
    Digest.objects.update(state=Digest.State.QUEUED, next_try=timezone.now(), tries=0)
    Mark.now(Mark.MAIL_HELD)
    return worked


@pytest.fixture
def administrator(held: Plan, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("administrator@example.org"))
    return client


@pytest.mark.sqlite
@pytest.mark.parametrize(("discard", "state"), [(False, "sent"), (True, "skipped")])
def test_held_mail_leaves_or_is_dropped_once_it_is_released(
    held: Plan, mailoutbox: list[Any], discard: bool, state: str
) -> None:
    mailoutbox.clear()
    tasks.run_due_jobs()
    assert mailoutbox == []
    out = io.StringIO()
    call_command("release_mail", *["--discard"] if discard else [], stdout=out)
    assert out.getvalue().startswith(f"released: {1 - discard} digests will be sent, {discard:d}")
    tasks.run_due_jobs()
    assert Digest.objects.get().state == state
    assert len(mailoutbox) == 1 - discard


@pytest.mark.sqlite
def test_a_digest_of_a_week_that_passed_while_mail_was_held_expires(held: Plan) -> None:
    Digest.objects.update(week="2014-12-01")
    call_command("release_mail", stdout=io.StringIO())
    assert Digest.objects.get().state == "expired"


def test_there_is_nothing_to_release_where_no_mail_is_held(
    worked: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call_command("release_mail")
    assert capsys.readouterr().err == "no mail is held here: there is nothing to release\n"


def test_an_administrator_sees_on_every_page_that_mail_is_held_and_releases_it(
    administrator: Client,
) -> None:
    assert "Emails are paused." in administrator.get("/").content.decode()
    assert "1 digest waits." in administrator.get("/digests/").content.decode()
    assert administrator.post("/digests/release/", {"discard": "1"}).status_code == 302
    assert "Emails are paused" not in administrator.get("/digests/").content.decode()
    assert Digest.objects.get().state == "skipped"


def test_nobody_else_sees_or_releases_it(held: Plan, client: Client) -> None:
    client.force_login(User.objects.get(memberships__role=Role.OFFICIAL))
    assert "Emails are paused" not in client.get("/digests/").content.decode()
    assert client.post("/digests/release/").status_code == 403
    assert Mark.when(Mark.MAIL_HELD)


# A database that does not answer


def test_a_worker_whose_database_goes_away_says_so_in_one_line(
    calais: Plan, caplog: pytest.LogCaptureFixture
) -> None:
    def drop(execute: Any, sql: str, *rest: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly\n\tThis probably means")

    with connection.execute_wrapper(drop):
        assert tasks.run_due_jobs() == 0
    (record,) = caplog.records
    assert "the database went away: server closed the connection" in record.getMessage()
    assert record.exc_info is None


def test_a_refused_address_leaves_no_traceback_in_the_log(
    calais: Plan, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(create_official(calais))
    assert client.post("/digests/release/").status_code == 403
    assert [record.exc_info for record in caplog.records if record.name == "django.request"] == [
        None
    ]


@pytest.mark.sqlite
def test_a_wrong_statement_is_our_fault_and_a_wait_that_was_too_long_is_not(db: None) -> None:
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError) as wrong, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    assert not error_views.is_database_away(wrong.value)
    if on_postgres():
        with (
            pytest.raises(OperationalError) as slow,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)")
        assert error_views.is_database_away(slow.value)


def test_a_page_whose_statement_takes_too_long_says_so_in_both_languages_and_keeps_the_text(
    calais: Plan,
) -> None:
    from django.db import transaction

    client = Client(raise_request_exception=False)
    client.force_login(create_official(calais))

    def slow(execute: Any, sql: str, *rest: Any) -> Any:
        return execute(
            "SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)"
            if "commitments_standing" in sql
            else sql,
            *rest,
        )

    with transaction.atomic(), connection.execute_wrapper(slow):
        answer = client.post("/actions/4.4/report/", {"note": "A long <word>", "key": "k"})
        transaction.set_rollback(True)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    content = answer.content.decode()
    assert "Back in a moment" in content
    assert "De retour dans un instant" in content
    assert "A long &lt;word&gt;" in content
