"""What must not be kept is removed for good; an entry says so, and the chain verifies as before."""

import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from actionplan.models import User
from actionplan.overview.status import status
from commitments.evidence import storage
from commitments.models import Action, Entry, EntryText, Evidence, Membership, Plan, Role
from commitments.register import services
from tests import hostile
from tests.factories import create_member, create_viewer
from tests.servers import on_postgres

pytestmark = pytest.mark.sqlite
TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.ACTIONPLAN_TODAY = tmp_path, TODAY


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create(email="root@example.org", is_superuser=True, post="Administration")


@pytest.fixture
def entry(calais: Plan, manager: User) -> Entry:
    """A report with a name in its note and a file."""
    return services.report(
        action=Action.objects.get(plan=calais, ref="4.4"),
        kind="started",
        effective="2014-10-29",
        by=manager,
        now=NOW,
        key="k",
        note="Met J. Doe",
        source="https://example.org/doe",
        evidence=[storage.store(SimpleUploadedFile("J Doe.pdf", hostile.PDF))],
    )


def redact(entry: Entry, by: Any, what: str = "all", **given: Any) -> Entry:
    given = {"now": NOW, "key": secrets.token_hex(8), "reason": "a person was named", **given}
    return services.redact(entry=entry, what=what, by=by, **given)


def verify(capsys: pytest.CaptureFixture[str]) -> str:
    """Empty where everything holds."""
    capsys.readouterr()
    try:
        call_command("verify_register")
    except SystemExit:
        return str(capsys.readouterr().err)
    return ""


def everything(client: Client) -> str:
    """What the pages and exports of a reader say."""
    paths = (
        "register/",
        "actions/4.4/",
        "register/?format=csv",
        "register/?format=json",
        "status.json",
        "",
    )
    answers: list[Any] = [client.get(f"/{path}") for path in paths]
    return "".join(
        b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()
        for answer in answers
    )


def test_text_and_files_are_gone_and_the_chain_verifies(
    entry: Entry,
    manager: User,
    capsys: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    path = storage.path_of(entry.evidence.get().id)
    with django_capture_on_commit_callbacks(execute=True):
        redaction = redact(entry, manager)
    assert (redaction.kind, redaction.to, redaction.side, redaction.by) == (
        "redacted",
        entry,
        "GB",
        manager,
    )
    assert redaction.text.reason == "a person was named"
    assert not EntryText.objects.filter(entry=entry).exists()
    assert (Evidence.objects.get(entry=entry).name, path.exists()) == ("", False)
    assert verify(capsys) == ""


def test_the_files_stay_until_it_is_certain_that_they_go(entry: Entry, manager: User) -> None:
    """A crash before the commit loses no file; one after it leaves what the next sweep removes."""
    path = storage.path_of(entry.evidence.get().id)
    redact(entry, manager)
    assert path.exists()
    assert (storage.sweep(), path.exists()) == (1, False)


@pytest.mark.parametrize(("what", "text", "files"), [("text", False, True), ("files", True, False)])
def test_either_can_go_alone_and_the_other_later(
    entry: Entry,
    manager: User,
    capsys: pytest.CaptureFixture[str],
    what: str,
    text: bool,
    files: bool,
) -> None:
    redact(entry, manager, what)
    assert EntryText.objects.filter(entry=entry).exists() == text
    assert Evidence.objects.filter(entry=entry).exclude(name="").exists() == files
    assert verify(capsys) == ""
    with pytest.raises(ValidationError, match="out of what the entry still has"):
        redact(entry, manager, what)
    redact(entry, manager, "files" if text is False else "text")
    storage.sweep()
    assert (verify(capsys), services.redactable(entry)) == ("", [])


def test_a_redaction_of_files_does_not_cover_a_text_that_is_gone(
    entry: Entry, manager: User, capsys: pytest.CaptureFixture[str]
) -> None:
    redact(entry, manager, "files")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commitments_entrytext WHERE entry_id = %s", [entry.pk])
    assert verify(capsys).startswith(f"calais-2014: the text of entry {entry.number} (k)")


def test_a_redaction_of_text_does_not_cover_a_file_that_is_gone(
    entry: Entry, manager: User, capsys: pytest.CaptureFixture[str]
) -> None:
    redact(entry, manager, "text")
    storage.path_of(entry.evidence.get().id).unlink()
    assert "is missing" in verify(capsys)


def test_what_is_altered_without_a_redaction_is_named(
    entry: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    with connection.cursor() as cursor:
        if on_postgres():
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("DROP TRIGGER evidence_no_update")
        cursor.execute(
            "UPDATE commitments_evidence SET sha256 = 'x' WHERE entry_id = %s", [entry.pk]
        )
        if on_postgres():
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert verify(capsys) == f"calais-2014: entry {entry.number} (k) does not match its hash\n"


def test_no_state_changes_and_what_was_said_still_counts(
    calais: Plan, entry: Entry, administrator: User
) -> None:
    before = status(calais, TODAY, TODAY, today=TODAY)
    redact(entry, administrator)
    assert status(calais, TODAY, TODAY, today=TODAY) == before


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Removed on 12 January 2015: its text and its files."),
        ("fr", "Supprimé le 12 janvier 2015"),
    ],
)
def test_pages_and_exports_forget_the_text_and_say_why(
    calais: Plan, entry: Entry, manager: User, client: Client, language: str, said: str
) -> None:
    reader = create_viewer(calais, language=language)
    client.force_login(reader)
    assert everything(client).count("J. Doe") >= 4
    redact(entry, manager)
    found = everything(client)
    assert "Doe" not in found
    assert said in found
    assert "a person was named" in found
    file = entry.evidence.get()
    assert client.get(f"/evidence/{file.id}/").status_code == 404
    assert file.sha256 in found
    # on an earlier day as well: what is gone is gone
    assert "Doe" not in client.get("/register/?on=2015-01-12&known=now").content.decode()


