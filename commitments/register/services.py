"""The writes that make history: each in one transaction, with rights read again inside it.

Every write about a plan goes the same way:

1. Lock the plan, so that writes follow one another.
2. Read the rights of the account again: they may have gone since the page was opened.
3. Give back the entry that was recorded under the same key, if the call is a repetition.
4. Refuse if somebody else has recorded on the same action since the author looked.
5. Validate the draft.
6. Append it to the register.
7. Recompute the standings that it bears on.
8. Clear the flags that no longer hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.models import Action, Entry, EntryText, Evidence, Membership, Obligation, Plan
from commitments.models.rights import Rights, rights_of
from commitments.register import flags, permissions, standings, validation
from commitments.register.entries import Draft, append, civil_day
from commitments.register.entry_types import REDACTED
from commitments.register.validation import Context

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
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
    confidence: str = "",
    reason: str = "",
    **fields: Any,
) -> Entry:
    """What happened on an action, in the word of the author's side; with a confidence that is
    recorded beside it.

    `key` makes a repeated call return the first call's entry; `seen` is the number of the newest
    entry that the author knew of, None to record it all the same. `fields` are those of a Draft:
    `effective`, and as the kind takes them `words`, `quantity`, `note`, `source` and `evidence`,
    files that are stored already by `evidence.store`. Raises ValidationError, PermissionDenied,
    NewerEntries.
    """
    if kind not in REPORTED_BY_OFFICIALS:
        raise ValidationError(_("This is not something to report."))
    draft = draft_now(action.plan, now, kind=kind, code=key, ref=action.ref, **fields)
    drafts = [draft]
    # a reason given together with a confidence is the reason of the confidence
    if confidence:
        drafts.append(
            draft_now(
                action.plan,
                now,
                kind="confidence",
                code=f"{key}-confidence",
                effective=draft.effective,
                ref=action.ref,
                words=confidence,
                reason=reason,
            )
        )
    else:
        draft.reason = reason
    return append_for_user(
        action.plan,
        drafts,
        by=by,
        now=now,
        seen=seen,
        is_allowed=lambda rights: permissions.can_report(rights, action),
    )


def decide(
    *,
    action: Action,
    kind: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
    **fields: Any,
) -> Entry:
    """A manager's decision: a deadline moved (`when` its new EDTF), reopened, superseded, not
    pursued.

    `key` and `seen` as in `report`; `fields` are `effective`, `reason`, `when` and `decided_by` of
    a Draft. Raises ValidationError, PermissionDenied, NewerEntries.
    """
    if kind not in DECIDED_BY_MANAGERS:
        raise ValidationError(_("This is not something to decide."))
    draft = draft_now(action.plan, now, kind=kind, code=key, ref=action.ref, **fields)
    return append_for_user(
        action.plan,
        [draft],
        by=by,
        now=now,
        seen=seen,
        is_allowed=lambda rights: permissions.can_decide(rights, action),
    )


def annotate_entry(
    *, entry: Entry, kind: str, by: AbstractBaseUser, now: datetime, key: str, reason: str = ""
) -> Entry:
    """Withdraw, confirm or dispute an entry (`kind`: withdrawn, confirmed, disputed).

    `key` as in `report`. Raises ValidationError, PermissionDenied.
    """
    draft = draft_now(
        entry.plan,
        now,
        kind=kind,
        code=key,
        ref=entry.ref,
        instalment=entry.instalment,
        to=entry,
        reason=reason,
    )
    return append_for_user(
        entry.plan,
        [draft],
        by=by,
        now=now,
        seen=None,
        is_allowed=lambda rights: _can_annotate(rights, entry, kind),
    )


def _can_annotate(rights: Rights, entry: Entry, kind: str) -> bool:
    if kind == "withdrawn":
        return permissions.can_withdraw(rights, entry)
    sides = permissions.sides_of_actions(entry.plan, [entry.ref])
    return permissions.can_confirm(rights, entry, sides.get(entry.ref))


@transaction.atomic
def redact(
    *, entry: Entry, what: str, by: AbstractBaseUser, now: datetime, key: str, reason: str
) -> Entry:
    """Remove the free text of an entry, its files or all of it, for good; an entry says who did it,
    when and why.

    The chain keeps the digests of what is gone, so it verifies all the same. `key` as in `report`.
    Raises ValidationError, PermissionDenied.
    """
    plan = entry.plan
    rights = _lock_and_read_rights(plan, by)
    if not permissions.can_redact(rights, entry):
        raise PermissionDenied
    repeated = _entry_of_same_call(plan, key, by)
    if repeated is not None:
        return repeated
    if not reason.strip() or what not in redactable(entry):
        raise ValidationError(
            _("Say what is to be removed, out of what the entry still has, and give a reason.")
        )
    draft = draft_now(
        plan,
        now,
        kind=REDACTED,
        code=key,
        side=rights.side,
        to=entry,
        words=what,
        reason=reason,
    )
    (redaction,) = append(plan, [draft], by=by.pk, now=now)
    if what != "files":
        EntryText.objects.filter(entry=entry).delete()
    if what != "text":
        files = Evidence.objects.filter(entry=entry)
        keys = list(files.values_list("pk", flat=True))
        files.update(name="")
        # their bytes go once it is sure that the redaction is recorded
        transaction.on_commit(lambda: storage.remove(keys))
    return redaction


def redactable(entry: Entry) -> list[str]:
    """What of an entry can be removed: its text, its files, or both as `all`."""
    has_text = EntryText.objects.filter(entry=entry).exists()
    has_files = Evidence.objects.filter(entry=entry).exclude(name="").exists()
    if has_text and has_files:
        return ["text", "files", "all"]
    if has_text:
        return ["text"]
    return ["files"] if has_files else []


def draft_now(plan: Plan, now: datetime, **fields: Any) -> Draft:
    """A draft that is recorded at this moment, and is about its day unless `effective` is given."""
    today = civil_day(now, plan.timezone)
    fields = {"effective": today.isoformat(), **fields}
    return Draft(recorded_day=today, recorded_at=now, **fields)


@transaction.atomic
def append_for_user(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    by: AbstractBaseUser,
    now: datetime,
    seen: int | None,
    is_allowed: Callable[[Rights], bool],
) -> Entry:
    """Append what an account says for its side, in the steps above; returns the first entry.

    All drafts are about the same ref. Raises ValidationError, PermissionDenied, NewerEntries.
    """
    first = drafts[0]
    rights = _lock_and_read_rights(plan, by)
    if not is_allowed(rights):
        raise PermissionDenied
    repeated = _entry_of_same_call(plan, first.code, by)
    if repeated is not None:
        return repeated
    if seen is not None:
        _refuse_if_newer(plan, first.ref, seen)
    drafts = [replace(draft, side=rights.side) for draft in drafts]
    context = Context(plan, first.recorded_day, [first.ref])
    messages = [message for draft in drafts for message in validation.errors(draft, context)]
    messages += storage.errors(first.evidence)
    if messages:
        raise ValidationError(list(dict.fromkeys(messages)))
    return append_and_project(plan, drafts, context=context, by=by.pk, now=now)[0]


def _lock_and_read_rights(plan: Plan, by: AbstractBaseUser) -> Rights:
    """Steps 1 and 2."""
    Plan.objects.lock(plan)
    accounts = get_user_model().objects.filter(pk=by.pk, is_active=True)
    return rights_of(
        Membership.objects.of(by, plan),
        is_administrator=accounts.filter(is_superuser=True).exists(),
    )


def _entry_of_same_call(plan: Plan, key: str, by: AbstractBaseUser) -> Entry | None:
    """Keys are made up by forms, so one of somebody else's entry is a forgery."""
    entry: Entry | None = Entry.objects.filter(plan=plan, code=key).first()
    if entry is not None and entry.by_id != by.pk:
        raise PermissionDenied
    return entry


