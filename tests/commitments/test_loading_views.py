"""Entries loaded from a file in the browser: shown before, for one's own side, all or nothing."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Entry, Membership, Plan
from tests.generated import blank

ADDRESS = "/register/load/"
STARTED = blank(id="b1", ref="4.4", kind="started", effective="2014-10-05", recorded="2014-10-06", side="GB")


def content(*rows: dict[str, str]) -> str:
    return "\n".join([",".join(blank()), *(",".join(row.values()) for row in rows)])


def file(*rows: dict[str, str]) -> SimpleUploadedFile:
    return SimpleUploadedFile("entries.csv", content(*rows).encode())


@pytest.fixture
def manager(calais: Plan, settings: Settings, client: Client) -> Client:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    user = User.objects.create(email="manager.gb@example.org")
    Membership.objects.create(user=user, plan=calais, role="manager", side="GB")
    client.force_login(user)
    return client


def test_a_file_is_first_shown_with_the_states_that_it_would_change(manager: Client) -> None:
    answer = manager.post(ADDRESS, {"file": file(STARTED)})
    assert answer.status_code == 200
    assert [(change.name, change.before, change.after) for change in answer.context["changes"]] == [
        ("4.4", "overdue", "met")
    ]
    assert not Entry.objects.reported().exists()


def test_what_was_shown_is_recorded_when_its_reader_says_so(manager: Client) -> None:
    shown = manager.post(ADDRESS, {"file": file(STARTED | {"note": "two\u00a0words"})})
    text = shown.context["form"].initial["content"]
    # a browser sends line ends as CR LF
    assert manager.post(ADDRESS, {"content": text.replace("\n", "\r\n"), "load": "1"}).status_code == 302
    entry = Entry.objects.reported().get()
    assert (entry.code, entry.side, entry.text.note) == ("b1", "GB", "two\u00a0words")
    again = manager.post(ADDRESS, {"file": file(STARTED | {"note": "two\u00a0words"})})
    assert (len(again.context["reading"].rows), again.context["reading"].skipped) == (0, 1)


def test_a_manager_loads_entries_of_their_own_side_only(manager: Client) -> None:
    theirs = STARTED | {"id": "b2", "side": "FR"}
    for fields in ({"file": file(STARTED, theirs)}, {"content": content(STARTED, theirs), "load": "1"}):
        answer = manager.post(ADDRESS, fields)
        assert answer.status_code == 422
        assert [fault.line for fault in answer.context["reading"].faults] == [3]
    assert not Entry.objects.reported().exists()


def test_an_administrator_loads_entries_of_any_side(calais: Plan, settings: Settings, client: Client) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    client.force_login(User.objects.create(email="root@example.org", is_superuser=True))
    both = content(STARTED, STARTED | {"id": "b2", "side": "FR"})
    assert client.post(ADDRESS, {"content": both, "load": "1"}).status_code == 302
    assert Entry.objects.reported().count() == 2


@pytest.mark.parametrize(("role", "side"), [("official", "GB"), ("viewer", "")])
def test_officials_and_viewers_load_nothing(calais: Plan, client: Client, role: str, side: str) -> None:
    user = User.objects.create(email="somebody@example.org")
    Membership.objects.create(user=user, plan=calais, role=role, side=side)
    client.force_login(user)
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, {"content": content(STARTED), "load": "1"}).status_code == 403


def test_no_file_and_a_broken_one_are_answered_with_what_would_be_right(manager: Client) -> None:
    assert manager.post(ADDRESS, {}).status_code == 422
    broken = SimpleUploadedFile("entries.csv", b"id,ref\n\xff")
    answer = manager.post(ADDRESS, {"file": broken})
    assert answer.status_code == 422
    assert answer.context["reading"].faults