@pytest.mark.parametrize(
    ("role", "side"), [(Role.VIEWER, "GB"), (Role.OFFICIAL, "GB"), (Role.MANAGER, "FR")]
)
def test_only_a_manager_of_the_side_and_an_administrator_redact(
    calais: Plan, entry: Entry, client: Client, role: Role, side: str
) -> None:
    somebody = create_member(calais, role, side=side, bodies=["home-office"])
    with pytest.raises(PermissionDenied):
        redact(entry, somebody)
    client.force_login(somebody)
    address = f"/register/{entry.number}/redact/"
    assert [client.get(address).status_code, client.post(address, {}).status_code] == [403, 403]
    assert address not in client.get(f"/register/{entry.number}/").content.decode()
    assert EntryText.objects.filter(entry=entry).exists()


def test_rights_are_read_again_when_it_is_removed(
    entry: Entry, manager: User, administrator: User
) -> None:
    Membership.objects.filter(user=manager).update(role=Role.OFFICIAL)
    User.objects.filter(pk=administrator.pk).update(is_superuser=False)
    for somebody in (manager, administrator):
        with pytest.raises(PermissionDenied):
            redact(entry, somebody)


def test_what_a_plan_file_left_is_not_redacted(calais: Plan, administrator: User) -> None:
    for kind in ("terms", "plan"):
        with pytest.raises(PermissionDenied):
            redact(Entry.objects.filter(plan=calais, kind=kind)[0], administrator)


@pytest.mark.parametrize("given", [{"reason": " "}, {"what": "everything"}, {"what": ""}])
def test_a_redaction_needs_a_reason_and_something_to_remove(
    entry: Entry, manager: User, given: dict[str, str]
) -> None:
    with pytest.raises(ValidationError, match="give a reason"):
        redact(entry, manager, **given)
    assert EntryText.objects.filter(entry=entry).exists()


def test_an_administrator_removes_a_text_on_the_page_once(
    entry: Entry, administrator: User, client: Client
) -> None:
    client.force_login(administrator)
    address = f"/register/{entry.number}/redact/"
    assert address in client.get(f"/register/{entry.number}/").content.decode()
    assert client.get(address).status_code == 200
    form = {"key": "r", "what": "all", "reason": "a person was named"}
    assert client.post(address, {**form, "reason": ""}).status_code == 422
    assert client.post(address, {**form, "preview": "1"}).status_code == 200
    assert EntryText.objects.filter(entry=entry).exists()
    assert [client.post(address, form).status_code for _ in range(2)] == [302, 302]
    assert Entry.objects.filter(kind="redacted").count() == 1
    page = client.get(f"/register/{entry.number}/").content.decode()
    assert "a person was named" in page
    assert address not in page
    assert "neither text nor files" in client.get(address).content.decode()


def test_the_reason_of_a_redaction_can_be_redacted(
    entry: Entry, administrator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    first = redact(entry, administrator, reason="J. Doe asked for it")
    redact(first, administrator, "text")
    storage.sweep()
    assert (EntryText.objects.filter(entry=first).exists(), verify(capsys)) == (False, "")
