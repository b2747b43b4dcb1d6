"""What must not be kept is removed for good by two; entries say so, and the chain verifies as before."""

import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from actionplan.models import User
from actionplan.overview.status import status
from commitments.evidence import storage
from commitments.models import Action, Entry, EntryText, Evidence, Membership, Plan, Role
from commitments.register import redaction, services
from tests import hostile
from tests.client import Client
from tests.factories import (
    annotate_entry,
    create_manager,
    create_member,
    create_official,
    create_viewer,
    load_entries,
    sign_in,
)
from tests.generated import blank
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


def ask(entry: Entry, by: Any, what: str = "all", **given: Any) -> Entry:
    given = {"now": NOW, "key": secrets.token_hex(8), "reason": "a person was named", **given}
    return redaction.ask_for_redaction(entry=entry, what=what, by=by, **given)


def agree(request: Entry, by: Any, key: str = "") -> Entry:
    return redaction.agree_to_redaction(
        request=request, by=by, now=NOW, key=key or secrets.token_hex(8)
    )


def redact(entry: Entry, by: Any, agreed_by: Any, what: str = "all") -> Entry:
    """Asked for by one, agreed to by the other; returns the entry that says so."""
    agree(ask(entry, by, what), agreed_by)
    return Entry.objects.filter(kind="redacted").latest("number")


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
    administrator: User,
    capsys: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    path = storage.path_of(entry.evidence.get().id)
    with django_capture_on_commit_callbacks(execute=True):
        removal = redact(entry, manager, administrator)
    assert (removal.kind, removal.to, removal.by) == ("redacted", entry, administrator)
    assert removal.text.reason == "a person was named"
    assert not EntryText.objects.filter(entry=entry).exists()
    assert (Evidence.objects.get(entry=entry).name, path.exists()) == ("", False)
    assert verify(capsys) == ""


def test_the_files_stay_until_it_is_certain_that_they_go(
    entry: Entry, manager: User, administrator: User
) -> None:
    """A crash before the commit loses no file; one after it leaves what the next sweep removes."""
    path = storage.path_of(entry.evidence.get().id)
    redact(entry, manager, administrator)
    assert path.exists()
    assert (storage.sweep(), path.exists()) == (1, False)


@pytest.mark.parametrize(("what", "text", "files"), [("text", False, True), ("files", True, False)])
def test_either_can_go_alone_and_the_other_later(
    entry: Entry,
    manager: User,
    administrator: User,
    capsys: pytest.CaptureFixture[str],
    what: str,
    text: bool,
    files: bool,
) -> None:
    redact(entry, manager, administrator, what)
    assert EntryText.objects.filter(entry=entry).exists() == text
    assert Evidence.objects.filter(entry=entry).exclude(name="").exists() == files
    assert verify(capsys) == ""
    with pytest.raises(ValidationError, match="out of what the entry still has"):
        ask(entry, manager, what)
    redact(entry, manager, administrator, "files" if text is False else "text")
    storage.sweep()
    assert (verify(capsys), redaction.redactable(entry)) == ("", [])


def test_a_redaction_of_files_does_not_cover_a_text_that_is_gone(
    entry: Entry, manager: User, administrator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    redact(entry, manager, administrator, "files")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commitments_entrystems WHERE text_id = %s", [entry.pk])
        cursor.execute("DELETE FROM commitments_entrytext WHERE entry_id = %s", [entry.pk])
    assert verify(capsys).startswith(f"calais-2014: the text of entry {entry.number} (k)")


def test_a_redaction_of_text_does_not_cover_a_file_that_is_gone(
    entry: Entry, manager: User, administrator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    redact(entry, manager, administrator, "text")
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
    said = verify(capsys)
    assert said.startswith(f"calais-2014: entry {entry.number} (k) does not match its hash\n")


def test_no_state_changes_and_what_was_said_still_counts(
    calais: Plan, entry: Entry, manager: User, administrator: User
) -> None:
    before = status(calais, TODAY, TODAY, today=TODAY)
    redact(entry, administrator, manager)
    assert status(calais, TODAY, TODAY, today=TODAY) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Removed on 12 January 2015: its text and its files."),
        ("fr", "Supprimé le 12\N{NO-BREAK SPACE}janvier\N{NO-BREAK SPACE}2015"),
    ],
)
def test_pages_and_exports_forget_the_text_and_say_why(
    calais: Plan,
    entry: Entry,
    manager: User,
    administrator: User,
    client: Client,
    language: str,
    said: str,
) -> None:
    reader = create_viewer(calais, language=language)
    client.force_login(reader)
    assert everything(client).count("J. Doe") >= 4
    redact(entry, manager, administrator)
    found = everything(client)
    assert "Doe" not in found
    assert said in found
    assert "a person was named" in found
    file = entry.evidence.get()
    assert client.get(f"/evidence/{file.id}/").status_code == 404
    assert file.sha256 in found
    # on an earlier day as well: what is gone is gone
    assert "Doe" not in client.get("/register/?on=2015-01-12&known=now").content.decode()


