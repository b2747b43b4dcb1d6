"""Files that entries carry, to whoever may read the entry; and how much an upload may bring."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.evidence.file_types import LARGEST, TYPES
from commitments.models import Evidence
from commitments.pages.base import PlanView
from commitments.pages.entries import entries_on


class EvidenceFile(PlanView):
    """Always to be saved and never to be shown, whatever is in it."""

    def get(self, request: HttpRequest, key: UUID) -> FileResponse:
        file = get_object_or_404(Evidence.objects.readable_in(entries_on(self.page)), pk=key)
        try:
            content = storage.path_of(file.id).open("rb")
        except FileNotFoundError:
            raise Http404 from None
        response = FileResponse(content, as_attachment=True, filename=file.name)
        response.headers["Content-Type"] = TYPES[file.type].content_type
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response


class Bounded(FileUploadHandler):
    """Before anything is read: no more than a form can hold, and no files of somebody who is not
    signed in.
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
        if self.request and not self.request.user.is_authenticated:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