def _refuse_if_newer(plan: Plan, ref: str, seen: int) -> None:
    entries = Entry.objects.without_plan_entries().filter(plan=plan, ref=ref, number__gt=seen)
    newer = list(entries.select_related("text", "by").prefetch_related("evidence"))
    if newer:
        raise NewerEntries(newer)


def append_and_project(
    plan: Plan, drafts: Sequence[Draft], *, context: Context, by: int | None, now: datetime
) -> list[Entry]:
    """Steps 6 to 8, for a caller that has checked the drafts and holds the plan's lock."""
    obligations = context.obligations
    drafts = [
        replace(draft, obligation=obligations.get((draft.ref, draft.instalment or 0)))
        for draft in drafts
    ]
    entries = append(plan, drafts, by=by, now=now)
    affected = affected_by(drafts, context)
    if affected:
        today = civil_day(now, plan.timezone)
        flags.clear(plan, today, standings.recompute(plan, affected))
    return entries


def affected_by(drafts: Sequence[Draft], context: Context) -> list[Obligation]:
    """The obligations whose standing an entry bears on: an action, one instalment, or all of a
    contribution.
    """
    refs = {(draft.ref, draft.instalment) for draft in drafts}
    return [
        obligation
        for (ref, instalment), obligation in context.obligations.items()
        if (ref, None) in refs or (instalment and (ref, instalment) in refs)
    ]
