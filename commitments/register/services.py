"""The writes that make history: each in one transaction, with rights read again inside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.models import (
    Action,
    Entry,
    EntryText,
    Evidence,
    Membership,
    Obligation,
    Plan,
    Role,
)
from commitments.models.prepared import Slot, prepared
from commitments.models.rights import Rights, rights_of
from commitments.register import entries as register
from commitments.register import entry_types, flags, standings
from commitments.register.entries import Draft
from commitments.rules.dates import BEGINNING
from commitments.rules.events import Perspective

REPORTED_BY_OFFICIALS = (
    "started",
    "progress",
    "completed",
    "delivered",
    "note",
    "consent",
    "event",
    "confidence",
)
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
    files: Sequence[Evidence] = (),
) -> Entry:
    """What happened on an action, in the word of the author's side; with a confidence that is
    recorded beside it.

    `key` makes a repeated call return the first call's entry; `seen` is the number of the newest
    entry that the author knew of, None to record it all the same; `files` are stored already, by
    `evidence.store`. Raises ValidationError, PermissionDenied, NewerEntries.
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
        evidence=tuple(files),
    )
    if kind not in REPORTED_BY_OFFICIALS:
        raise ValidationError(_("This is not something to report."))
    drafts = [draft]
    if confidence:
        beside = replace(draft, kind="confidence", code=f"{key}-confidence", words=confidence)
        drafts.append(replace(beside, quantity=None, note="", source="", evidence=()))
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
    """A manager's decision: a deadline moved (`when` its new EDTF), reopened, superseded, not
    pursued.
    """
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


def annotate_entry(
    *, entry: Entry, kind: str, by: AbstractBaseUser, now: datetime, key: str, reason: str = ""
) -> Entry:
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


def redact(
    *, entry: Entry, what: str, by: AbstractBaseUser, now: datetime, key: str, reason: str
) -> Entry:
    """Remove the free text of an entry, its files or all of it, for good; an entry says who did it,
    when and why.

    The chain keeps the digests of what is gone, so it verifies all the same. Raises
    ValidationError, PermissionDenied.
    """
    plan, today = entry.plan, register.civil_day(now, entry.plan.timezone)
    with transaction.atomic():
        Plan.objects.lock(plan)
        membership = Membership.objects.of(by, plan)
        is_administrator = _is_administrator(by)
        if not may_redact(entry, rights_of(membership, is_administrator=is_administrator)):
            raise PermissionDenied
        again: Entry | None = Entry.objects.filter(plan=plan, code=key).first()
        if again:
            if (again.by_id, again.kind) != (by.pk, "redacted"):
                raise PermissionDenied
            return again
        if not reason.strip() or what not in redactable(entry):
            raise ValidationError(
                _("Say what is to be removed, out of what the entry still has, and give a reason.")
            )
        draft = Draft(
            kind="redacted",
            code=key,
            effective=today.isoformat(),
            recorded_day=today,
            recorded_at=now,
            side=membership.side if membership else "",
            to=entry,
            words=what,
            reason=reason,
        )
        (redaction,) = register.append(plan, [draft], by=by.pk, now=now)
        if what != "files":
            EntryText.objects.filter(entry=entry).delete()
        if what != "text":
            files = Evidence.objects.filter(entry=entry)
            gone = list(files.values_list("pk", flat=True))
            files.update(name="")
            transaction.on_commit(lambda: storage.remove(gone))
    return redaction


def _is_administrator(by: AbstractBaseUser) -> bool:
    """Read afresh: the account may have lost its rights since the page was opened."""
    accounts = get_user_model().objects
    return accounts.filter(pk=by.pk, is_active=True, is_superuser=True).exists()


def redactable(entry: Entry) -> list[str]:
    """What of an entry can be removed: its text, its files, or both as `all`."""
    found = ["text"] if EntryText.objects.filter(entry=entry).exists() else []
    found += ["files"] if Evidence.objects.filter(entry=entry).exclude(name="").exists() else []
    return [*found, "all"] if len(found) == 2 else found


