"""Reads the terms and events of obligations from the register into histories, which the rule judges."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from commitments.models import Entry, Obligation, Plan
from commitments.models.register import EntryQuerySet
from commitments.register.entry_types import kinds_with
from commitments.register.recorded_terms import (
    SIDE_OF,
    Payload,
    RecordedTerms,
    TermsEntry,
    refs_waited_for,
    sides_of_bodies,
)
from commitments.rules.actions import ActionHistory
from commitments.rules.events import (
    Baseline,
    Deadline,
    Event,
    EventIndex,
    Step,
    Terms,
)
from commitments.rules.plan_term import PlanTerm, TermOnDay
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History
from commitments.rules.terms import AlteredTerms, TermsVersion, terms_on, versions_of

T = TypeVar("T")

COLUMNS_READ = (
    "ref",
    "instalment",
    "kind",
    "number",
    "first_day",
    "last_day",
    "recorded_day",
    "recorded_at",
    "side",
    "words",
    "when",
    "currency",
    "quantity",
    "amount",
    "terms",
    "to__number",
)

# Makes the history of an instalment. The app that knows money puts its function here when it
# starts.
instalment_history: (
    Callable[
        [
            Sequence[AlteredTerms],
            Sequence[Event],
            Mapping[str, ActionHistory],
            PlanTerm,
        ],
        History,
    ]
    | None
) = None


def terms_from(payload: Payload) -> Terms:
    """The terms of an action as the register holds them."""
    content = {
        name: value
        for name, value in payload.items()
        if value is not None and not name.startswith(SIDE_OF)
    }
    content["body_sides"] = sides_of_bodies(payload)
    content["deadline"] = deadline_from(content["deadline"])
    content["adopted_on"] = date.fromisoformat(content["adopted_on"])
    for name in ("lead", "consents", "needs", "each", "until", "countries"):
        content[name] = tuple(content.get(name, ()))
    return Terms(**content)


def deadline_from(payload: Payload) -> Deadline:
    content = dict(payload)
    if "baseline" in content:
        content["baseline"] = Baseline(**content["baseline"])
    content["steps"] = tuple(Step(**step) for step in content.get("steps", ()))
    return Deadline(**content)


class RegisterExtract:
    """Terms and events of actions or contributions, and of the actions that they wait for.

    By reference and instalment; what is not about an instalment has None.
    """

    def __init__(self, plan: Plan, refs: Iterable[str], *, before: int | None = None) -> None:
        self.plan = plan
        self.before = before
        self.terms: dict[tuple[str, int | None], list[TermsEntry]] = defaultdict(list)
        self.events: dict[tuple[str, int | None], list[Event]] = defaultdict(list)
        self._histories: dict[str, ActionHistory] = {}
        unread = set(refs)
        read: set[str] = set()
        while unread:
            self._read(unread)
            read |= unread
            unread = self._refs_waited_for() - read

    def _refs_waited_for(self) -> set[str]:
        return {
            ref
            for entries in self.terms.values()
            for entry in entries
            for ref in refs_waited_for(entry.terms)
        }

    def _read(self, refs: set[str]) -> None:
        """Read the entries of these references, in the order of the register."""
        entries = Entry.objects.filter(plan=self.plan, ref__in=refs).exclude(
            kind__in=kinds_with(is_silent=True)
        )
        if self.before is not None:
            entries = entries.filter(number__lt=self.before)
        # plain rows, because an action can have hundreds
        for entry in entries.order_by("number").values(*COLUMNS_READ):
            key = entry["ref"], entry["instalment"]
            if entry["terms"] is not None:
                self.terms[key].append(terms_entry_from(entry))
            else:
                self.events[key].append(event_from(entry))

    @cached_property
    def plan_term(self) -> PlanTerm:
        return read_plan_term(self.plan, before=self.before)

    def versions(self, ref: str) -> list[TermsVersion[Terms]]:
        """The versions of an action's terms."""
        altered = RecordedTerms(self.terms[ref, None]).altered
        counted_days = self.plan.working_days

        def make_terms(payload: Payload) -> Terms:
            return replace(terms_from(payload), counted_days=counted_days)

        return versions_of(altered, make_terms)

    def history(self, obligation: Obligation) -> History:
        if not obligation.instalment:
            return self.action_history(obligation.ref)
        ref = obligation.ref
        number = obligation.instalment
        events = self.events[ref, None] + self.events[ref, number]
        events.sort(key=lambda event: event.number)
        entries = self.terms[ref, number]
        altered = RecordedTerms(entries).altered
        assert instalment_history is not None
        return instalment_history(altered, events, self._others(entries), self.plan_term)

    def action_history(self, ref: str) -> ActionHistory:
        """The history of an action. It ends, because the loader refuses terms by which an action
        would wait for itself.
        """
        if ref not in self._histories:
            others = self._others(self.terms[ref, None])
            events = self.events[ref, None]
            history = ActionHistory(self.versions(ref), events, others, self.plan_term)
            self._histories[ref] = history
        return self._histories[ref]

    def _others(self, entries: Iterable[TermsEntry]) -> dict[str, ActionHistory]:
        refs = {ref for entry in entries for ref in refs_waited_for(entry.terms)}
        return {ref: self.action_history(ref) for ref in sorted(refs) if self.terms[ref, None]}


