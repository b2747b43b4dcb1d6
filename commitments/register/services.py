"""The writes that make history: each in one transaction, with rights read again inside it.

Every write about a plan goes the same way:

1. Lock the plan, so that writes follow one another.
2. Read the rights of the account again: they may have gone since the page was opened.
3. Give back the entry that was recorded under the same key, if the call is a repetition.
4. Refuse if somebody else has recorded on the same action since the author looked.
5. Validate the draft.
6. Refuse what is unusual about it, unless its author has seen that.
7. Keep it apart from the register, where a manager of the side is to release it first.
   Otherwise append it to the register.
8. Recompute the standings that it bears on.
9. Clear the flags that no longer hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.models import Action, Entry, HeldReport, Membership, Obligation, Plan
from commitments.models.rights import Rights, rights_of
from commitments.register import flags, held, permissions, standings, validation
from commitments.register.entries import Draft, append, civil_day
from commitments.register.entry_types import ANSWER, CONCLUSION, MEETING, QUESTION
from commitments.register.validation import Context
from commitments.rules.dates import parse

REPORTED_BY_OFFICIALS = (
    "started",
    "progress",
    "completed",
    "delivered",
    "reading",
    "note",
    "consent",
    "event",
    "confidence",
)
# Where they name no action, they are about the term of the plan.
ABOUT_THE_TERM = ("term", "confirmed", "disputed", "withdrawn")
DECIDED_BY_MANAGERS = ("moved", "reopened", "superseded", "not-pursued")


class NewerEntries(Exception):
    """Somebody recorded something on the same action after the author had looked."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("newer entries")
        self.entries = entries


