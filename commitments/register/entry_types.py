"""The kinds of entry, and what makes one malformed, contradictory or merely unusual; one place for
forms and files.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from commitments.models import Entry, Obligation, Plan
from commitments.models.prepared import Slot, prepared
from commitments.register.entries import Draft
from commitments.register.standings import terms_from
from commitments.rules import dates
from commitments.rules.dates import DateError
from commitments.rules.events import MOVABLE, Deadline, Terms

Check = Callable[[Draft, "Context"], Iterator[str]]
COLOURS = ("green", "amber", "red")
CONFIRMABLE = ("completed", "delivered", "paid")
ENDS = ("completed", "not-pursued")
LONGEST_WORDS = 200
# says of another entry that its text is gone; no file and no form makes one
REDACTED = "redacted"


@dataclass(frozen=True)
class Kind:
    """`needs` and `takes` name fields of a Draft; any kind takes the free texts and the dates."""

    name: str
    label: Any
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    about: tuple[str, ...] = ("action",)  # action, contribution, entry
    check: Check | None = None
    warn: Check | None = None
    # what the codes in `words` are called in a plan
    names: Callable[[Plan], dict[str, dict[str, str]]] | None = None


@prepared
def _obligations(*about: str) -> QuerySet[Obligation]:
    return Obligation.objects.filter(**{name: Slot(name) for name in about})


@prepared
def _terms(*about: str) -> QuerySet[Any, tuple[str, Any]]:
    entries = Entry.objects.filter(
        **{name: Slot(name) for name in about}, kind="terms", instalment=None
    )
    return entries.order_by("number").values_list("ref", "terms")


class Context:
    """What a check may look up of the plan, or of one ref of it; each thing is read once.

    `taken_over`: a register comes from another site, which accepted its entries; only what is
    malformed or dangling is a fault then, since a text may have been redacted and a rule have
    become stricter.
    """

    def __init__(
        self, plan: Plan, today: date, ref: str | None = None, *, taken_over: bool = False
    ) -> None:
        self.plan, self.today, self.taken_over = plan, today, taken_over
        self.about: dict[str, Any] = (
            {"plan": plan.pk} if ref is None else {"plan": plan.pk, "ref": ref}
        )
        self.cache: dict[str, Any] = {}

    @cached_property
    def obligations(self) -> dict[tuple[str, int], Obligation]:
        found = _obligations(*self.about)(**self.about)
        return {(obligation.ref, obligation.instalment): obligation for obligation in found}

    @cached_property
    def instalments(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for ref, instalment in self.obligations:
            if instalment:
                found.setdefault(ref, []).append(instalment)
        return found

    @cached_property
    def bodies(self) -> set[str]:
        return set(self.plan.bodies.values_list("code", flat=True))

    def deadline(self, ref: str) -> Deadline:
        """The latest deadline of an action; none for what is no action."""
        return self.terms[ref].deadline if ref in self.terms else Deadline()

    @cached_property
    def terms(self) -> dict[str, Terms]:
        """The latest terms of each action."""
        return {ref: terms_from(terms) for ref, terms in _terms(*self.about)(**self.about)}

    @cached_property
    def ends(self) -> dict[tuple[str, int | None, str], date]:
        """The first days of completions and of giving up that are not withdrawn, by ref, instalment
        and kind.
        """
        found: dict[tuple[str, int | None, str], date] = {}
        entries = Entry.objects.filter(**self.about, kind__in=ENDS).exclude(
            named_by__kind="withdrawn"
        )
        for ref, instalment, kind, day in entries.values_list(
            "ref", "instalment", "kind", "first_day"
        ):
            found[ref, instalment, kind] = min(day, found.get((ref, instalment, kind), day))
        return found

    def keep(self, draft: Draft) -> None:
        """Remember a draft that comes before others and is not written yet."""
        if draft.kind in ENDS:
            self.ends.setdefault((draft.ref, draft.instalment, draft.kind), draft.window.first)
        if draft.kind == "withdrawn" and draft.to:
            self.ends.pop((draft.ref, draft.instalment, draft.to.kind), None)


def faults(draft: Draft, context: Context) -> list[str]:
    """What is wrong with the draft, in the reader's language; an empty list for a sound one."""
    kind = KINDS.get(draft.kind)
    found = [*_date_faults(draft, context)]
    if draft.kind == REDACTED and context.taken_over:
        return found
    if kind is None:
        known = ", ".join(KINDS)
        found.append(
            _("There is no kind of entry called “%(kind)s”: it must be one of %(known)s.")
            % {"kind": draft.kind, "known": known}
        )
    else:
        found += [*_field_faults(draft, kind, context), *_ref_faults(draft, kind, context)]
        found += kind.check(draft, context) if kind.check and not context.taken_over else ()
    if draft.side and draft.side not in context.plan.sides:
        sides = ", ".join(context.plan.sides)
        found.append(
            _("“%(side)s” is no side of the plan: it must be one of %(sides)s.")
            % {"side": draft.side, "sides": sides}
        )
    found += source_faults(draft.source)
    return found