def read_plan_term(plan: Plan, *, before: int | None = None) -> PlanTerm:
    """The entries that move the last day of the whole plan, and the entries about those."""
    entries = Entry.objects.filter(
        plan=plan, ref="", kind__in=["term", "confirmed", "disputed", "withdrawn"]
    )
    if before is not None:
        entries = entries.filter(number__lt=before)
    rows = entries.order_by("number").values(*COLUMNS_READ)
    index = EventIndex(event_from(entry) for entry in rows)
    return PlanTerm(index)


def read_term(plan: Plan, on: date, known: date) -> TermOnDay:
    """The term of the plan on a day. The plan's settings are read from the terms of any of its
    actions.
    """
    ref = plan.obligations.filter(instalment=0).values_list("ref", flat=True).first()
    extract = RegisterExtract(plan, [ref] if ref else [])
    signed = plan.until
    parties = tuple(plan.sides)
    if ref is not None:
        terms = terms_on(extract.versions(ref), on, known)
        signed = terms.plan_until
        parties = terms.countries
    return extract.plan_term.on_day(signed, parties, on, known)


def terms_entry_from(entry: Mapping[str, Any]) -> TermsEntry:
    """A terms entry from its columns."""
    return TermsEntry(entry["terms"], entry["first_day"], entry["recorded_day"])


def latest_terms(entries: EntryQuerySet) -> dict[tuple[str, int | None], Payload]:
    """The terms of each obligation as the last plan file stated them, by ref and instalment."""
    by_obligation: dict[tuple[str, int | None], list[TermsEntry]] = defaultdict(list)
    rows = entries.filter(kind="terms").order_by("number").values(*COLUMNS_READ)
    for row in rows:
        by_obligation[row["ref"], row["instalment"]].append(terms_entry_from(row))
    return {key: RecordedTerms(versions).latest for key, versions in by_obligation.items()}


def terms_of_first_action(plan: Plan) -> list[TermsEntry]:
    """The terms entries of the action that the register names first. The settings of the plan are
    among the terms of each.
    """
    entries = Entry.objects.filter(plan=plan, kind="terms").order_by("number")
    first = entries.filter(instalment=None).values_list("ref", flat=True).first()
    rows = entries.filter(ref=first, instalment=None).values(*COLUMNS_READ)
    return [terms_entry_from(row) for row in rows]


def event_from(entry: Mapping[str, Any]) -> Event:
    """An event of the rule from the columns of an entry."""
    return Event(
        kind=entry["kind"],
        number=entry["number"],
        first=entry["first_day"],
        last=entry["last_day"],
        recorded=entry["recorded_day"],
        recorded_at=entry["recorded_at"],
        side=entry["side"],
        words=entry["words"],
        when=entry["when"],
        currency=entry["currency"],
        quantity=entry["quantity"] or 0,
        amount=entry["amount"] or Decimal(0),
        to=entry["to__number"],
    )


def read_histories(
    plan: Plan, obligations: list[Obligation], *, before: int | None = None
) -> dict[int, History]:
    """The history of each obligation, by its key; with `before` as the register was before that
    entry.
    """
    refs = [obligation.ref for obligation in obligations]
    extract = RegisterExtract(plan, refs, before=before)
    return {obligation.pk: extract.history(obligation) for obligation in obligations}


def read_action_history(plan: Plan, ref: str) -> ActionHistory:
    return RegisterExtract(plan, [ref]).action_history(ref)


def read_recurrences(
    plan: Plan,
    obligation_ids: Iterable[int],
    on: date,
    known: date,
    *,
    before: int | None = None,
) -> dict[int, Recurrence]:
    """The periods of the actions among these that are recurring on a day, by key; with `before` as
    the register was before that entry.
    """
    recurrences = {}
    for part in in_parts(obligation_ids):
        obligations = Obligation.objects.filter(pk__in=part)
        refs = [obligation.ref for obligation in obligations]
        extract = RegisterExtract(plan, refs, before=before)
        for obligation in obligations:
            recurrence = extract.action_history(obligation.ref).recurrence(on, known)
            if recurrence is not None:
                recurrences[obligation.pk] = recurrence
    return recurrences


def in_parts(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of that size, so that no query or answer grows with the plan."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part
