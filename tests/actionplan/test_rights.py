"""The application's role on PostgreSQL: what it cannot do to the register, and that the site works
with it.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from actionplan.jobs import tasks
from actionplan.local import samples
from commitments.models import Entry, Plan
from tests.client import Client
from tests.factories import create_official

# roles belong to the whole server, which the processes of the tests share
ROLE = f"actionplan_app_{os.environ.get('PYTEST_XDIST_WORKER', '')}"
ALLOWING = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def role(calais: Plan) -> Iterator[str]:
    """Made, granted and taken back with the test's transaction."""
    execute(f'CREATE ROLE "{ROLE}" LOGIN')
    call_command("grant_rights", ROLE, stdout=io.StringIO())
    yield ROLE


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """With its rights alone, whoever opened the connection."""
    execute(f'SET SESSION AUTHORIZATION "{role}"')
    try:
        yield
    finally:
        execute("RESET SESSION AUTHORIZATION")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commitments_entry SET kind = 'note'",
        "DELETE FROM commitments_entry",
        "TRUNCATE commitments_entry CASCADE",
        "ALTER TABLE commitments_entry DISABLE TRIGGER ALL",
        "ALTER TABLE commitments_entry ADD COLUMN more integer",
        "DROP TRIGGER commitments_entry_rows ON commitments_entry",
        "DROP TABLE commitments_entrytext",
        "UPDATE commitments_entrytext SET note = ''",
        "TRUNCATE commitments_entrytext",
        "CREATE TRIGGER t BEFORE INSERT ON commitments_entry EXECUTE FUNCTION register_is_append_only()",
        f"CREATE OR REPLACE FUNCTION register_is_append_only() {ALLOWING}",
        f"CREATE FUNCTION mine() {ALLOWING}",
        "CREATE TABLE mine (id integer)",
        "SET session_replication_role = replica",
        "UPDATE django_migrations SET name = 'another'",
        "UPDATE commitments_planfile SET content = ''",
        "DELETE FROM commitments_planfile",
        "UPDATE commitments_signedtext SET content = ''",
        "DELETE FROM commitments_signedtext",
        "DELETE FROM commitments_plan",
        "DELETE FROM commitments_obligation",
        "DELETE FROM commitments_action",
        "DELETE FROM funding_instalment",
        "UPDATE commitments_flag SET since = '2020-01-01'",
        "UPDATE commitments_flag SET kind = 'another'",
        "DELETE FROM commitments_flag",
        "UPDATE commitments_evidence SET sha256 = ''",
        "UPDATE actionplan_checkpoint SET hash = ''",
        "DELETE FROM actionplan_checkpoint",
        "DELETE FROM actionplan_witnesssignature",
        "UPDATE actionplan_witnesskey SET side = 'FR'",
        "DELETE FROM actionplan_witnesskey",
        "UPDATE actionplan_signingkey SET verifier = ''",
        "DELETE FROM actionplan_user",
        "DELETE FROM actionplan_jobrun",
        "INSERT INTO auth_group (name) VALUES ('another')",
        "TRUNCATE commitments_standing",
        "SELECT setval('commitments_entry_id_seq', 1)",
        "INSERT INTO commitments_entry SELECT * FROM commitments_entry ON CONFLICT (id) DO UPDATE SET kind = 'note'",
        "COPY commitments_entry TO PROGRAM 'cat'",
        "SET ROLE postgres",
    ],
)
def test_the_role_cannot_touch_what_is_recorded(role: str, statement: str) -> None:
    with (
        as_role(role),
        pytest.raises(DatabaseError, match=r"permission denied|must be"),
        transaction.atomic(),
    ):
        execute(statement)


def test_the_register_of_the_role_refuses_to_lose_a_text_that_was_not_redacted(
    role: str, calais: Plan
) -> None:
    samples.load_samples(calais)
    with as_role(role), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        execute("DELETE FROM commitments_entrytext")


@pytest.mark.slow
def test_the_site_works_with_it(role: str, calais: Plan, client: Client) -> None:
    user = create_official(calais)
    before = Entry.objects.count()
    with as_role(role):
        client.force_login(user)
        for path in (
            "/",
            "/commitments/",
            "/actions/4.4/",
            "/register/",
            "/mine/",
            "/digests/",
            "/fund/",
        ):
            assert client.get(path).status_code == 200, path
        page = client.get("/actions/4.4/report/")
        form = page.context["form"]
        fields = {name: form[name].value() or "" for name in form.fields}
        answer = client.post(
            "/actions/4.4/report/", fields | {"kind": "progress", "note": "Under way"}
        )
        assert answer.status_code == 302, answer.content.decode()
        tasks.run_due_jobs()
        assert client.get("/witnesses/").status_code == 200
        call_command("verify_register", stdout=io.StringIO())
    assert Entry.objects.count() == before + 1


def test_what_a_superuser_changed_is_named(
    role: str, calais: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    samples.load_samples(calais)
    changed = Entry.objects.filter(kind="completed").order_by("number").first()
    assert changed
    execute("SET LOCAL session_replication_role = replica")
    execute(f"UPDATE commitments_entry SET effective = '2014-10-01' WHERE id = {changed.pk}")  # noqa: S608 a number
    execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(SystemExit):
        call_command("verify_register")
    assert (
        f"entry {changed.number} ({changed.code}) does not match its hash"
        in capsys.readouterr().err
    )


def test_a_second_grant_changes_nothing_and_names_every_table(role: str) -> None:
    outputs = []
    for _time in range(2):
        out = io.StringIO()
        call_command("grant_rights", ROLE, stdout=out)
        outputs.append(out.getvalue())
    assert outputs[0] == outputs[1]
    assert "commitments_entry: SELECT, INSERT\n" in outputs[0]
    assert "django_migrations: SELECT\n" in outputs[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "message"), [("nobody here", "there is no role"), ("postgres", "is a superuser")]
)
def test_a_role_that_rights_cannot_bind_is_refused(
    name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call_command("grant_rights", name)
    assert message in capsys.readouterr().err


@pytest.mark.sqlite
def test_on_sqlite_there_are_no_rights_to_grant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    with pytest.raises(SystemExit):
        call_command("grant_rights", "actionplan")
    assert "only PostgreSQL knows roles" in capsys.readouterr().err
