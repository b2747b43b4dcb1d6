"""Files that entries carry: stored before their entry is written, found again for its author, swept
where none came.

A file lies in MEDIA_ROOT under its uuid alone, outside every folder that a web server shows. One
that no entry carries is a draft of its author; a signed token, kept in the form, says so and what
the file is.
"""

import contextlib
import hashlib
import io
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from commitments.evidence import file_types
from commitments.evidence.file_types import LARGEST, Refused
from commitments.findings import Finding
from commitments.models import Entry, Evidence, HeldFile, Plan

MOST = 5
# a draft outlives its form, and a sweep its longest token
DRAFT_SECONDS, ORPHAN_SECONDS = 12 * 3600, 24 * 3600


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "evidence"


def path_of(pk: uuid.UUID) -> Path:
    return folder() / pk.hex[:2] / pk.hex


def small_path_of(pk: uuid.UUID) -> Path:
    """Where the small picture of a picture lies; it is drawn anew where it is missing."""
    return path_of(pk).with_suffix(".small")


class Unstored(UploadedFile):
    """An upload for which the disk had no room."""


def _unstored() -> str:
    return _("The file could not be stored. Try again later, or record without it.")


def store(upload: File[bytes]) -> Evidence:
    """Check, clean and store an upload under a new uuid; the row that comes back is not saved.
    Raises Refused.
    """
    if isinstance(upload, Unstored):
        raise Refused(_unstored())
    if not upload.size or upload.size > LARGEST:
        raise Refused(_("A file must hold something, and at most 20 MB."))
    file = Evidence(id=uuid.uuid4())
    path = path_of(file.id)
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # only this account of the system can read it
        partial.touch(mode=0o600, exist_ok=False)
        with partial.open("wb") as target:
            file_type = file_types.clean(upload, target)
            target.flush()
            os.fsync(target.fileno())
        file.size = partial.stat().st_size
        file.sha256 = _sha256_of(partial)
        partial.replace(path)
    except OSError as error:
        raise Refused(_unstored()) from error
    finally:
        partial.unlink(missing_ok=True)
    file.type = file_type.name
    file.name = file_types.clean_name(upload.name, file.type)
    if file_type.picture_format:
        # where the disk is full now, it is drawn when somebody looks
        with contextlib.suppress(OSError):
            draw_small_picture(file.id)
    return file


def draw_small_picture(pk: uuid.UUID) -> Path:
    """Of a stored picture; raises FileNotFoundError where it is gone."""
    path = small_path_of(pk)
    content = io.BytesIO()
    with path_of(pk).open("rb") as picture:
        file_types.draw_small(picture, content)
    partial = path.with_name(f"{pk.hex}.{uuid.uuid4().hex}.part")
    try:
        partial.touch(mode=0o600)
        partial.write_bytes(content.getvalue())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


# Drafts


def token(file: Evidence, *, plan: Plan, by: int) -> str:
    """Lets the author, and nobody else, name a stored file in this plan for some hours."""
    description = [file.id.hex, file.name, file.type, file.size, file.sha256]
    return signing.dumps(description, salt=_salt(plan, by))


def drafts(tokens: Iterable[str], *, plan: Plan, by: int) -> Iterator[Evidence]:
    """The stored files that these tokens name; a forged, old or foreign one names none."""
    ids = set()
    for text in tokens:
        try:
            description = signing.loads(text, salt=_salt(plan, by), max_age=DRAFT_SECONDS)
        except signing.BadSignature:
            continue
        key, name, type_name, size, sha256 = description
        file = Evidence(id=uuid.UUID(key), name=name, type=type_name, size=size, sha256=sha256)
        if file.id not in ids and path_of(file.id).exists():
            ids.add(file.id)
            yield file


def errors(files: Sequence[Evidence]) -> list[str]:
    """What stands against recording these: too many, gone since, or part of an entry already."""
    messages = []
    if len(files) > MOST:
        messages.append(_("An entry carries at most %(n)s files.") % {"n": MOST})
    if any(not path_of(file.id).exists() for file in files):
        messages.append(_("A file is no longer there: choose it again."))
    keys = [file.id for file in files]
    tables = (Evidence.objects, HeldFile.objects)
    if files and any(rows.filter(id__in=keys).exists() for rows in tables):
        messages.append(_("A file is part of another entry already: choose it again."))
    return messages


def _salt(plan: Plan, by: int) -> str:
    return f"commitments.evidence:{plan.pk}:{by}"


# What is no longer needed, and what is missing


def sweep() -> int:
    """Remove the files that no entry carries or that were redacted; returns how many.

    Safe to run twice and at any time: a file without an entry is left alone until its form cannot
    be sent any more.
    """
    oldest_draft = time.time() - ORPHAN_SECONDS
    removed = 0
    for shard in sorted(folder().glob("[0-9a-f][0-9a-f]")):
        paths = list(shard.iterdir())
        ids = [uuid.UUID(path.name) for path in paths if len(path.name) == 32]
        files = Evidence.objects.filter(id__in=ids)
        names = {file.id.hex: file.name for file in files}
        names |= {file.id.hex: file.name for file in HeldFile.objects.filter(id__in=ids)}
        for path in paths:
            # a small picture goes with its picture
            key = path.name.removesuffix(".small")
            is_redacted = names.get(key) == ""
            is_orphan = key not in names and path.stat().st_mtime < oldest_draft
            if is_redacted or is_orphan:
                path.unlink(missing_ok=True)
                removed += key == path.name
    return removed


def remove(files: Sequence[uuid.UUID]) -> None:
    """Remove the bytes of redacted files; what cannot be removed now is swept later."""
    for pk in files:
        path_of(pk).unlink(missing_ok=True)
        small_path_of(pk).unlink(missing_ok=True)


def verify_files(plan: Plan) -> Iterator[Finding]:
    """The files that are missing or altered, by entry; a redacted file may be missing."""
    redactions = Entry.objects.filter(plan=plan, kind="redacted", words__in=("files", "all"))
    redacted = set(redactions.values_list("to_id", flat=True))
    files = Evidence.objects.filter(entry__plan=plan).select_related("entry")
    for file in files.order_by("entry__number", "position").iterator(chunk_size=2000):
        values = {
            "position": file.position,
            "number": file.entry.number,
            "code": file.entry.code,
            "id": str(file.id),
        }
        path = path_of(file.id)
        if not path.exists():
            if file.entry_id not in redacted:
                yield Finding("file-missing", values)
        elif path.stat().st_size != file.size or _sha256_of(path) != file.sha256:
            yield Finding("file-altered", values)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
