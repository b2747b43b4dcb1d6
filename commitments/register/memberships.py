"""Rights in a plan: whatever is given, changed or ended is an entry of the kind `rights`.

Both sides hear of it, and what the table of memberships says can be derived from the register. An
entry names an account by its number alone.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from commitments.findings import Finding
from commitments.models import Body, Entry, Membership, Plan
from commitments.register.entries import Draft, append
from commitments.register.entry_types import RIGHTS
from commitments.register.services import draft_now

# what an entry says of an account: role (empty: none any more), side, codes of bodies
Terms = dict[str, Any]


@transaction.atomic
def set_rights(
    plan: Plan,
    account: int,
    *,
    role: str,
    side: str = "",
    bodies: Iterable[Body] = (),
    by: int | None,
    now: datetime,
) -> None:
    """Give an account these rights in a plan, or none where `role` is empty."""
    Plan.objects.lock(plan)
    if not _is_recorded(plan):
        record_differences(plan, now)
    memberships = Membership.objects.filter(plan=plan, user=account)
    if role:
        membership, _is_new = memberships.update_or_create(
            plan=plan, user_id=account, defaults={"role": role, "side": side}
        )
        membership.bodies.set(bodies)
    else:
        memberships.delete()
    before = recorded_rights(plan).get(account)
    after = stored_rights(plan).get(account)
    if before != after:
        append(plan, [_draft_rights(plan, account, after, now)], by=by, now=now)


@transaction.atomic
def record_differences(plan: Plan, now: datetime) -> list[Entry]:
    """Record what the table says and the register does not; said by no account."""
    Plan.objects.lock(plan)
    before, after = recorded_rights(plan), stored_rights(plan)
    drafts = [
        _draft_rights(plan, account, after.get(account), now)
        for account in sorted(before.keys() | after.keys())
        if before.get(account) != after.get(account)
    ]
    return append(plan, drafts, by=None, now=now)


def _draft_rights(plan: Plan, account: int, rights: Terms | None, now: datetime) -> Draft:
    terms = rights or {"account": account, "role": "", "side": "", "bodies": []}
    return draft_now(plan, now, kind=RIGHTS, code=f"rights-{secrets.token_hex(12)}", terms=terms)


def _is_recorded(plan: Plan) -> bool:
    return Entry.objects.filter(plan=plan, kind=RIGHTS).exists()


def recorded_rights(plan: Plan) -> dict[int, Terms]:
    """What the last entry about each account says, of those that have rights."""
    entries = Entry.objects.filter(plan=plan, kind=RIGHTS).order_by("number")
    latest: dict[int, Terms] = {}
    for terms in entries.values_list("terms", flat=True):
        assert terms is not None
        latest[terms["account"]] = terms
    return {account: terms for account, terms in latest.items() if terms["role"]}


def stored_rights(plan: Plan) -> dict[int, Terms]:
    """The same as the table of memberships has it."""
    memberships = Membership.objects.filter(plan=plan).prefetch_related("bodies")
    return {
        membership.user_id: {
            "account": membership.user_id,
            "role": membership.role,
            "side": membership.side,
            "bodies": sorted(body.code for body in membership.bodies.all()),
        }
        for membership in memberships
    }


def verify_memberships(plan: Plan) -> Iterator[Finding]:
    """The memberships that are not what the register says, by the number of their account."""
    stored = stored_rights(plan)
    if stored and not _is_recorded(plan):
        yield Finding("rights-later")
        return
    recorded = recorded_rights(plan)
    for account in sorted(stored.keys() | recorded.keys()):
        if stored.get(account) != recorded.get(account):
            yield Finding("rights", {"account": account})
