"""Reads the terms and events of obligations from the register into histories, which the rule judges."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from django.db.models import F

from commitments.models import Entry, Obligation, Plan
from commitments.rules.actions import ActionHistory
from commitments.rules.dates import BEGINNING
from commitments.rules.events import Deadline, Event, EventsOnDay, Terms, TermsVersion, terms_on
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History

T = TypeVar("T")
Payload = Mapping[str, Any]  # the terms of an entry, as they stand in the register

# Makes the history of an instalment. The app that knows money puts its function here when it
# starts.
instalment_history: Callable[[Sequence[TermsVersion[Payload]], Sequence[Event]], History] | None = (
    None
)


def terms_from(payload: Payload) -> Terms:
    """The terms of an action from the entry that holds them."""
    content = dict(payload)
    content.pop("since", None)
    content["deadline"] = Deadline(**content["deadline"])
    content["adopted_on"] = date.fromisoformat(content["adopted_on"])
    for name in ("consents", "until", "countries"):
        content[name] = tuple(content[name])
    return Terms(**content)


class RegisterExtract:
    """Terms and events of actions or contributions, and of the actions that would supersede them.

    By reference and instalment; what is not about an instalment has None.
    """

    def __init__(self, plan: Plan, refs: Iterable[str]) -> None:
        self.plan = plan
        self.terms: dict[tuple[str, int | None], list[TermsVersion[Payload]]] = defaultdict(list)
        self.events: dict[tuple[str, int | None], list[Event]] = defaultdict(list)
        refs = set(refs)
        self._read(refs)
        superseders = set()
        for versions in self.terms.values():
            for version in versions:
                superseders.update(version.terms.get("until", ()))
        self._read(superseders - refs)

    def _read(self, refs: set[str]) -> None:
        """Read the entries of these references, in the order of the register."""
        entries = Entry.objects.filter(plan=self.plan, ref__in=refs).exclude(kind="plan")
        for entry in entries.order_by("number").annotate(to_number=F("to__number")):
            if entry.kind == "terms":
                version = TermsVersion(effective_since(entry.terms), entry.terms)
                self.terms[entry.ref, entry.instalment].append(version)
            else:
                self.events[entry.ref, entry.instalment].append(event_from(entry))

    def versions(self, ref: str) -> list[TermsVersion[Terms]]:
        """The versions of an action's terms; none where the reference is no action."""
        recorded = self.terms[ref, None]
        return [TermsVersion(version.since, terms_from(version.terms)) for version in recorded]

    def history(self, obligation: Obligation) -> History:
        if not obligation.instalment:
            return self.action_history(obligation.ref)
        ref, number = obligation.ref, obligation.instalment
        events = self.events[ref, None] + self.events[ref, number]
        events.sort(key=lambda event: event.number)
        assert instalment_history is not None
        return instalment_history(self.terms[ref, number], events)

    def action_history(self, ref: str) -> ActionHistory:
        versions = self.versions(ref)
        superseders = {}
        for other in sorted({other for version in versions for other in version.terms.until}):
            other_versions = self.versions(other)
            if other_versions:
                superseders[other] = ActionHistory(other_versions, self.events[other, None], {})
        return ActionHistory(versions, self.events[ref, None], superseders)


def effective_since(payload: Payload) -> date:
    """From which day terms count: a change from its loading, all else from the beginning."""
    since = payload.get("since")
    if since is None:
        return BEGINNING
    return date.fromisoformat(since)


def event_from(entry: Any) -> Event:
    """An event of the rule from an entry that was read with `to_number`."""
    return Event(
        kind=entry.kind,
        number=entry.number,
        first=entry.first_day,
        last=entry.last_day,
        recorded=entry.recorded_day,
        recorded_at=entry.recorded_at,
        side=entry.side,
        words=entry.words,
        when=entry.when,
        currency=entry.currency,
        quantity=entry.quantity or 0,
        amount=entry.amount or Decimal(0),
        to=entry.to_number,
    )


def read_histories(plan: Plan, obligations: list[Obligation]) -> dict[int, History]:
    """The history of each obligation, by its key."""
    extract = RegisterExtract(plan, [obligation.ref for obligation in obligations])
    return {obligation.pk: extract.history(obligation) for obligation in obligations}


def read_action_history(plan: Plan, ref: str) -> ActionHistory:
    return RegisterExtract(plan, [ref]).action_history(ref)


def read_recurrences(
    plan: Plan, obligation_ids: Iterable[int], on: date, known: date
) -> dict[int, Recurrence]:
    """The periods of recurring actions on a day, by key."""
    recurrences = {}
    for part in in_parts(obligation_ids):
        obligations = Obligation.objects.filter(pk__in=part)
        extract = RegisterExtract(plan, [obligation.ref for obligation in obligations])
        for obligation in obligations:
            terms = terms_on(extract.versions(obligation.ref), on, known)
            events = EventsOnDay(extract.events[obligation.ref, None], on, known)
            recurrences[obligation.pk] = Recurrence(terms, events)
    return recurrences


def in_parts(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of that size, so that no query or answer grows with the plan."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part
