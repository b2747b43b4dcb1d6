"""What makes a draft malformed, contradictory or merely unusual: one place for forms and files."""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.models import Entry, Obligation, Plan
from commitments.register.entries import Draft
from commitments.register.entry_types import (
    CONFIDENCE_COLOURS,
    CONFIRMABLE,
    KINDS,
    PLAN_FILE_KINDS,
    REDACTED,
    EntryType,
)
from commitments.register.histories import terms_from
from commitments.rules import dates
from commitments.rules.dates import DateError
from commitments.rules.events import MOVABLE, Deadline, Terms

ENDINGS = ("completed", "not-pursued")
NEEDS_EVIDENCE = gettext_lazy(
    "This plan asks for evidence before a completion is recorded: give a link, a reference or a file."
)
LONGEST_WORDS = 200


class Context:
    """What a check may look up of the plan, or of some refs of it; each thing is read once.

    `taken_over`: a register comes from another site, which accepted its entries; only what is
    malformed or dangling is an error then, since a text may have been redacted and a rule have
    become stricter.
    """

    def __init__(
        self,
        plan: Plan,
        today: date,
        refs: Collection[str] | None = None,
        *,
        taken_over: bool = False,
    ) -> None:
        self.plan = plan
        self.today = today
        self.taken_over = taken_over
        # what limits a query to the plan, or to these refs of it
        self.scope: dict[str, Any] = {"plan": plan.pk}
        if refs is not None:
            self.scope["ref__in"] = list(refs)

    @cached_property
    def obligations(self) -> dict[tuple[str, int], Obligation]:
        obligations = Obligation.objects.filter(**self.scope)
        return {(obligation.ref, obligation.instalment): obligation for obligation in obligations}

    @cached_property
    def instalments(self) -> dict[str, list[int]]:
        """The numbers of the instalments of each contribution."""
        numbers: dict[str, list[int]] = {}
        for ref, instalment in self.obligations:
            if instalment:
                numbers.setdefault(ref, []).append(instalment)
        return numbers

    @cached_property
    def codes(self) -> dict[str, set[str]]:
        """The codes that entries of a kind carry as words, by the kinds that have such codes."""
        return {kind.name: set(kind.names(self.plan)) for kind in KINDS.values() if kind.names}

    def deadline(self, ref: str) -> Deadline:
        """The latest deadline of an action; none for what is no action."""
        return self.terms[ref].deadline if ref in self.terms else Deadline()

    @cached_property
    def terms(self) -> dict[str, Terms]:
        """The latest terms of each action."""
        entries = Entry.objects.filter(**self.scope, kind="terms", instalment=None)
        latest_last = entries.order_by("number").values_list("ref", "terms")
        return {ref: terms_from(terms) for ref, terms in latest_last}

    @cached_property
    def instalment_terms(self) -> dict[tuple[str, int], dict[str, Any]]:
        """The latest terms of each instalment, as the register holds them."""
        entries = Entry.objects.filter(**self.scope, kind="terms").exclude(instalment=None)
        latest_last = entries.order_by("number").values_list("ref", "instalment", "terms")
        return {(ref, instalment): terms for ref, instalment, terms in latest_last}

    @cached_property
    def endings(self) -> dict[tuple[str, int | None, str], date]:
        """The first days of completions and of giving up that are not withdrawn, by ref, instalment
        and kind.
        """
        entries = Entry.objects.filter(**self.scope, kind__in=ENDINGS)
        entries = entries.exclude(named_by__kind="withdrawn").order_by("-first_day")
        rows = entries.values_list("ref", "instalment", "kind", "first_day")
        return {(ref, instalment, kind): first_day for ref, instalment, kind, first_day in rows}

    def remember(self, draft: Draft) -> None:
        """Take account of a draft that comes before others and is not written yet."""
        if draft.kind in ENDINGS:
            self.endings.setdefault((draft.ref, draft.instalment, draft.kind), draft.window.first)
        if draft.kind == "withdrawn" and draft.to:
            self.endings.pop((draft.ref, draft.instalment, draft.to.kind), None)


Check = Callable[[Draft, Context], Iterator[str]]


def errors(draft: Draft, context: Context) -> list[str]:
    """What is wrong with the draft, in the reader's language; an empty list for a sound one."""
    messages = list(_date_errors(draft, context))
    if draft.kind == REDACTED and context.taken_over:
        return messages
    messages += _kind_errors(draft, context)
    if draft.side and draft.side not in context.plan.sides:
        sides = ", ".join(context.plan.sides)
        text = _("“%(side)s” is no side of the plan: it must be one of %(sides)s.")
        messages.append(text % {"side": draft.side, "sides": sides})
    messages += source_errors(draft.source)
    return messages