# Who asks, and who must agree


@pytest.mark.parametrize(("role", "side"), [(Role.VIEWER, "GB"), (Role.OFFICIAL, "GB")])
def test_only_managers_and_administrators_ask(
    calais: Plan, entry: Entry, client: Client, role: Role, side: str
) -> None:
    somebody = create_member(calais, role, side=side, bodies=["home-office"])
    with pytest.raises(PermissionDenied):
        ask(entry, somebody)
    client.force_login(somebody)
    address = f"/register/{entry.number}/redact/"
    assert [client.get(address).status_code, client.post(address, {}).status_code] == [403, 403]
    assert address not in client.get(f"/register/{entry.number}/").content.decode()


def test_asking_alone_removes_nothing(entry: Entry, manager: User) -> None:
    """Attack 6: nobody removes the other side's words, nor their own, alone."""
    request = ask(entry, manager)
    assert EntryText.objects.filter(entry=entry).exists()
    with pytest.raises(PermissionDenied):
        agree(request, manager)


def test_the_other_sides_words_go_only_when_a_manager_of_it_agrees(
    calais: Plan, entry: Entry, french_manager: User, administrator: User, manager: User
) -> None:
    """Attack 6."""
    request = ask(entry, french_manager)
    for somebody in (administrator, create_official(calais), create_manager(calais, side="FR")):
        with pytest.raises(PermissionDenied):
            agree(request, somebody)
    agree(request, manager)
    assert not EntryText.objects.filter(entry=entry).exists()


def test_an_administrator_needs_a_manager_of_the_side(
    entry: Entry, administrator: User, french_manager: User, manager: User
) -> None:
    request = ask(entry, administrator)
    for somebody in (administrator, french_manager):
        with pytest.raises(PermissionDenied):
            agree(request, somebody)
    agree(request, manager)
    assert not EntryText.objects.filter(entry=entry).exists()


def test_a_second_person_of_the_side_agrees_to_lose_its_own_words(
    calais: Plan, entry: Entry, manager: User, french_manager: User
) -> None:
    request = ask(entry, manager)
    with pytest.raises(PermissionDenied):
        agree(request, french_manager)
    agree(request, create_official(calais))
    assert not EntryText.objects.filter(entry=entry).exists()


def test_what_the_other_side_confirmed_needs_that_side_as_well(
    calais: Plan, entry: Entry, manager: User, french_manager: User, administrator: User
) -> None:
    """Attack 6."""
    annotate_entry(entry, by=french_manager, kind="confirmed", reason="", now=NOW)
    request = ask(entry, manager)
    agree(request, administrator)
    assert EntryText.objects.filter(entry=entry).exists()
    asked_for = redaction.find_redaction(entry)
    assert asked_for is not None
    assert asked_for.missing == ("FR",)
    agree(request, french_manager)
    assert not EntryText.objects.filter(entry=entry).exists()


def test_a_side_that_confirmed_agrees_by_asking(
    entry: Entry, manager: User, french_manager: User
) -> None:
    annotate_entry(entry, by=french_manager, kind="confirmed", reason="", now=NOW)
    agree(ask(entry, french_manager), manager)
    assert not EntryText.objects.filter(entry=entry).exists()


def test_any_second_person_agrees_to_lose_the_words_of_no_side(
    calais: Plan, administrator: User, french_manager: User
) -> None:
    row = {"id": "n", "ref": "4.4", "kind": "note", "effective": "2014-10-05", "side": ""}
    load_entries(calais, [blank(**row, recorded="2014-10-06", note="Met J. Doe")])
    entry = Entry.objects.get(code="n")
    request = ask(entry, administrator, "text")
    with pytest.raises(PermissionDenied):
        agree(request, administrator)
    agree(request, french_manager)
    assert not EntryText.objects.filter(entry=entry).exists()


def test_a_newer_request_takes_the_place_of_an_older_one(
    entry: Entry, manager: User, administrator: User
) -> None:
    older = ask(entry, manager, "all")
    newer = ask(entry, manager, "files")
    with pytest.raises(PermissionDenied):
        agree(older, administrator)
    agree(newer, administrator)
    assert EntryText.objects.filter(entry=entry).exists()


