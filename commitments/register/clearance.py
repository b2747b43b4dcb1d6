"""A side clears what its officials write before the others read it.

1. What an official of such a side records waits, visible to that side alone (`held`).
2. One of its managers releases it: it becomes an entry through the same checks as any report, by the
   official, recorded and known from then on. A second entry, of the kind `released`, says who
   released it and when it was written.
3. Or the manager sends it back with a reason. It stays for its author to read, who takes it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from commitments.models import Entry, HeldReport, Membership
from commitments.models.rights import rights_of
from commitments.register import held, permissions
from commitments.register.entries import append
from commitments.register.entry_types import RELEASED
from commitments.register.services import (
    append_and_project,
    check_drafts,
    draft_now,
    lock_and_read_rights,
)


@transaction.atomic
def release(
    *,
    report: HeldReport,
    by: AbstractBaseUser,
    now: datetime,
    changes: Mapping[str, Any] | None = None,
) -> Entry:
    """Let a report enter the register; `changes` are the fields of its first draft that the manager
    edited. Raises ValidationError, PermissionDenied.
    """
    report = _lock_waiting(report, by)
    _check_author(report)
    entry = append_held(report, now, changes or {})
    released = draft_now(
        report.plan,
        now,
        kind=RELEASED,
        code=f"{report.code}-released",
        side=report.side,
        to=entry,
        words=report.written.isoformat(),
    )
    append(report.plan, [released], by=by.pk, now=now)
    report.delete()
    return entry


@transaction.atomic
def release_several(
    *, reports: Sequence[HeldReport], by: AbstractBaseUser, now: datetime
) -> list[Entry]:
    """Release all of them, the oldest first, or none. Raises ValidationError, PermissionDenied."""
    return [release(report=report, by=by, now=now) for report in reports]


def append_held(report: HeldReport, now: datetime, changes: Mapping[str, Any]) -> Entry:
    """Append a report as if it were released, for a caller in a transaction that holds the plan's
    lock.
    """
    drafts = held.read_drafts(report, now)
    drafts[0] = replace(drafts[0], **changes)
    report.files.all().delete()
    context = check_drafts(report.plan, drafts)
    held.raise_held_version(report.plan, report.side)
    return append_and_project(report.plan, drafts, context=context, by=report.by_id, now=now)[0]


@transaction.atomic
def send_back(*, report: HeldReport, by: AbstractBaseUser, now: datetime, reason: str) -> None:
    """Send a report back to its author with a reason; for managers. Raises ValidationError,
    PermissionDenied.
    """
    report = _lock_waiting(report, by)
    if not reason.strip():
        raise ValidationError(_("Give a reason."))
    report.state = HeldReport.State.RETURNED
    report.decided_by_id = by.pk
    report.reason = reason
    report.changed = now
    report.version = held.raise_held_version(report.plan, report.side)
    report.save()


@transaction.atomic
def take_back(*, report: HeldReport, by: AbstractBaseUser) -> None:
    """Remove a report, whether it waits or was sent back; for its author. Its files go with the
    next sweep. Raises PermissionDenied.
    """
    lock_and_read_rights(report.plan, by)
    own = HeldReport.objects.filter(pk=report.pk, by=by.pk)
    if not own.exists():
        raise PermissionDenied
    held.raise_held_version(report.plan, report.side)
    own.delete()


def _check_author(report: HeldReport) -> None:
    """Refuse a report whose author has lost the right to record it. The entry will be theirs, and
    the verification of the register asks whether they had the right. Raises ValidationError.
    """
    author = rights_of(Membership.objects.of(report.by, report.plan))
    if not (permissions.can_write(author) and author.side == report.side):
        raise ValidationError(
            _("Its author no longer writes for your side: record it yourself, or send it back.")
        )


def _lock_waiting(report: HeldReport, by: AbstractBaseUser) -> HeldReport:
    """Lock the plan and read the report anew, so that nobody else decides on it until the end of
    the transaction. Raises ValidationError, PermissionDenied.
    """
    rights = lock_and_read_rights(report.plan, by)
    waiting = HeldReport.objects.filter(pk=report.pk, state=HeldReport.State.WAITING)
    current = waiting.select_related("plan").first()
    if current is None:
        raise ValidationError(_("Somebody else has decided on this report meanwhile."))
    if not permissions.can_release(rights, current):
        raise PermissionDenied
    return current