def warnings(draft: Draft, context: Context) -> list[str]:
    """What is unusual about a sound draft; honest facts come late, so nothing of it is refused."""
    found = []
    if draft.window.first < context.plan.adopted_on:
        found.append(_("the date lies before the adoption of the plan"))
    if draft.kind == REDACTED:
        return found
    kind = KINDS[draft.kind]
    given_up = [
        context.ends.get((draft.ref, instalment, "not-pursued"))
        for instalment in {None, draft.instalment}
    ]
    if "entry" not in kind.about and any(day and day <= draft.window.first for day in given_up):
        found.append(_("it comes after the action was no longer pursued"))
    return [*found, *(kind.warn(draft, context) if kind.warn else ())]


def _date_faults(draft: Draft, context: Context) -> Iterator[str]:
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


def source_faults(source: str) -> Iterator[str]:
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


LABELS = {
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


def _field_faults(draft: Draft, kind: Kind, context: Context) -> Iterator[str]:
    for name, label in LABELS.items():
        if context.taken_over and name == "reason":
            continue
        value = getattr(draft, name)
        given = value is not None and value != ""
        if name in kind.needs and not given:
            yield _("“%(kind)s” needs %(field)s.") % {"kind": kind.label, "field": label}
        if given and name not in (*kind.needs, *kind.takes, "reason", "note"):
            yield _("“%(kind)s” does not take %(field)s.") % {"kind": kind.label, "field": label}


def _ref_faults(draft: Draft, kind: Kind, context: Context) -> Iterator[str]:
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


def _completed(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).target is not None:
        yield _("%(ref)s has a quantity to reach: record what was delivered, not a completion.") % {
            "ref": draft.ref
        }
    if context.plan.evidence_required and not (draft.source or draft.evidence):
        yield needs_evidence()


def needs_evidence() -> str:
    return _(
        "This plan asks for evidence before a completion is recorded: give a link, a reference or a file."
    )


def _reopened(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).quantity is not None:
        yield _(
            "%(ref)s has a quantity, so it is not reopened: withdraw the delivery that was mistaken."
        ) % {"ref": draft.ref}


def _delivered(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).quantity is None:
        yield _("%(ref)s has no quantity to reach: the delivery is shown and satisfies nothing") % {
            "ref": draft.ref
        }


def _consent(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in context.bodies:
        known = ", ".join(sorted(context.bodies))
        yield _("“%(body)s” is no body of the plan: it must be one of %(known)s.") % {
            "body": draft.words,
            "known": known,
        }


def _unneeded_consent(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms.get(draft.ref)
    if terms and draft.words not in terms.consents:
        yield _("%(ref)s does not wait for the consent of %(body)s") % {
            "ref": draft.ref,
            "body": draft.words,
        }


def _event(draft: Draft, context: Context) -> Iterator[str]:
    if len(draft.words) > LONGEST_WORDS:
        yield _("The name of an event has at most %(count)s characters.") % {"count": LONGEST_WORDS}


def _unneeded_event(draft: Draft, context: Context) -> Iterator[str]:
    terms = context.terms.get(draft.ref)
    if terms and draft.words != terms.deadline.of:
        yield _("%(ref)s does not wait for “%(event)s”") % {"ref": draft.ref, "event": draft.words}


def _moved(draft: Draft, context: Context) -> Iterator[str]:
    if context.deadline(draft.ref).kind not in MOVABLE:
        yield _(
            "The deadline of %(ref)s cannot be moved: only one with a date, an immediate one or none can."
        ) % {"ref": draft.ref}
    try:
        dates.parse_deadline(draft.when or "2000")  # a missing one is a fault of its own
    except DateError:
        yield _(
            "“%(date)s” is not a deadline that can be read: give a day, a month, a quarter, a season or a year, "
            "with ../ before it for “by”."
        ) % {"date": draft.when}


def _unusual_move(draft: Draft, context: Context) -> Iterator[str]:
    if dates.parse_deadline(draft.when).last < draft.window.first:
        yield _("the new deadline lies before the day of the move")
    if (draft.ref, None, "completed") in context.ends:
        yield _("the action has a completion already")


def _withdrawn(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.to.kind in ("terms", "plan", "redacted"):
        yield _("Terms are not withdrawn: load a corrected plan file.")


def _unusual_withdrawal(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.to.recorded_day > draft.recorded_day:
        yield _("it withdraws an entry that was recorded later")


def _confirmed(draft: Draft, context: Context) -> Iterator[str]:
    starts = (
        draft.to
        and draft.to.kind == "started"
        and context.deadline(draft.to.ref).kind in ("start", "immediate")
    )
    if draft.to and draft.to.kind not in CONFIRMABLE and not starts:
        yield _(
            "Only a completion, a delivery, a payment, or a start where one is due, can be confirmed or disputed."
        )


def _own_confirmation(draft: Draft, context: Context) -> Iterator[str]:
    if draft.to and draft.side and draft.to.side == draft.side:
        yield _("it is the word of the side whose entry it names")


def _confidence(draft: Draft, context: Context) -> Iterator[str]:
    if draft.words and draft.words not in COLOURS:
        yield _("Confidence is green, amber or red, not “%(colour)s”.") % {"colour": draft.words}
    elif draft.words in COLOURS and draft.words != "green" and not draft.reason:
        yield _("Give a reason for amber or red.")


BOTH = ("action", "contribution")
KINDS: dict[str, Kind] = {}


def register(kinds: Iterable[Kind]) -> None:
    """Add kinds of entry; the app that knows their rule does it once, at the start."""
    KINDS.update({kind.name: kind for kind in kinds})


register(
    [
        Kind("started", pgettext_lazy("kind of entry", "started")),
        Kind("progress", gettext_lazy("progress"), about=BOTH),
        Kind("completed", pgettext_lazy("kind of entry", "completed"), check=_completed),
        Kind("delivered", gettext_lazy("delivered"), needs=("quantity",), warn=_delivered),
        Kind("note", pgettext_lazy("kind of entry", "note"), about=BOTH),
        Kind(
            "consent",
            gettext_lazy("consent given"),
            ("words",),
            ("instalment",),
            BOTH,
            _consent,
            _unneeded_consent,
            lambda plan: dict(plan.bodies.values_list("code", "name")),
        ),
        Kind(
            "event",
            gettext_lazy("event happened"),
            ("words",),
            ("instalment",),
            BOTH,
            _event,
            _unneeded_event,
        ),
        Kind(
            "moved",
            gettext_lazy("deadline moved"),
            ("when", "reason"),
            (),
            ("action",),
            _moved,
            _unusual_move,
        ),
        Kind(
            *(
                "withdrawn",
                gettext_lazy("entry withdrawn"),
                ("to", "reason"),
                ("instalment",),
                ("entry",),
            ),
            check=_withdrawn,
            warn=_unusual_withdrawal,
        ),
        Kind("reopened", pgettext_lazy("kind of entry", "reopened"), ("reason",), check=_reopened),
        Kind(
            "superseded",
            pgettext_lazy("kind of entry", "superseded"),
            ("reason",),
            ("instalment",),
            BOTH,
        ),
        Kind(
            "not-pursued",
            pgettext_lazy("kind of entry", "not pursued"),
            ("reason",),
            ("instalment",),
            BOTH,
        ),
        Kind("confidence", gettext_lazy("confidence"), ("words",), about=BOTH, check=_confidence),
        Kind(
            "confirmed",
            pgettext_lazy("kind of entry", "confirmed"),
            ("to",),
            ("instalment",),
            ("entry",),
            _confirmed,
            _own_confirmation,
        ),
        Kind(
            "disputed",
            pgettext_lazy("kind of entry", "disputed"),
            ("to", "reason"),
            ("instalment",),
            ("entry",),
            _confirmed,
            _own_confirmation,
        ),
    ]
)
