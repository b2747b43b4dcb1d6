"""The writes that move money in the register: each one entry, by a manager, with what follows from
it.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.base_user import AbstractBaseUser

from commitments.models import Entry, Evidence, Membership, Plan, Role
from commitments.models.rights import Rights
from commitments.register import services
from commitments.register.entries import Draft, civil_day
from funding.models import Contribution


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

    def allowed(membership: Membership, _draft: Draft) -> bool:
        return may_pay(membership, contribution, plan)

    return services.write(plan, [draft], by=by, now=now, seen=seen, allowed=allowed)


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
    return services.write(
        plan,
        [draft],
        by=by,
        now=now,
        seen=None,
        allowed=lambda membership, _: may_spend(membership),
    )


def may_pay(rights: Rights | Membership, contribution: Contribution, plan: Plan) -> bool:
    """A manager of the contributing side; of any side where the contributor is none that reports
    here.
    """
    if rights.role != Role.MANAGER:
        return False
    return contribution.side not in plan.sides or contribution.side == rights.side


def may_spend(rights: Rights | Membership) -> bool:
    return rights.role == Role.MANAGER