def test_an_agreement_that_is_sent_twice_is_one(
    entry: Entry, manager: User, administrator: User
) -> None:
    request = ask(entry, manager)
    first = agree(request, administrator, "once")
    assert agree(request, administrator, "once") == first
    assert Entry.objects.filter(kind="redacted").count() == 1


def test_rights_are_read_again_when_it_is_asked_for(
    entry: Entry, manager: User, administrator: User
) -> None:
    Membership.objects.filter(user=manager).update(role=Role.OFFICIAL)
    User.objects.filter(pk=administrator.pk).update(is_superuser=False)
    for somebody in (manager, administrator):
        with pytest.raises(PermissionDenied):
            ask(entry, somebody)


def test_what_a_plan_file_left_is_not_redacted(calais: Plan, administrator: User) -> None:
    for kind in ("terms", "plan"):
        with pytest.raises(PermissionDenied):
            ask(Entry.objects.filter(plan=calais, kind=kind)[0], administrator)


def test_the_reasons_of_a_redaction_stay(entry: Entry, manager: User, administrator: User) -> None:
    """Attack 6."""
    redact(entry, manager, administrator)
    for kind in ("redaction-asked", "redacted"):
        with pytest.raises(PermissionDenied):
            ask(Entry.objects.get(kind=kind), administrator, "text")


@pytest.mark.parametrize("given", [{"reason": " "}, {"what": "everything"}, {"what": ""}])
def test_a_redaction_needs_a_reason_and_something_to_remove(
    entry: Entry, manager: User, given: dict[str, str]
) -> None:
    with pytest.raises(ValidationError, match="give a reason"):
        ask(entry, manager, **given)


def test_it_is_asked_for_and_agreed_to_on_the_pages(
    entry: Entry, manager: User, administrator: User
) -> None:
    asking, agreeing = sign_in(administrator), sign_in(manager)
    page = f"/register/{entry.number}/"
    assert f"{page}redact/" in asking.get(page).content.decode()
    form = {"key": "r", "what": "all", "reason": "a person was named"}
    assert asking.post(f"{page}redact/", {**form, "reason": ""}).status_code == 422
    assert [asking.post(f"{page}redact/", form).status_code for _ in range(2)] == [302, 302]
    request = Entry.objects.get(kind="redaction-asked")
    agreement = f"/register/{request.number}/agree/"
    assert agreement not in asking.get(page).content.decode()
    assert asking.get(agreement).status_code == 403
    shown = agreeing.get(page).content.decode()
    assert agreement in shown
    assert "a person was named" in shown
    assert agreeing.get(agreement).status_code == 200
    assert [agreeing.post(agreement, {"key": "a"}).status_code for _ in range(2)] == [302, 302]
    shown = agreeing.get(page).content.decode()
    assert "Removed on 12 January 2015" in shown
    assert "Doe" not in shown
    assert f"{page}redact/" not in shown
    assert "neither text nor files" in asking.get(f"{page}redact/").content.decode()


# Hidden at once


@pytest.mark.slow
def test_an_administrator_hides_at_once_and_every_page_says_so(
    calais: Plan, entry: Entry, administrator: User, manager: User, client: Client
) -> None:
    ask(entry, administrator, hide=True)
    for reader in (create_viewer(calais), manager, administrator):
        client.force_login(reader)
        shown = everything(client)
        assert "Doe" not in shown
        assert "Hidden by an administrator until 19 January 2015" in shown
        assert client.get(f"/evidence/{entry.evidence.get().id}/").status_code == 404
        found = client.get("/register/?q=Doe").content.decode()
        assert f"entry-{entry.number}" not in found
    assert EntryText.objects.filter(entry=entry).exists()


def test_what_was_hidden_shows_again_after_seven_days(
    calais: Plan, entry: Entry, administrator: User, client: Client, settings: Settings
) -> None:
    ask(entry, administrator, hide=True)
    client.force_login(create_viewer(calais))
    settings.ACTIONPLAN_TODAY = date(2015, 1, 18)
    assert "Doe" not in everything(client)
    settings.ACTIONPLAN_TODAY = date(2015, 1, 19)
    assert "Doe" in everything(client)
    assert "Hidden by" not in everything(client)


def test_an_entry_is_hidden_once(entry: Entry, administrator: User, manager: User) -> None:
    with pytest.raises(PermissionDenied):
        ask(entry, manager, hide=True)
    ask(entry, administrator, hide=True)
    with pytest.raises(ValidationError, match="hidden before"):
        ask(entry, administrator, hide=True)


def test_what_was_hidden_and_agreed_to_is_gone(
    entry: Entry, administrator: User, manager: User, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(ask(entry, administrator, hide=True), manager)
    storage.sweep()
    assert not EntryText.objects.filter(entry=entry).exists()
    assert verify(capsys) == ""
