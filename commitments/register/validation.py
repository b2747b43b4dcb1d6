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
    ANSWER,
    CONFIDENCE_COLOURS,
    KINDS,
    MEETING,
    OPENED,
    QUESTION,
    TYPES,
    EntryType,
    Origin,
    kinds_with,
    names_meeting,
)
from commitments.register.histories import latest_terms, terms_from
from commitments.register.recorded_terms import Payload
from commitments.rules import dates
from commitments.rules.dates import DateError
from commitments.rules.events import Deadline, Terms
from commitments.text import fold, look_of, name_odd_signs, plain

ENDINGS = ("completed", "not-pursued")
ANSWERS = ("confirmed", "disputed")
NEEDS_EVIDENCE = gettext_lazy(
    "This plan asks for evidence before a completion is recorded: give a link, a reference or a file."
)
LONGEST_WORDS = 200


class Context:
    """What a check may look up of the plan, or of some refs of it. Each thing is read once.

    With `taken_over` the register comes from another site, which accepted its entries. Only what is
    malformed or names nothing is an error then, since a text may have been redacted and a rule may
    have become stricter.
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
    def is_open(self) -> bool:
        return Entry.objects.filter(plan=self.plan, kind=OPENED).exists()

    @cached_property
    def obligations(self) -> dict[tuple[str, int], Obligation]:
        obligations = Obligation.objects.filter(**self.scope)
        return {(obligation.ref, obligation.instalment): obligation for obligation in obligations}

    @cached_property
    def refs_by_casefold(self) -> dict[str, str]:
        """Each ref as the plan spells it, by the ref in small letters."""
        return {ref.casefold(): ref for ref, _instalment in self.obligations}

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
        """The codes that entries may carry as words, by the kinds that carry such codes."""
        return {kind.name: set(kind.names(self.plan)) for kind in KINDS.values() if kind.names}

    def deadline(self, ref: str) -> Deadline:
        """The latest deadline of an action; none for what is no action."""
        terms = self.terms(ref)
        return terms.deadline if terms else Deadline()

    def terms(self, ref: str) -> Terms | None:
        """The latest terms of an action; None for what is no action."""
        payload = self.payloads.get((ref, None))
        if payload is None:
            return None
        return terms_from(payload)

    @cached_property
    def payloads(self) -> dict[tuple[str, int | None], Payload]:
        """The latest terms of each action and each instalment, by ref and instalment."""
        return latest_terms(Entry.objects.filter(**self.scope))

    @cached_property
    def endings(self) -> dict[tuple[str, int | None, str], date]:
        """The first day of each completion and of each giving up that is not withdrawn, by ref,
        instalment and kind.
        """
        entries = Entry.objects.filter(**self.scope, kind__in=ENDINGS)
        entries = entries.exclude(named_by__kind="withdrawn").order_by("-first_day")
        rows = entries.values_list("ref", "instalment", "kind", "first_day")
        return {(ref, instalment, kind): first_day for ref, instalment, kind, first_day in rows}

    @cached_property
    def answers(self) -> dict[tuple[str, str, str, str], Entry]:
        """The confirmations and disputes that are not withdrawn. The key is the kind and side of the
        answer, then the side and code of the entry that it names.
        """
        entries = Entry.objects.filter(**self.scope, kind__in=ANSWERS)
        entries = entries.exclude(named_by__kind="withdrawn").select_related("to")
        return {
            (entry.kind, entry.side, entry.to.side, entry.to.code): entry
            for entry in entries
            if entry.to
        }

    def answer_by(self, side: str, kind: str, entry: Entry | None) -> Entry | None:
        """The side's own confirmation or dispute of the entry."""
        if not side or entry is None:
            return None
        return self.answers.get((kind, side, entry.side, entry.code))

    @cached_property
    def codes_by_look(self) -> dict[str, dict[str, str]]:
        """For each kind that carries a code: the plan's own spelling of each code, by its look."""
        return {kind: _by_look(codes) for kind, codes in self.codes.items()}

    @cached_property
    def refs_by_look(self) -> dict[str, str]:
        """The plan's own spelling of each ref, by its look."""
        return _by_look({ref for ref, _instalment in self.obligations})

    def adopt_spelling(self, draft: Draft) -> None:
        """Name what the draft is about as the plan does, where the two look alike."""
        draft.ref = self.refs_by_look.get(fold(draft.ref), draft.ref)
        kind = KINDS.get(draft.kind)
        if not draft.words or kind is None:
            return
        names: dict[str, str] = {}
        if kind.name == "event":
            terms = self.terms(draft.ref)
            names = _by_look({terms.deadline.of, *terms.needs}) if terms else {}
        elif kind.names:
            names = self.codes_by_look[kind.name]
        elif kind.name == "confidence":
            names = _by_look(CONFIDENCE_COLOURS)
        draft.words = names.get(fold(draft.words), draft.words)

    def remember(self, draft: Draft) -> None:
        """Take account of a checked draft that stands before others and is not written yet."""
        if draft.kind in ANSWERS and draft.to:
            answer = Entry(side=draft.side, code=draft.code, recorded_day=draft.recorded_day)
            self.answers[draft.kind, draft.side, draft.to.side, draft.to.code] = answer
        if draft.kind == "withdrawn" and draft.to and draft.to.kind in ANSWERS:
            for key, answer in list(self.answers.items()):
                if (answer.side, answer.code) == (draft.to.side, draft.to.code):
                    del self.answers[key]
        if draft.kind in ENDINGS:
            self.endings.setdefault((draft.ref, draft.instalment, draft.kind), draft.window.first)
        if draft.kind == "withdrawn" and draft.to:
            self.endings.pop((draft.ref, draft.instalment, draft.to.kind), None)