def warnings(draft: Draft, context: Context) -> list[str]:
    """What is unusual about a sound draft; honest facts come late, so nothing of it is refused."""
    messages = []
    if draft.window.first < context.plan.adopted_on:
        messages.append(_("the date lies before the adoption of the plan"))
    if draft.kind == REDACTED:
        return messages
    if "entry" not in KINDS[draft.kind].about and _was_given_up(draft, context):
        messages.append(_("it comes after the action was no longer pursued"))
    if draft.kind in WARNINGS:
        messages += WARNINGS[draft.kind](draft, context)
    return messages


def _was_given_up(draft: Draft, context: Context) -> bool:
    for instalment in (None, draft.instalment):
        day = context.endings.get((draft.ref, instalment, "not-pursued"))
        if day and day <= draft.window.first:
            return True
    return False


# Errors that any kind can have


def _kind_errors(draft: Draft, context: Context) -> Iterator[str]:
    kind = KINDS.get(draft.kind)
    if kind is None:
        known = ", ".join(KINDS)
        text = _("There is no kind of entry called “%(kind)s”: it must be one of %(known)s.")
        yield text % {"kind": draft.kind, "known": known}
        return
    yield from _field_errors(draft, kind, context)
    yield from _ref_errors(draft, kind, context)
    if draft.kind in ERRORS and not context.taken_over:
        yield from ERRORS[draft.kind](draft, context)


def _date_errors(draft: Draft, context: Context) -> Iterator[str]:
    try:
        first = draft.window.first
    except DateError:
        yield _(
            "“%(date)s” is not a date that can be read: give a day (2014-10-15), a month (2014-10), "
            "a quarter (2014-36), a season (2014-23) or a year (2014)."
        ) % {"date": draft.effective}
        return
    if draft.recorded_day > context.today:
        yield _("It cannot be recorded on %(day)s, which is after today.") % {
            "day": draft.recorded_day
        }
    if first > draft.recorded_day:
        yield _(
            "%(date)s had not begun when it was recorded: give the day or month in which it happened, not one to come."
        ) % {"date": draft.effective}


LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|(?:javascript|data|vbscript|file|blob|about):", re.IGNORECASE
)


def source_errors(source: str) -> Iterator[str]:
    """A source is a link to the web, or a reference in words."""
    if not LINK.match(source):
        return
    try:
        parts = urlsplit(source)
        sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or re.search(r"\s", source):
        yield _(
            "“%(link)s” is no link to the web: give one that begins with https:// or http://, or a reference."
        ) % {"link": source[:80]}


FIELD_LABELS = {
    "quantity": gettext_lazy("a quantity"),
    "amount": gettext_lazy("an amount"),
    "currency": gettext_lazy("a currency"),
    "instalment": gettext_lazy("an instalment"),
    "to": gettext_lazy("the entry that it names"),
    "when": gettext_lazy("a new deadline"),
    "words": gettext_lazy("what it names"),
    "reason": gettext_lazy("a reason"),
    "note": gettext_lazy("a note"),
}


def _field_errors(draft: Draft, kind: EntryType, context: Context) -> Iterator[str]:
    allowed = {*kind.needs, "reason", "note"}
    if kind.takes_instalment:
        allowed.add("instalment")
    for name, label in FIELD_LABELS.items():
        if context.taken_over and name == "reason":
            continue
        given = getattr(draft, name) not in (None, "")
        if name in kind.needs and not given:
            yield _("“%(kind)s” needs %(field)s.") % {"kind": kind.label, "field": label}
        if given and name not in allowed:
            yield _("“%(kind)s” does not take %(field)s.") % {"kind": kind.label, "field": label}


def _ref_errors(draft: Draft, kind: EntryType, context: Context) -> Iterator[str]:
    if "entry" in kind.about or (not draft.ref and "plan" in kind.about):
        return
    is_action = (draft.ref, 0) in context.obligations
    is_contribution = draft.ref in context.instalments
    if not is_action and not is_contribution:
        yield _("There is no action or contribution “%(ref)s” in this plan.") % {"ref": draft.ref}
    elif not (is_action and "action" in kind.about) and not (
        is_contribution and "contribution" in kind.about
    ):
        yield _("“%(kind)s” cannot be recorded on %(ref)s.") % {
            "kind": kind.label,
            "ref": draft.ref,
        }
    elif draft.instalment and (draft.ref, draft.instalment) not in context.obligations:
        yield _("%(ref)s has no instalment %(number)s.") % {
            "ref": draft.ref,
            "number": draft.instalment,
        }


