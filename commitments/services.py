"""The writes that make history: each in one transaction, with rights read again inside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from commitments import flags, kinds, register, standings
from commitments.models import Action, Entry, Membership, Obligation, Plan, Role
from commitments.register import Draft

REPORTED_BY_OFFICIALS = ("started", "progress", "completed", "delivered", "note", "consent", "event", "confidence")
DECIDED_BY_MANAGERS = ("moved", "reopened", "superseded", "not-pursued")


class NewerEntries(Exception):
    """Somebody recorded something on the same action after the author had looked."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("newer entries")
        self.entries = entries


def report(
    *,
    action: Action,
    kind: str,
    effective: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
    words: str = "",
    quantity: int | None = None,
    reason: str = "",
    note: str = "",
    source: str = "",
    confidence: str = "",
) -> Entry:
    """What happened on an action, in the word of the author's side; with a confidence that is recorded beside it.

    `key` makes a repeated call return the first call's entry; `seen` is the number of the newest entry that the author
    knew of, None to record it all the same. Raises ValidationError, PermissionDenied, NewerEntries.
    """
    draft = Draft(
        kind=kind,
        code=key,
        effective=effective,
        recorded_day=register.civil_day(now, action.plan.timezone),
        recorded_at=now,
        ref=action.ref,
        words=words,
        quantity=quantity,
        reason=reason,
        note=note,
        source=source,
    )
    if kind not in REPORTED_BY_OFFICIALS:
        raise ValidationError(_("This is not something to report."))
    drafts = [draft]
    if confidence:
        beside = replace(draft, kind="confidence", code=f"{key}-confidence", words=confidence)
        drafts.append(replace(beside, quantity=None, note="", source=""))
        draft.reason = ""
    return write(action.plan, drafts, by=by, now=now, seen=seen, allowed=_may_report)


def decide(
    *,
    action: Action,
    kind: str,
    effective: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    reason: str,
    when: str = "",
    decided_by: str = "",
    seen: int | None = None,
) -> Entry:
    """A manager's decision: a deadline moved (`when` its new EDTF), reopened, superseded, not pursued."""
    draft = Draft(
        kind=kind,
        code=key,
        effective=effective,
        recorded_day=register.civil_day(now, action.plan.timezone),
        recorded_at=now,
        ref=action.ref,
        when=when,
        reason=reason,
        decided_by=decided_by,
    )
    if kind not in DECIDED_BY_MANAGERS:
        raise ValidationError(_("This is not something to decide."))
    return write(action.plan, [draft], by=by, now=now, seen=seen, allowed=_may_decide)


def name_entry(*, entry: Entry, kind: str, by: AbstractBaseUser, now: datetime, key: str, reason: str = "") -> Entry:
    """Withdraw, confirm or dispute an entry."""
    today = register.civil_day(now, entry.plan.timezone)
    draft = Draft(
        kind=kind,
        code=key,
        effective=today.isoformat(),
        recorded_day=today,
        recorded_at=now,
        ref=entry.ref,
        instalment=entry.instalment,
        to=entry,
        reason=reason,
    )
    allowed = {"withdrawn": _may_withdraw, "confirmed": _may_confirm, "disputed": _may_confirm}
    return write(entry.plan, [draft], by=by, now=now, seen=None, allowed=allowed[kind])


Permission = Callable[[Membership, Draft], bool]


def write(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    by: AbstractBaseUser,
    now: datetime,
    seen: int | None,
    allowed: Permission,
) -> Entry:
    """Append what an account says, for its side, with all that follows from it; returns the first entry."""
    draft = drafts[0]
    with transaction.atomic():
        Plan.objects.select_for_update().get(pk=plan.pk)
        membership = Membership.objects.of(by, plan)
        if membership is None or membership.role == Role.VIEWER or not allowed(membership, draft):
            raise PermissionDenied
        again: Entry | None = Entry.objects.filter(plan=plan, code=draft.code).first()
        if again:
            if again.by_id != by.pk:
                raise PermissionDenied
            return again
        _check_seen(plan, draft, seen)
        drafts = [replace(draft, side=membership.side) for draft in drafts]
        context = kinds.Context(plan, draft.recorded_day)
        faults = [fault for draft in drafts for fault in kinds.faults(draft, context)]
        if faults:
            raise ValidationError(list(dict.fromkeys(faults)))
        return record(plan, drafts, context=context, by=by.pk, now=now)[0]


def _check_seen(plan: Plan, draft: Draft, seen: int | None) -> None:
    if seen is not None:
        newer = Entry.objects.reported().filter(plan=plan, ref=draft.ref, number__gt=seen)
        if newer:
            raise NewerEntries(list(newer.select_related("text", "by")))


def record(
    plan: Plan, drafts: Sequence[Draft], *, context: kinds.Context, by: int | None, now: datetime
) -> list[Entry]:
    """Append checked drafts, compute the standings that they change, and clear the flags that no longer hold."""
    drafts = [replace(draft, obligation=_obligation(draft, context)) for draft in drafts]
    entries = register.append(plan, drafts, by=by, now=now)
    affected = affected_by(drafts, context)
    if affected:
        standings.store(plan, affected)
        flags.clear(plan, register.civil_day(now, plan.timezone), standings.with_superseded(affected))
    return entries


def _obligation(draft: Draft, context: kinds.Context) -> Obligation | None:
    return context.obligations.get((draft.ref, draft.instalment or 0))


def affected_by(drafts: Sequence[Draft], context: kinds.Context) -> set[int]:
    """The obligations whose standing an entry bears on: an action, one instalment, or all of a contribution."""
    refs = {(draft.ref, draft.instalment) for draft in drafts}
    return {
        obligation.pk
        for (ref, instalment), obligation in context.obligations.items()
        if (ref, None) in refs or (instalment and (ref, instalment) in refs)
    }


def _may_report(membership: Membership, draft: Draft) -> bool:
    return Action.objects.reportable_by(membership).filter(ref=draft.ref).exists()


def _may_decide(membership: Membership, draft: Draft) -> bool:
    return membership.role == Role.MANAGER and _may_report(membership, draft)


def _may_withdraw(membership: Membership, draft: Draft) -> bool:
    """One's own entry; a manager any of their side."""
    entry = draft.to
    if entry is None or entry.side != membership.side:
        return False
    return entry.by_id == membership.user_id or membership.role == Role.MANAGER


def _may_confirm(membership: Membership, draft: Draft) -> bool:
    """The other side; on what one side does alone, a second person of it."""
    entry = draft.to
    if entry is None or entry.by_id == membership.user_id:
        return False
    if entry.side != membership.side:
        return True
    action = Action.objects.filter(plan=membership.plan, ref=entry.ref).first()
    if action is None:
        return False
    sides = {body.side for body in [*action.leads.all(), *action.partners.all()] if body.side}
    return sides <= {membership.side}