class Unusual(Exception):
    """The draft is sound, and odd enough that its author may not have meant it."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("unusual")
        self.messages = messages


class SeveralRefused(Exception):
    """Some of several reports cannot be recorded: what `report` raised for each, by its name."""

    def __init__(self, refusals: Mapping[str, Exception]) -> None:
        super().__init__("several refused")
        self.refusals = refusals


class HeldForRelease(Exception):
    """Nothing is recorded yet: it waits for a manager of its side."""

    def __init__(self, reports: Sequence[HeldReport]) -> None:
        super().__init__("held for release")
        self.reports = reports


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
    """Record what happened on an action, as the author's side says it. A confidence is recorded
    beside it.

    `key` makes a repeated call return the first call's entry. `seen` is the number of the newest
    entry that the author knew of, or None to record it all the same, however unusual it is.
    `fields` are those of a Draft: `effective`, and as the kind takes them `words`, `quantity`,
    `note`, `source` and `evidence`, files that are stored already by `evidence.store`. Raises
    ValidationError, PermissionDenied, NewerEntries, Unusual, HeldForRelease.
    """
    if kind not in REPORTED_BY_OFFICIALS:
        raise ValidationError(_("This is not something to report."))
    draft = draft_now(action.plan, now, kind=kind, code=key, ref=action.ref, **fields)
    return append_for_user(
        action.plan,
        _with_confidence(draft, action.plan, now, confidence, reason),
        by=by,
        now=now,
        seen=seen,
        is_allowed=lambda rights: permissions.can_report(rights, action),
    )


def _with_confidence(
    draft: Draft, plan: Plan, now: datetime, confidence: str, reason: str
) -> list[Draft]:
    """The draft of a report, and that of the confidence given with it. A reason is that of the
    confidence where there is one.
    """
    if not confidence:
        draft.reason = reason
        return [draft]
    confidence_draft = draft_now(
        plan,
        now,
        kind="confidence",
        code=f"{draft.code}-confidence",
        effective=draft.effective,
        ref=draft.ref,
        words=confidence,
        reason=reason,
    )
    return [draft, confidence_draft]


def report_several(
    *,
    reports: Mapping[str, Mapping[str, Any]],
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None = None,
) -> list[Entry]:
    """Record each of these reports by an entry of its own, or none of them.

    `reports` has the arguments of `report` for each, under a name that makes a key with `key`;
    `seen` is the same for all. Every report is tried, so that SeveralRefused names all that are
    wrong. Raises PermissionDenied, HeldForRelease.
    """
    with transaction.atomic():
        entries, waiting = _report_each(reports, by=by, now=now, key=key, seen=seen)
    if waiting:
        raise HeldForRelease(waiting)
    return entries


def _report_each(
    reports: Mapping[str, Mapping[str, Any]],
    *,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    seen: int | None,
) -> tuple[list[Entry], list[HeldReport]]:
    """The entries, and the reports that wait for release instead. Raises SeveralRefused."""
    entries: list[Entry] = []
    waiting: list[HeldReport] = []
    refusals: dict[str, Exception] = {}
    # what this call has recorded about an action is no news to its author
    newest = {arguments["action"].ref: seen for arguments in reports.values()}
    for name, arguments in reports.items():
        ref = arguments["action"].ref
        try:
            entry = report(by=by, now=now, key=f"{key}-{name}", seen=newest[ref], **arguments)
        except (ValidationError, NewerEntries, Unusual) as refusal:
            refusals[name] = refusal
            continue
        except HeldForRelease as held_back:
            waiting += held_back.reports
            continue
        entries.append(entry)
        if seen is not None:
            newest[ref] = max(seen, entry.number)
    if refusals:
        raise SeveralRefused(refusals)
    return entries, waiting


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

    `key` and `seen` as in `report`; `fields` are `effective`, `reason`, `when`, `decided_by` and `to`
    (the meeting at which it was decided) of a Draft. Raises ValidationError, PermissionDenied, NewerEntries,
    Unusual.
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


def move_term(
    *,
    plan: Plan,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    effective: str,
    when: str,
    reason: str,
    to: Entry | None = None,
) -> Entry:
    """Record a manager's decision on the last day of the plan: a date in EDTF, or empty for a plan
    without end.

    It counts once every other side has confirmed it. `key` as in `report`. Raises ValidationError,
    PermissionDenied.
    """
    draft = draft_now(
        plan, now, kind="term", code=key, effective=effective, when=when, reason=reason, to=to
    )
    return append_for_user(
        plan, [draft], by=by, now=now, seen=None, is_allowed=permissions.can_move_term
    )


def record_meeting(
    *,
    plan: Plan,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    when: str,
    name: str,
    place: str,
    to: Entry | None = None,
) -> Entry:
    """Record a meeting. It is planned where its date (`when`, in EDTF) is yet to come, and held
    otherwise.

    `to` is the entry by which it was known until now. `key` as in `report`. Raises ValidationError,
    PermissionDenied.
    """
    date_field = "effective"
    if parse(when).first > civil_day(now, plan.timezone):
        date_field = "when"
    draft = draft_now(
        plan, now, kind=MEETING, code=key, words=name, note=place, to=to, **{date_field: when}
    )
    return append_for_user(
        plan, [draft], by=by, now=now, seen=None, is_allowed=permissions.can_record_meetings
    )


def record_conclusion(
    *, meeting: Entry, by: AbstractBaseUser, now: datetime, key: str, **fields: Any
) -> Entry:
    """Record what was concluded at a meeting: `note`, `ref` where it is about one action, `source`
    and `evidence`.

    `key` as in `report`. Raises ValidationError, PermissionDenied.
    """
    effective = meeting.when or meeting.effective
    draft = draft_now(
        meeting.plan, now, kind=CONCLUSION, code=key, effective=effective, to=meeting, **fields
    )
    return append_for_user(
        meeting.plan, [draft], by=by, now=now, seen=None, is_allowed=permissions.can_record_meetings
    )


def ask(
    *,
    plan: Plan,
    ref: str,
    side: str,
    note: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    when: str = "",
    to: Entry | None = None,
) -> Entry:
    """Ask a side about an action or contribution, or about the entry `to`; then `ref` is not used
    but that of the entry. `when` is the day by which the side should answer, in EDTF.

    `key` as in `report`. Raises ValidationError, PermissionDenied.
    """
    draft = draft_now(
        plan, now, kind=QUESTION, code=key, ref=ref, to=to, words=side, note=note, when=when
    )
    if to is not None:
        draft.ref = to.ref
        draft.instalment = to.instalment
    return append_for_user(
        plan,
        [draft],
        by=by,
        now=now,
        seen=None,
        is_allowed=lambda rights: permissions.can_ask(rights, plan),
    )


def answer(*, question: Entry, note: str, by: AbstractBaseUser, now: datetime, key: str) -> Entry:
    """Record the answer of the side that was asked.

    `key` as in `report`. Raises ValidationError, PermissionDenied.
    """
    draft = _draft_about(question, now, kind=ANSWER, code=key, note=note)
    return append_for_user(
        question.plan,
        [draft],
        by=by,
        now=now,
        seen=None,
        is_allowed=lambda rights: permissions.can_answer(rights, question),
    )


def annotate_entry(
    *, entry: Entry, kind: str, by: AbstractBaseUser, now: datetime, key: str, reason: str = ""
) -> Entry:
    """Withdraw, confirm or dispute an entry (`kind`: withdrawn, confirmed, disputed). A side that
    confirms what it has disputed withdraws its dispute in the same step.

    `key` as in `report`. Raises ValidationError, PermissionDenied.
    """
    drafts = [_draft_about(entry, now, kind=kind, code=key, reason=reason)]
    membership = Membership.objects.of(by, entry.plan)
    if kind == "confirmed" and membership:
        for dispute in disputes_by(membership.side, entry):
            withdrawal = _draft_about(
                dispute,
                now,
                kind="withdrawn",
                code=f"{key}-{dispute.number}",
                reason=_("The same side confirms what it had disputed."),
            )
            drafts.append(withdrawal)
    return append_for_user(
        entry.plan,
        drafts,
        by=by,
        now=now,
        seen=None,
        is_allowed=lambda rights: _can_annotate(rights, entry, kind),
    )


def confirm_several(
    *, entries: Sequence[Entry], by: AbstractBaseUser, now: datetime, key: str
) -> list[Entry]:
    """Confirm each of these entries by an entry of its own, or none of them.

    `key` as in `report`. Raises ValidationError, PermissionDenied, HeldForRelease.
    """
    confirmations: list[Entry] = []
    waiting: list[HeldReport] = []
    with transaction.atomic():
        for entry in entries:
            try:
                confirmations.append(_confirm_one_of_several(entry, by=by, now=now, key=key))
            except HeldForRelease as held_back:
                waiting += held_back.reports
    if waiting:
        raise HeldForRelease(waiting)
    return confirmations


def _confirm_one_of_several(
    entry: Entry, *, by: AbstractBaseUser, now: datetime, key: str
) -> Entry:
    own_key = f"{key}-{entry.number}"
    try:
        return annotate_entry(entry=entry, kind="confirmed", by=by, now=now, key=own_key)
    except ValidationError as error:
        name = _("Entry %(n)s") % {"n": entry.number}
        raise ValidationError([f"{name}: {text}" for text in error.messages]) from error


def _draft_about(entry: Entry, now: datetime, **fields: Any) -> Draft:
    return draft_now(
        entry.plan, now, ref=entry.ref, instalment=entry.instalment, to=entry, **fields
    )


def disputes_by(side: str, entry: Entry) -> list[Entry]:
    """The disputes of an entry by a side that are not withdrawn."""
    disputes = Entry.objects.filter(to=entry, kind="disputed", side=side)
    return list(disputes.exclude(named_by__kind="withdrawn").select_related("plan"))


def _can_annotate(rights: Rights, entry: Entry, kind: str) -> bool:
    if kind == "withdrawn":
        return permissions.can_withdraw(rights, entry)
    sides = permissions.sides_of_actions(entry.plan, [entry.ref])
    context = Context(entry.plan, entry.recorded_day, [entry.ref])
    to_agree = validation.sides_to_agree(entry, context)
    return permissions.can_confirm(rights, entry, sides.get(entry.ref), to_agree)


def draft_now(plan: Plan, now: datetime, **fields: Any) -> Draft:
    """A draft that is recorded at this moment, and is about its day unless `effective` is given."""
    today = civil_day(now, plan.timezone)
    fields = {"effective": today.isoformat(), **fields}
    return Draft(recorded_day=today, recorded_at=now, **fields)


def append_for_user(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    by: AbstractBaseUser,
    now: datetime,
    seen: int | None,
    is_allowed: Callable[[Rights], bool],
) -> Entry:
    """Append what an account says for its side, in the nine steps of this module; returns the first
    entry.

    All drafts are about the same ref. Raises ValidationError, PermissionDenied, NewerEntries,
    Unusual, HeldForRelease.
    """
    with transaction.atomic():
        written = _append_or_hold(plan, drafts, by=by, now=now, seen=seen, is_allowed=is_allowed)
    # what is held stays when this is raised
    if isinstance(written, HeldReport):
        raise HeldForRelease([written])
    return written


def _append_or_hold(
    plan: Plan,
    drafts: Sequence[Draft],
    *,
    by: AbstractBaseUser,
    now: datetime,
    seen: int | None,
    is_allowed: Callable[[Rights], bool],
) -> Entry | HeldReport:
    first = drafts[0]
    rights = lock_and_read_rights(plan, by)
    if not is_allowed(rights):
        raise PermissionDenied
    repeated = find_entry_of_same_call(plan, rights, first.code, by) or held.find_of_same_call(
        plan, rights, first.code, by
    )
    if repeated is not None:
        return repeated
    if seen is not None:
        _refuse_if_newer(plan, first.ref, seen)
    drafts = [replace(draft, side=rights.side) for draft in drafts]
    context = check_drafts(plan, drafts)
    if seen is not None:
        _refuse_if_unusual(drafts, context)
    if permissions.needs_release(rights, plan):
        return held.hold(plan, drafts, by=by.pk, side=rights.side, now=now)
    return append_and_project(plan, drafts, context=context, by=by.pk, now=now)[0]


def check_drafts(plan: Plan, drafts: Sequence[Draft]) -> Context:
    """Step 5; returns what was looked up for it. Raises ValidationError."""
    first = drafts[0]
    # what names no action may be about all of them
    context = Context(plan, first.recorded_day, [first.ref] if first.ref else None)
    for draft in drafts:
        context.adopt_spelling(draft)
    messages = [message for draft in drafts for message in validation.errors(draft, context)]
    messages += storage.errors(first.evidence)
    if messages:
        raise ValidationError(list(dict.fromkeys(messages)))
    return context


def lock_and_read_rights(plan: Plan, by: AbstractBaseUser) -> Rights:
    """Steps 1 and 2."""
    Plan.objects.lock(plan)
    accounts = get_user_model().objects.filter(pk=by.pk, is_active=True)
    is_administrator = accounts.filter(is_superuser=True).exists()
    return rights_of(
        Membership.objects.of(by, plan), administrator=by.pk if is_administrator else None
    )


def find_entry_of_same_call(
    plan: Plan, rights: Rights, key: str, by: AbstractBaseUser
) -> Entry | None:
    """The entry that was recorded under the same key. Raises PermissionDenied for one of somebody
    else: keys are made up by forms, so that is a forgery.
    """
    entry = Entry.objects.filter(plan=plan, side=rights.side, code=key).first()
    if entry is not None and entry.by_id != by.pk:
        raise PermissionDenied
    return entry


def _refuse_if_newer(plan: Plan, ref: str, seen: int) -> None:
    entries = Entry.objects.without_plan_entries().filter(plan=plan, ref=ref, number__gt=seen)
    newer = list(entries.select_related("text", "by").prefetch_related("evidence"))
    if newer:
        raise NewerEntries(newer)


def _refuse_if_unusual(drafts: Sequence[Draft], context: Context) -> None:
    messages = [message for draft in drafts for message in validation.warnings(draft, context)]
    if messages:
        raise Unusual(list(dict.fromkeys(messages)))


def append_and_project(
    plan: Plan, drafts: Sequence[Draft], *, context: Context, by: int | None, now: datetime
) -> list[Entry]:
    """Steps 7 to 9, for a caller that has checked the drafts and holds the plan's lock."""
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
    """The obligations whose standing an entry bears on: an action, one instalment, all of a
    contribution, or all of the plan.
    """
    if any(not draft.ref and draft.kind in ABOUT_THE_TERM for draft in drafts):
        return list(context.obligations.values())
    refs = {(draft.ref, draft.instalment) for draft in drafts}
    return [
        obligation
        for (ref, instalment), obligation in context.obligations.items()
        if (ref, None) in refs or (instalment and (ref, instalment) in refs)
    ]
