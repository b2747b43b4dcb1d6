"""Files that entries carry, to whoever may read the entry; and how much an upload may bring."""

import contextlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    SkipFile,
    TemporaryFileUploadHandler,
)
from django.db import InterfaceError, OperationalError
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.evidence.file_types import LARGEST, TYPES
from commitments.models import Evidence, HeldFile
from commitments.models.register import is_hidden
from commitments.pages.base import PlanView
from commitments.pages.entries import entries_on


class EvidenceFile(PlanView):
    """Always to be saved and never to be shown, whatever is in it."""

    def get(self, request: HttpRequest, key: UUID) -> FileResponse:
        return send_file(self.find(key))

    def find(self, key: UUID) -> Evidence:
        entries = entries_on(self.page).exclude(is_hidden("files", self.page.today))
        return get_object_or_404(Evidence.objects.readable_in(entries), pk=key)


class SmallPicture(EvidenceFile):
    """The picture as pages show it, to whoever may have the file."""

    def get(self, request: HttpRequest, key: UUID) -> FileResponse:
        return send_small_picture(self.find(key))


def send_small_picture(file: Evidence | HeldFile) -> FileResponse:
    """Send the small picture. This site drew it from a checked picture, so that it may be shown."""
    if not TYPES[file.type].picture_format:
        raise Http404
    path = storage.small_path_of(file.id)
    try:
        if not path.exists():
            # stored by an earlier release, or restored
            storage.draw_small_picture(file.id)
        content = path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return _protect(FileResponse(content, content_type="image/jpeg"))


def send_file(file: Evidence | HeldFile) -> FileResponse:
    try:
        content = storage.path_of(file.id).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, as_attachment=True, filename=file.name)
    response.headers["Content-Type"] = TYPES[file.type].content_type
    return _protect(response)


def _protect(response: FileResponse) -> FileResponse:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


class Bounded(FileUploadHandler):
    """Before anything is read: no more than a form can hold, and no files of somebody who is not
    signed in.

    Where the database is away and cannot say who that is, the files are left out as well, so that
    the text of the form is read and can be given back.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        _input, _meta, content_length, *_more = args
        if content_length > storage.MOST * LARGEST + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig(
                _(
                    "The files are larger than 100 MB together: go back and choose fewer or smaller ones."
                )
            )

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        try:
            is_stranger = self.request is not None and not self.request.user.is_authenticated
        except (OperationalError, InterfaceError):
            raise SkipFile from None
        if is_stranger:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class OnDisk(TemporaryFileUploadHandler):
    """Django's own; where the disk takes no more, the form is read all the same and the file is
    refused with it.
    """

    is_unstored = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.is_unstored = False
        try:
            super().new_file(*args, **kwargs)
        except OSError:
            self.is_unstored = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.is_unstored:
            return
        try:
            super().receive_data_chunk(raw_data, start)
            self.file.flush()
        except OSError:
            self.is_unstored = True
            # what its buffer holds finds no room either
            with contextlib.suppress(OSError):
                self.file.close()

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if self.is_unstored:
            return storage.Unstored(name=self.file_name)
        return super().file_complete(file_size)