def _by_look(names: Collection[str]) -> dict[str, str]:
    """The names by what look-alikes have in common. Names that look like each other are left out."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(fold(name), []).append(name)
    return {look: spelt[0] for look, spelt in alike.items() if len(spelt) == 1}


Check = Callable[[Draft, Context], Iterator[str]]


def errors(draft: Draft, context: Context) -> list[str]:
    """What is wrong with the draft, in the reader's language; an empty list for a sound one."""
    messages = list(_date_errors(draft, context))
    if draft.kind in kinds_with(origin=Origin.PROCEDURE) and context.taken_over:
        return messages
    messages += _kind_errors(draft, context)
    if draft.side and draft.side not in context.plan.sides:
        sides = ", ".join(context.plan.sides)
        text = _("“%(side)s” is no side of the plan: it must be one of %(sides)s.")
        messages.append(text % {"side": draft.side, "sides": sides})
    messages += source_errors(draft.source)
    if messages:
        messages += _odd_signs(draft, context)
    return messages


def _odd_signs(draft: Draft, context: Context) -> Iterator[str]:
    """A message for each field with characters that nobody sees, or sees as others: they may be why
    a name or a date is not known.
    """
    texts = [draft.kind, draft.ref, draft.side, draft.effective, draft.when, draft.currency]
    if draft.kind in context.codes:
        texts.append(draft.words)
    for text in texts:
        signs = name_odd_signs(text)
        if signs:
            yield _("“%(text)s” holds %(signs)s.") % {"text": text[:80], "signs": signs}


def warnings(draft: Draft, context: Context) -> list[str]:
    """What is unusual about a sound draft. It can be recorded all the same, since honest facts can
    come late.
    """
    messages = []
    if draft.window.last < context.plan.adopted_on:
        messages.append(_("the date lies before the adoption of the plan"))
    if draft.kind in kinds_with(origin=Origin.PROCEDURE):
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
    if not draft.kind:
        yield _("The column %(column)s is empty.") % {"column": "kind"}
        return
    kind = KINDS.get(draft.kind)
    if kind is None:
        known = ", ".join(KINDS)
        text = _("There is no kind of entry called “%(kind)s”: it must be one of %(known)s.")
        yield text % {"kind": draft.kind, "known": known}
        return
    yield from _field_errors(draft, kind, context)
    yield from _ref_errors(draft, kind, context)
    if draft.to and names_meeting(kind.name) and draft.to.kind != MEETING:
        yield _("What “%(kind)s” names must be a meeting.") % {"kind": kind.label}
    if draft.kind in ERRORS and not context.taken_over:
        yield from ERRORS[draft.kind](draft, context)


