"""The write that moves money in the register: one entry, by a manager, with what follows from it."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from commitments.models import Entry, Plan
from commitments.models.rights import Rights
from commitments.register.services import append_for_user, draft_now
from funding.models import Contribution
from funding.permissions import can_record_payment, can_record_spending


def record_money(
    *,
    plan: Plan,
    kind: str,
    ref: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
    purpose: str = "",
    **fields: Any,
) -> Entry:
    """Money that was paid, refunded or spent (`kind`).

    `ref` is the contribution that is paid or refunded; the action on which money was spent for a
    purpose, or empty where none is known. `key` and `seen` as in
    commitments.register.services.report; `fields` are those of a Draft: `amount`, `currency`,
    `effective`, `instalment`, `note`, `source` and `evidence`. Raises ValidationError,
    PermissionDenied, NewerEntries.
    """
    draft = draft_now(plan, now, kind=kind, code=key, ref=ref, words=purpose, **fields)
    return append_for_user(
        plan,
        [draft],
        by=by,
        now=now,
        seen=seen,
        is_allowed=lambda rights: _can_record(rights, plan, kind, ref),
    )


def _can_record(rights: Rights, plan: Plan, kind: str, ref: str) -> bool:
    if kind == "spent":
        return can_record_spending(rights)
    contribution = Contribution.objects.get(plan=plan, ref=ref)
    return can_record_payment(rights, contribution, plan)
