"""Files that entries carry: stored before their entry is written, found again for its author, swept
where none came.

A file lies in MEDIA_ROOT under its uuid alone, outside every folder that a web server shows. One
that no entry carries is a draft of its author; a signed token, kept in the form, says so and what
the file is.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.utils.translation import gettext as _

from commitments.evidence import file_types
from commitments.evidence.file_types import LARGEST, Refused
from commitments.models import Entry, Evidence, Plan

MOST = 5
# a draft outlives its form, and a sweep its longest token
DRAFT_SECONDS, ORPHAN_SECONDS = 12 * 3600, 24 * 3600


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "evidence"


def path_of(pk: uuid.UUID) -> Path:
    return folder() / pk.hex[:2] / pk.hex


def store(upload: File[bytes]) -> Evidence:
    """Check, clean and store an upload under a new uuid; the row that comes back is not saved.
    Raises Refused.
    """
    if not upload.size or upload.size > LARGEST:
        raise Refused(_("A file must hold something, and at most 20 MB."))
    found = Evidence(id=uuid.uuid4())
    path = path_of(found.id)
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b"
        ) as target:
            kind = file_types.clean(upload, target)
            found.size = target.tell()
            found.sha256 = _sha256(target)
            os.fsync(target.fileno())
        partial.replace(path)
    except OSError as error:
        raise Refused(
            _("The file could not be stored. Try again later, or record without it.")
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    found.type, found.name = kind.name, file_types.clean_name(upload.name, kind.name)
    return found


def _sha256(file: Any) -> str:
    file.flush()
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


# Drafts


def token(file: Evidence, *, plan: Plan, by: int) -> str:
    """Lets the author, and nobody else, name a stored file in this plan for some hours."""
    said = [file.id.hex, file.name, file.type, file.size, file.sha256]
    return signing.dumps(said, salt=_salt(plan, by))


def drafts(tokens: Iterable[str], *, plan: Plan, by: int) -> Iterator[Evidence]:
    """The stored files that these tokens name; a forged, old or foreign one names none."""
    seen = set()
    for text in tokens:
        try:
            key, *said = signing.loads(text, salt=_salt(plan, by), max_age=DRAFT_SECONDS)
        except signing.BadSignature:
            continue
        file = Evidence(
            **dict(zip(("name", "type", "size", "sha256"), said, strict=True)), id=uuid.UUID(key)
        )
        if file.id not in seen and path_of(file.id).exists():
            seen.add(file.id)
            yield file


def errors(files: Sequence[Evidence]) -> list[str]:
    """What stands against recording these: too many, gone since, or part of an entry already."""
    found = []
    if len(files) > MOST:
        found.append(_("An entry carries at most %(n)s files.") % {"n": MOST})
    if any(not path_of(file.id).exists() for file in files):
        found.append(_("A file is no longer there: choose it again."))
    if files and Evidence.objects.filter(id__in=[file.id for file in files]).exists():
        found.append(_("A file is part of another entry already: choose it again."))
    return found


def _salt(plan: Plan, by: int) -> str:
    return f"commitments.evidence:{plan.pk}:{by}"


# What is no longer needed, and what is missing


def sweep() -> int:
    """Remove the files that no entry carries or that were redacted; how many. Right run twice and
    at any time.
    """
    limit, removed = time.time() - ORPHAN_SECONDS, 0
    for shard in sorted(folder().glob("[0-9a-f][0-9a-f]")):
        paths = list(shard.iterdir())
        ids = [uuid.UUID(path.name) for path in paths if len(path.name) == 32]
        names = {
            pk.hex: name
            for pk, name in Evidence.objects.filter(id__in=ids).values_list("pk", "name")
        }
        for path in paths:
            name = names.get(path.name)
            if name == "" or (name is None and path.stat().st_mtime < limit):
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def remove(files: Sequence[uuid.UUID]) -> None:
    """Remove the bytes of redacted files; what cannot be removed now is swept later."""
    for pk in files:
        path_of(pk).unlink(missing_ok=True)


def broken(plan: Plan) -> Iterator[str]:
    """The files that are missing or altered, by entry."""
    files = (
        Evidence.objects.filter(entry__plan=plan)
        .select_related("entry")
        .order_by("entry__number", "position")
    )
    removable = set(
        Entry.objects.filter(plan=plan, kind="redacted", words__in=("files", "all")).values_list(
            "to_id", flat=True
        )
    )
    for file in files.iterator(chunk_size=2000):
        entry, path = file.entry, path_of(file.id)
        if not path.exists():
            if file.entry_id not in removable:
                yield f"file {file.position} of entry {entry.number} ({entry.code}) is missing: {file.id}"
            continue
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
                yield f"file {file.position} of entry {entry.number} ({entry.code}) is not the one recorded: {file.id}"
