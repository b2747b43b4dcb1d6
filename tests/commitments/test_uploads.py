"""A form with files: whatever stands in the way of the files, its text is read."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from pytest_django import Settings

from actionplan.models import User
from commitments.evidence import storage
from commitments.evidence.file_types import Refused

LARGE = 600 * 1024


def send_file(user: object) -> HttpRequest:
    upload = SimpleUploadedFile("plan.pdf", b"%PDF" + bytes(LARGE))
    request = RequestFactory().post("/", {"uploads": upload, "note": "What I typed"})
    request.user = user  # type: ignore[assignment]
    return request


def ask_a_database_that_is_away() -> User:
    raise OperationalError("the server closed the connection unexpectedly")


def test_the_text_is_read_where_the_database_cannot_say_who_sends_it() -> None:
    request = send_file(SimpleLazyObject(ask_a_database_that_is_away))
    assert request.POST["note"] == "What I typed"
    assert not request.FILES


def test_a_file_for_which_there_is_no_room_is_refused_and_the_text_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "gone")
    request = send_file(User(email="official@example.org"))
    assert request.POST["note"] == "What I typed"
    with pytest.raises(Refused, match="could not be stored"):
        storage.store(request.FILES["uploads"])  # type: ignore[arg-type]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file grows beyond 200 KB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_on_the_way_refuses_the_file_as_well(full_disk: None) -> None:
    request = send_file(User(email="official@example.org"))
    assert request.POST["note"] == "What I typed"
    assert isinstance(request.FILES["uploads"], storage.Unstored)


def test_a_stranger_leaves_no_file() -> None:
    assert not send_file(AnonymousUser()).FILES