def _date_errors(draft: Draft, context: Context) -> Iterator[str]:
    if not draft.effective:
        yield _("The column %(column)s is empty.") % {"column": "effective"}
        return
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
    """What is wrong with a source, which is a link to the web or a reference in words."""
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
    allowed = {*kind.needs, *kind.takes, "reason", "note"}
    if "entry" in kind.about:
        allowed.add("to")
    if kind.takes_instalment:
        allowed.add("instalment")
    for name, label in FIELD_LABELS.items():
        if context.taken_over and name in ("reason", "note"):
            continue
        given = getattr(draft, name) not in (None, "")
        if name in kind.needs and not given:
            yield _("“%(kind)s” needs %(field)s.") % {"kind": kind.label, "field": label}
        if given and name not in allowed:
            yield _("“%(kind)s” does not take %(field)s.") % {"kind": kind.label, "field": label}


def _ref_errors(draft: Draft, kind: EntryType, context: Context) -> Iterator[str]:
    if kind.about == ("entry",) or (draft.to and "entry" in kind.about):
        return
    if not draft.ref and "plan" in kind.about:
        return
    if not draft.ref:
        yield _("The column %(column)s is empty.") % {"column": "ref"}
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


def _level_errors(draft: Draft, context: Context) -> Iterator[str]:
    """Refuse what does not count where a level is to be reached: that is done by readings alone."""
    if context.deadline(draft.ref).level is not None:
        yield _("%(ref)s has a level to reach: record a reading instead.") % {"ref": draft.ref}


def takes_deliveries(deadline: Deadline) -> bool:
    """Whether deliveries are counted: for the whole action, for its steps or for each period."""
    return deadline.quantity is not None or bool(deadline.steps)


def is_met_by_deliveries(deadline: Deadline) -> bool:
    """Whether an action as a whole is satisfied by what was delivered."""
    return deadline.target is not None or bool(deadline.steps)


def _completion_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _level_errors(draft, context)
    if is_met_by_deliveries(context.deadline(draft.ref)):
        yield _("%(ref)s has a quantity to reach: record what was delivered, not a completion.") % {
            "ref": draft.ref
        }
    if context.plan.evidence_required and not (draft.source or draft.evidence):
        yield str(NEEDS_EVIDENCE)


def _reopening_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _level_errors(draft, context)
    if takes_deliveries(context.deadline(draft.ref)):
        yield _(
            "%(ref)s has a quantity, so it is not reopened: withdraw the delivery that was mistaken."
        ) % {"ref": draft.ref}


def _delivery_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if not takes_deliveries(context.deadline(draft.ref)):
        yield _("%(ref)s has no quantity to reach: the delivery is shown and satisfies nothing") % {
            "ref": draft.ref
        }


def _reading_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).level is None:
        yield _("%(ref)s has no level to reach: the reading is shown and satisfies nothing") % {
            "ref": draft.ref
        }


def _consent_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in context.codes["consent"]:
        known = ", ".join(sorted(context.codes["consent"]))
        yield _("“%(body)s” is no organisation of the plan: it must be one of %(known)s.") % {
            "body": draft.words,
            "known": known,
        }


