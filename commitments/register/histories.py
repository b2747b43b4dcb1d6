"""Reads the terms and events of obligations from the register into histories, which the rule judges."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from commitments.models import Entry, Obligation, Plan
from commitments.rules.actions import ActionHistory
from commitments.rules.dates import BEGINNING
from commitments.rules.events import Deadline, Event, EventsOnDay, Terms, TermsVersion, terms_on
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History

T = TypeVar("T")
ENTRY_COLUMNS = (
    "ref",
    "instalment",
    "terms",
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
    "to__number",
)


@dataclass(frozen=True)
class RecordedTerms:
    """Terms as an entry of the register holds them."""

    payload: Mapping[str, Any]

    @property
    def since(self) -> date:
        """From which day they count: a change from its loading, all else from the beginning."""
        since = self.payload.get("since")
        if since is None:
            return BEGINNING
        return date.fromisoformat(since)


# Makes the history of an instalment. The app that knows money puts its function here when it
# starts.
instalment_history: Callable[[Sequence[RecordedTerms], Sequence[Event]], History] | None = None


def terms_from(payload: Mapping[str, Any]) -> Terms:
    """The terms of an action from the entry that holds them."""
    content = dict(payload)
    content.pop("since", None)
    content["deadline"] = Deadline(**content["deadline"])
    content["adopted_on"] = date.fromisoformat(content["adopted_on"])
    for name in ("consents", "until", "countries"):
        content[name] = tuple(content[name])
    return Terms(**content)


class RegisterExtract:
    """Terms and events by reference and instalment; what is not about an instalment has None."""

    def __init__(self, plan: Plan, refs: Iterable[str]) -> None:
        self.plan = plan
        self.refs: set[str] = set()
        self.terms: dict[tuple[str, int | None], list[RecordedTerms]] = defaultdict(list)
        self.events: dict[tuple[str, int | None], list[Event]] = defaultdict(list)
        self.read(set(refs))

    def read(self, refs: set[str]) -> None:
        """Read the entries of some more references, in the order of the register."""
        self.refs |= refs
        entries = Entry.objects.filter(plan=self.plan, ref__in=refs).exclude(kind="plan")
        for row in entries.order_by("number").values_list(*ENTRY_COLUMNS, named=True):
            if row.kind == "terms":
                self.terms[row.ref, row.instalment].append(RecordedTerms(row.terms))
            else:
                self.events[row.ref, row.instalment].append(event_from(row))

    def read_superseders(self) -> None:
        """Read the actions that would supersede those that were read."""
        named = set()
        for recorded in self.terms.values():
            for terms in recorded:
                named.update(terms.payload.get("until", ()))
        if named - self.refs:
            self.read(named - self.refs)

    def versions(self, ref: str) -> list[TermsVersion[Terms]]:
        """The versions of an action's terms; none where the reference is no action."""
        recorded = self.terms[ref, None]
        return [TermsVersion(terms.since, terms_from(terms.payload)) for terms in recorded]

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


def event_from(row: Any) -> Event:
    """An event of the rule from the columns of an entry."""
    return Event(
        kind=row.kind,
        number=row.number,
        first=row.first_day,
        last=row.last_day,
        recorded=row.recorded_day,
        recorded_at=row.recorded_at,
        side=row.side,
        words=row.words,
        when=row.when,
        currency=row.currency,
        quantity=row.quantity or 0,
        amount=row.amount or Decimal(0),
        to=row.to__number,
    )


def read_histories(plan: Plan, obligations: Iterable[Obligation]) -> dict[int, History]:
    """The history of each obligation, by its key."""
    chosen = list(obligations)
    extract = RegisterExtract(plan, {obligation.ref for obligation in chosen})
    extract.read_superseders()
    return {obligation.pk: extract.history(obligation) for obligation in chosen}


def read_action_history(plan: Plan, ref: str) -> ActionHistory:
    extract = RegisterExtract(plan, [ref])
    extract.read_superseders()
    return extract.action_history(ref)


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
