"""The write that moves money in the register: one entry, by a manager, with what follows from it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction

from commitments.models import Entry, Evidence, Plan
from commitments.models.rights import Rights
from commitments.register import services
from commitments.register.entries import Draft, civil_day
from funding.models import Contribution
from funding.permissions import can_record_payment, can_record_spending


@transaction.atomic
def record_money(
    *,
    plan: Plan,
    kind: str,
    ref: str,
    amount: Decimal,
    currency: str,
    effective: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
    instalment: int | None = None,
    purpose: str = "",
    note: str = "",
    source: str = "",
    files: Sequence[Evidence] = (),
) -> Entry:
    """Money that was paid, refunded or spent (`kind`).

    `ref` is the contribution that is paid or refunded; the action on which money was spent for a
    purpose, or empty where none is known. `key`, `seen` and `files` as in
    commitments.services.report. Raises ValidationError, PermissionDenied, NewerEntries.
    """
    draft = Draft(
        kind=kind,
        code=key,
        effective=effective,
        recorded_day=civil_day(now, plan.timezone),
        recorded_at=now,
        ref=ref,
        instalment=instalment,
        words=purpose,
        amount=amount,
        currency=currency,
        note=note,
        source=source,
        evidence=tuple(files),
    )
    rights = services.lock_and_read_rights(plan, by)
    if not _can_record(rights, plan, kind, ref):
        raise PermissionDenied
    return services.append_for_user(plan, [draft], by=by, rights=rights, now=now, seen=seen)


def _can_record(rights: Rights, plan: Plan, kind: str, ref: str) -> bool:
    if kind == "spent":
        return can_record_spending(rights)
    contribution = Contribution.objects.get(plan=plan, ref=ref)
    return can_record_payment(rights, contribution, plan)