# Errors and warnings of one kind


def _completion_errors(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).target is not None:
        yield _("%(ref)s has a quantity to reach: record what was delivered, not a completion.") % {
            "ref": draft.ref
        }
    if context.plan.evidence_required and not (draft.source or draft.evidence):
        yield str(NEEDS_EVIDENCE)


def _reopening_errors(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).quantity is not None:
        yield _(
            "%(ref)s has a quantity, so it is not reopened: withdraw the delivery that was mistaken."
        ) % {"ref": draft.ref}


def _delivery_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).quantity is None:
        yield _("%(ref)s has no quantity to reach: the delivery is shown and satisfies nothing") % {
            "ref": draft.ref
        }


def _consent_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in context.codes["consent"]:
        known = ", ".join(sorted(context.codes["consent"]))
        yield _("“%(body)s” is no body of the plan: it must be one of %(known)s.") % {
            "body": draft.words,
            "known": known,
        }


def _consent_warnings(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms.get(draft.ref)
    if terms and draft.words not in terms.consents:
        yield _("%(ref)s does not wait for the consent of %(body)s") % {
            "ref": draft.ref,
            "body": draft.words,
        }


def _event_errors(draft: Draft, context: Context) -> Iterator[str]:
    if len(draft.words) > LONGEST_WORDS:
        yield _("The name of an event has at most %(count)s characters.") % {"count": LONGEST_WORDS}


def _event_warnings(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms.get(draft.ref)
    if terms and draft.words != terms.deadline.of:
        yield _("%(ref)s does not wait for “%(event)s”") % {"ref": draft.ref, "event": draft.words}


def _move_errors(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).kind not in MOVABLE:
        yield _(
            "The deadline of %(ref)s cannot be moved: only one with a date, an immediate one or none can."
        ) % {"ref": draft.ref}
    try:
        dates.parse_deadline(draft.when or "2000")  # a missing one is an error of its own
    except DateError:
        yield _(
            "“%(date)s” is not a deadline that can be read: give a day, a month, a quarter, a season or a year, "
            "with ../ before it for “by”."
        ) % {"date": draft.when}


def _move_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if dates.parse_deadline(draft.when).last < draft.window.first:
        yield _("the new deadline lies before the day of the move")
    if (draft.ref, None, "completed") in context.endings:
        yield _("the action has a completion already")


def is_withdrawable(entry: Entry) -> bool:
    """What a plan file left is corrected by another one, and what is redacted is gone."""
    return entry.kind not in (*PLAN_FILE_KINDS, REDACTED)


def _withdrawal_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and not is_withdrawable(draft.to):
        yield _("Terms are not withdrawn: load a corrected plan file.")


def _withdrawal_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.to.recorded_day > draft.recorded_day:
        yield _("it withdraws an entry that was recorded later")


def is_confirmable(entry: Entry, context: Context) -> bool:
    """Whether the entry claims something that can be confirmed or disputed."""
    if entry.kind == "started":
        return context.deadline(entry.ref).kind in ("start", "immediate")
    return entry.kind in CONFIRMABLE


def _confirmation_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and not is_confirmable(draft.to, context):
        yield _(
            "Only a completion, a delivery, a payment, or a start where one is due, can be confirmed or disputed."
        )


def _confirmation_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.side and draft.to.side == draft.side:
        yield _("it is the word of the side whose entry it names")


def _confidence_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in CONFIDENCE_COLOURS:
        yield _("Confidence is green, amber or red, not “%(colour)s”.") % {"colour": draft.words}
    elif draft.words in ("amber", "red") and not draft.reason:
        yield _("Give a reason for amber or red.")


# by kind, beside those that any kind can have; an app with kinds of its own adds theirs
ERRORS: dict[str, Check] = {
    "completed": _completion_errors,
    "reopened": _reopening_errors,
    "consent": _consent_errors,
    "event": _event_errors,
    "moved": _move_errors,
    "withdrawn": _withdrawal_errors,
    "confirmed": _confirmation_errors,
    "disputed": _confirmation_errors,
    "confidence": _confidence_errors,
}
WARNINGS: dict[str, Check] = {
    "delivered": _delivery_warnings,
    "consent": _consent_warnings,
    "event": _event_warnings,
    "moved": _move_warnings,
    "withdrawn": _withdrawal_warnings,
    "confirmed": _confirmation_warnings,
    "disputed": _confirmation_warnings,
}