def may_redact(entry: Entry, rights: Rights) -> bool:
    """An administrator; a manager what their own side said. What a plan file left is not redacted."""
    if entry.kind in ("terms", "plan"):
        return False
    of_own_side = rights.role == Role.MANAGER and rights.side == entry.side
    return of_own_side or rights.is_administrator


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
    """Append what an account says, for its side, with all that follows from it; returns the first
    entry.
    """
    draft = drafts[0]
    with transaction.atomic():
        Plan.objects.lock(plan)
        membership = Membership.objects.of(by, plan)
        context = entry_types.Context(plan, draft.recorded_day, draft.ref)
        draft.obligation = _obligation(draft, context)
        if membership is None or membership.role == Role.VIEWER or not allowed(membership, draft):
            raise PermissionDenied
        head, again = register.head_and_named(plan, draft.code)
        if again:
            if again.by_id != by.pk:
                raise PermissionDenied
            return again
        _check_seen(plan, draft, seen)
        drafts = [replace(draft, side=membership.side) for draft in drafts]
        faults = [fault for draft in drafts for fault in entry_types.faults(draft, context)]
        faults += storage.faults(draft.evidence)
        if faults:
            raise ValidationError(list(dict.fromkeys(faults)))
        return record(plan, drafts, context=context, by=by.pk, now=now, after=head)[0]


@prepared
def _newer() -> QuerySet[Entry]:
    newer = Entry.objects.without_plan_entries().filter(
        plan=Slot("plan"), ref=Slot("ref"), number__gt=Slot("seen")
    )
    return newer.select_related("text", "by").prefetch_related("evidence")


def _check_seen(plan: Plan, draft: Draft, seen: int | None) -> None:
    if seen is not None and (newer := _newer()(plan=plan.pk, ref=draft.ref, seen=seen)):
        raise NewerEntries(newer)


def record(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    context: entry_types.Context,
    by: int | None,
    now: datetime,
    after: Entry | None = None,
) -> list[Entry]:
    """Append checked drafts, compute the standings that they change, and clear the flags that no
    longer hold.
    """
    drafts = [replace(draft, obligation=_obligation(draft, context)) for draft in drafts]
    entries = register.append(plan, drafts, by=by, now=now, after=after)
    affected = affected_by(drafts, context)
    if affected:
        today = register.civil_day(now, plan.timezone)
        flags.clear(plan, today, standings.recompute(plan, affected, bear_on(drafts), on=today))
    return entries


def bear_on(drafts: Sequence[Draft]) -> standings.Since:
    """The first day on which one of these can change something: where nothing earlier can, nothing
    is judged anew.
    """
    return {
        # nobody knew of them before they were recorded
        Perspective.AS_KNOWN_THEN: min(draft.recorded_day for draft in drafts),
        # a withdrawal takes its entry from all days
        Perspective.AS_KNOWN_NOW: min(
            BEGINNING if draft.kind == "withdrawn" else draft.window.first for draft in drafts
        ),
    }


def _obligation(draft: Draft, context: entry_types.Context) -> Obligation | None:
    return context.obligations.get((draft.ref, draft.instalment or 0))


def affected_by(drafts: Sequence[Draft], context: entry_types.Context) -> list[Obligation]:
    """The obligations whose standing an entry bears on: an action, one instalment, or all of a
    contribution.
    """
    refs = {(draft.ref, draft.instalment) for draft in drafts}
    return [
        obligation
        for (ref, instalment), obligation in context.obligations.items()
        if (ref, None) in refs or (instalment and (ref, instalment) in refs)
    ]


def _may_report(membership: Membership, draft: Draft) -> bool:
    return draft.obligation is not None and Action.objects.is_reportable(
        membership, draft.obligation.pk
    )


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
