"""The writes that move money in the register: each one entry, by a manager, with what follows from
it.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction

from commitments.models import Entry, Evidence, Plan
from commitments.register import services
from commitments.register.entries import Draft, civil_day
from funding.models import Contribution
from funding.permissions import can_record_payment, can_record_spending


def record_payment(
    *,
    contribution: Contribution,
    kind: str,
    instalment: int,
    amount: Decimal,
    currency: str,
    effective: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None,
    note: str = "",
    source: str = "",
    files: Sequence[Evidence] = (),
) -> Entry:
    """Money paid into a contribution, or refunded (`kind`), by a manager of the side that promised
    it.

    `key`, `seen` and `files` as in commitments.services.report. Raises ValidationError,
    PermissionDenied, NewerEntries.
    """
    plan = contribution.plan
    draft = Draft(
        kind=kind,
        code=key,
        effective=effective,
        recorded_day=civil_day(now, plan.timezone),
        recorded_at=now,
        ref=contribution.ref,
        instalment=instalment,
        amount=amount,
        currency=currency,
        note=note,
        source=source,
        evidence=tuple(files),
    )

    with transaction.atomic():
        rights = services.lock_and_read_rights(plan, by)
        if not can_record_payment(rights, contribution, plan):
            raise PermissionDenied
        return services.append_for_user(plan, [draft], by=by, rights=rights, now=now, seen=seen)


def record_spending(
    *,
    plan: Plan,
    purpose: str,
    ref: str,
    amount: Decimal,
    currency: str,
    effective: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    note: str = "",
    source: str = "",
    files: Sequence[Evidence] = (),
) -> Entry:
    """Money used for a purpose, and for an action where one is known (`ref`), by a manager of
    either side.
    """
    draft = Draft(
        kind="spent",
        code=key,
        effective=effective,
        recorded_day=civil_day(now, plan.timezone),
        recorded_at=now,
        ref=ref,
        words=purpose,
        amount=amount,
        currency=currency,
        note=note,
        source=source,
        evidence=tuple(files),
    )
    with transaction.atomic():
        rights = services.lock_and_read_rights(plan, by)
        if not can_record_spending(rights):
            raise PermissionDenied
        return services.append_for_user(plan, [draft], by=by, rights=rights, now=now, seen=None)