def _consent_warnings(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms(draft.ref)
    if terms and draft.words not in terms.consents:
        yield _("%(ref)s does not wait for the consent of %(body)s") % {
            "ref": draft.ref,
            "body": draft.words,
        }


def _event_errors(draft: Draft, context: Context) -> Iterator[str]:
    if len(draft.words) > LONGEST_WORDS:
        yield _("The name of an event has at most %(count)s characters.") % {"count": LONGEST_WORDS}


def _event_warnings(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms(draft.ref)
    if not terms or draft.words in (terms.deadline.of, *terms.needs):
        return
    yield _("%(ref)s does not wait for “%(event)s”") % {"ref": draft.ref, "event": draft.words}
    for name in filter(None, (terms.deadline.of, *terms.needs)):
        if plain(name) == plain(draft.words):
            yield _("the plan writes “%(event)s”") % {"event": name}
    signs = name_odd_signs(look_of(draft.words))
    if signs:
        yield _("“%(text)s” holds %(signs)s.") % {"text": draft.words[:80], "signs": signs}


def _move_errors(draft: Draft, context: Context) -> Iterator[str]:
    deadline = context.deadline(draft.ref)
    if deadline.kind == "recurring":
        yield _("%(ref)s recurs, so it has no one deadline that could be moved.") % {
            "ref": draft.ref
        }
    if deadline.steps:
        yield _("%(ref)s has steps, so its deadline is not moved: load a changed plan file.") % {
            "ref": draft.ref
        }
    yield from _new_date_errors(draft)


def _new_date_errors(draft: Draft) -> Iterator[str]:
    """Refuse a date that cannot be read. Whether it may be missing is decided elsewhere."""
    try:
        dates.parse_deadline(draft.when or "2000")
    except DateError:
        yield _(
            "“%(date)s” is not a deadline that can be read: give a day, a month, a quarter, a season or a year, "
            "with ../ before it for “by”."
        ) % {"date": draft.when}


def _meeting_errors(draft: Draft, context: Context) -> Iterator[str]:
    if len(draft.words) > LONGEST_WORDS:
        yield _("The name of a meeting has at most %(count)s characters.") % {
            "count": LONGEST_WORDS
        }
    yield from _new_date_errors(draft)
    if draft.when.startswith("../"):
        yield _("Give the date of a meeting without ../ before it.")


def _term_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _new_date_errors(draft)
    if draft.when.startswith("../"):
        yield _("The term of a plan ends with its date: give it without ../ before it.")


def _term_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.when and dates.parse_deadline(draft.when).last < draft.window.first:
        yield _("the new end of the plan lies before the day of the decision")


def _move_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if dates.parse_deadline(draft.when).last < draft.window.first:
        yield _("the new deadline lies before the day of the move")
    if (draft.ref, None, "completed") in context.endings:
        yield _("the action has a completion already")


def is_withdrawable(entry: Entry) -> bool:
    """Whether anybody can withdraw the entry. What a plan file left is corrected by another plan
    file, and what the site recorded stays.
    """
    return entry.kind in KINDS


def _withdrawal_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and not is_withdrawable(draft.to):
        yield _("Terms are not withdrawn: load a corrected plan file.")


def _withdrawal_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.to.recorded_day > draft.recorded_day:
        yield _("it withdraws an entry that was recorded later")


def is_confirmable(entry: Entry, context: Context) -> bool:
    """Whether the entry claims something that can be confirmed or disputed."""
    if entry.kind == "started":
        deadline = context.deadline(entry.ref)
        is_figure = is_met_by_deliveries(deadline) or deadline.level is not None
        return deadline.kind in ("start", "immediate") and not is_figure
    return TYPES[entry.kind].is_confirmable


def sides_to_agree(entry: Entry, context: Context) -> Collection[str]:
    """The sides that must agree to a decision before it counts; none where it counts at once."""
    if not TYPES[entry.kind].is_decision or entry.instalment:
        return ()
    if entry.kind == "term":
        return tuple(context.plan.sides)
    terms = context.terms(entry.ref)
    return terms.leading_sides if terms and terms.is_joint else ()


def is_joint(entry: Entry, context: Context) -> bool:
    """Whether the entry is about what several sides have promised together."""
    if entry.kind == "term":
        return len(context.plan.sides) > 1
    terms = context.terms(entry.ref)
    return terms is not None and terms.is_joint


def _confirmation_errors(draft: Draft, context: Context) -> Iterator[str]:
    """What is wrong with a confirmation or a dispute."""
    if draft.to is None:
        return
    if not is_confirmable(draft.to, context):
        yield _(
            "Only what somebody claims to have reached, paid or decided can be confirmed or disputed, "
            "and a start only where one is due."
        )
    if is_joint(draft.to, context):
        if not draft.side:
            yield _("Say which side it is that speaks: the sides have promised this together.")
        elif draft.side == draft.to.side:
            yield _("The word is for the other side: %(side)s has recorded the entry itself.") % {
                "side": draft.side
            }


def _second_confirmation_errors(draft: Draft, context: Context) -> Iterator[str]:
    yield from _confirmation_errors(draft, context)
    first = context.answer_by(draft.side, "confirmed", draft.to)
    if first is not None:
        yield _("%(side)s has confirmed it already, on %(day)s (%(first)s).") % {
            "side": draft.side,
            "day": first.recorded_day,
            "first": _name_entry(first),
        }


def _name_entry(entry: Entry) -> str:
    """The entry by its number; by its id if it stands in the same file and has no number yet."""
    if entry.number is None:
        return f"“{entry.code}”"
    return _("entry %(number)s") % {"number": entry.number}


def _confirmation_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.side and draft.to.side == draft.side:
        yield _("it is the word of the side whose entry it names")
    dispute = context.answer_by(draft.side, "disputed", draft.to)
    if draft.kind == "confirmed" and dispute and draft.to and TYPES[draft.to.kind].is_decision:
        yield _("%(side)s disputes it (%(dispute)s): to agree, it withdraws that dispute first") % {
            "side": draft.side,
            "dispute": _name_entry(dispute),
        }


def _confidence_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in CONFIDENCE_COLOURS:
        yield _("Confidence is green, amber or red, not “%(colour)s”.") % {"colour": draft.words}
    elif draft.words in ("amber", "red") and not draft.reason:
        yield _("Give a reason for amber or red.")


def is_askable(entry: Entry) -> bool:
    """Whether a question can be about the entry. To a question itself belongs an answer."""
    return is_withdrawable(entry) and entry.kind != QUESTION


def _question_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in context.codes[QUESTION]:
        yield _("“%(side)s” is no side of the plan: it must be one of %(sides)s.") % {
            "side": draft.words,
            "sides": ", ".join(context.plan.sides),
        }
    elif draft.words and draft.words == draft.side:
        yield _("Ask another side than the one that asks.")
    if draft.to and not is_askable(draft.to):
        yield _("Nothing can be asked about an entry of this kind.")
    try:
        dates.parse(draft.when or "2000")
    except DateError:
        yield _("“%(date)s” is not a date that can be read: give a day, a month or a year.") % {
            "date": draft.when
        }


def _question_warnings(draft: Draft, context: Context) -> Iterator[str]:
    if draft.when and dates.parse(draft.when).last < draft.recorded_day:
        yield _("its answer was due before it was asked")


def _answer_errors(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to is None:
        return
    if draft.to.kind != QUESTION:
        yield _("Only a question can be answered.")
    elif draft.side != draft.to.words:
        yield _("The question is for another side: %(side)s.") % {"side": draft.to.words}


# by kind, beside those that any kind can have; an app with kinds of its own adds theirs
ERRORS: dict[str, Check] = {
    "completed": _completion_errors,
    "reopened": _reopening_errors,
    "consent": _consent_errors,
    "event": _event_errors,
    "delivered": _level_errors,
    "started": _level_errors,
    "moved": _move_errors,
    MEETING: _meeting_errors,
    "term": _term_errors,
    "withdrawn": _withdrawal_errors,
    "confirmed": _second_confirmation_errors,
    "disputed": _confirmation_errors,
    "confidence": _confidence_errors,
    QUESTION: _question_errors,
    ANSWER: _answer_errors,
}
WARNINGS: dict[str, Check] = {
    "delivered": _delivery_warnings,
    "reading": _reading_warnings,
    "term": _term_warnings,
    "consent": _consent_warnings,
    "event": _event_warnings,
    "moved": _move_warnings,
    "withdrawn": _withdrawal_warnings,
    "confirmed": _confirmation_warnings,
    "disputed": _confirmation_warnings,
    QUESTION: _question_warnings,
}
