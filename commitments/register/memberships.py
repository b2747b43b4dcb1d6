"""Rights in a plan: whatever is given, changed or ended is an entry of the kind `rights`.

Both sides hear of it, and what the table of memberships says can be derived from the register. An
entry names an account by its number alone. Of the post, which pages show with all that the account
recorded, it holds a salted digest, so that the post can be erased and cannot be changed unnoticed.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from commitments.findings import Finding
from commitments.models import Body, Entry, Membership, Plan
from commitments.register.entries import Draft, append
from commitments.register.entry_types import RIGHTS
from commitments.register.hash_chain import digest_of_name
from commitments.register.services import draft_now

# what an entry says of an account: role (empty: none any more), side, codes of bodies, digest of post
Terms = dict[str, Any]
# stands in an entry that records nothing but another post
POST_CHANGED = "post_changed"


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
    _give_salts({account})
    after = stored_rights(plan, {account})[account]
    if _differs(before, after):
        append(plan, [_draft_rights(plan, after, now)], by=by, now=now)


@transaction.atomic
def record_post(plan: Plan, account: int, *, by: int, now: datetime) -> None:
    """Record that an account has another post, which pages also show with its earlier entries."""
    Plan.objects.lock(plan)
    if _is_recorded(plan):
        terms = {**stored_rights(plan, {account})[account], POST_CHANGED: True}
        append(plan, [_draft_rights(plan, terms, now)], by=by, now=now)


@transaction.atomic
def record_differences(plan: Plan, now: datetime) -> list[Entry]:
    """Record the rights that the tables have and the register does not; no account is named as
    their author.
    """
    Plan.objects.lock(plan)
    before = recorded_rights(plan)
    _give_salts(stored_rights(plan, before.keys()))
    after = stored_rights(plan, before.keys())
    drafts = [
        _draft_rights(plan, terms, now)
        for account, terms in sorted(after.items())
        if _differs(before.get(account), terms)
    ]
    return append(plan, drafts, by=None, now=now)


def _draft_rights(plan: Plan, terms: Terms, now: datetime) -> Draft:
    return draft_now(plan, now, kind=RIGHTS, code=f"rights-{secrets.token_hex(12)}", terms=terms)


def _give_salts(accounts: Iterable[int]) -> None:
    """Give a salt to the posts that a process of an older version wrote."""
    users = get_user_model().objects.filter(pk__in=accounts, post_salt="")
    for user in users.exclude(post=""):
        user.save(update_fields=["post_salt"])


def _is_recorded(plan: Plan) -> bool:
    return Entry.objects.filter(plan=plan, kind=RIGHTS).exists()


def _differs(recorded: Terms | None, stored: Terms) -> bool:
    """Whether the tables say something else of an account than the register."""
    if recorded is None:
        return bool(stored["role"])
    is_erased = not stored["role"] and not stored["post"]
    if is_erased:
        return bool(recorded["role"])
    return {"post": "", **recorded} != stored


def recorded_rights(plan: Plan) -> dict[int, Terms]:
    """What the last entry about each account says of its rights; early entries do not say the post."""
    entries = Entry.objects.filter(plan=plan, kind=RIGHTS).order_by("number")
    latest: dict[int, Terms] = {}
    for terms in entries.values_list("terms", flat=True):
        assert terms is not None
        account = terms["account"]
        latest[account] = {key: terms[key] for key in terms if key != POST_CHANGED}
    return latest


def stored_rights(plan: Plan, others: Iterable[int] = ()) -> dict[int, Terms]:
    """The same rights as the tables have them: of the accounts that have any, and of these others."""
    rights: dict[int, Terms] = {
        account: {"account": account, "role": "", "side": "", "bodies": [], "post": ""}
        for account in others
    }
    memberships = Membership.objects.filter(plan=plan).prefetch_related("bodies")
    for membership in memberships:
        rights[membership.user_id] = {
            "account": membership.user_id,
            "role": membership.role,
            "side": membership.side,
            "bodies": sorted(body.code for body in membership.bodies.all()),
            "post": "",
        }
    accounts = get_user_model().objects.filter(pk__in=rights).exclude(post="")
    for account, salt, post in accounts.values_list("pk", "post_salt", "post"):
        rights[account]["post"] = digest_of_name(salt, post)
    return rights


def verify_memberships(plan: Plan) -> Iterator[Finding]:
    """The memberships that are not what the register says, by the number of their account."""
    recorded = recorded_rights(plan)
    stored = stored_rights(plan, recorded.keys())
    if stored and not recorded:
        yield Finding("rights-later")
        return
    for account, terms in sorted(stored.items()):
        before = recorded.get(account)
        if before is not None and "post" not in before:
            before["post"] = terms["post"]
        if _differs(before, terms):
            yield Finding("rights", {"account": account})
