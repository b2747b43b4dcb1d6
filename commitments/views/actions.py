"""The page of an action, and what its forms share with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from commitments.models import Body, Entry, EntryText, Flag, Standing
from commitments.models.register import INTERNAL_KINDS, EntryQuerySet
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.entries import describe_entries, entries_on, readable_entries
from commitments.pages.page import Page
from commitments.register import permissions
from commitments.register.histories import read_action_history
from commitments.rules.actions import ActionHistory
from commitments.rules.events import (
    MOVABLE,
    REPORTS,
    Event,
    EventsOnDay,
    Terms,
    terms_on,
)
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import days_passed

ENTRIES_SHOWN = 25  # what is older is in the register
PERIODS_SHOWN = 36


@dataclass(frozen=True)
class Consent:
    """A body that must consent, and the entry by which it did."""

    body: Body
    given: Entry | None


@dataclass(frozen=True)
class SideView:
    """What one side has said.

    `state` is how the action would stand by its word alone, where it has reported.
    """

    side: str
    state: str
    entries: int
    latest: Event | None


class ActionDetail(KeptView):
    """The signed words, what they were taken to mean, the deadline and its moves, what each side
    says, and the register.
    """

    public = True
    template_name = "commitments/action/body.html"

    def content(self, ref: str) -> dict[str, Any]:
        page = self.page
        standing = get_object_or_404(page.standings_with_actions(), obligation__ref=ref)
        action = standing.action
        action.plan, action.commitment = page.plan, standing.obligation.commitment
        history = read_action_history(page.plan, ref)
        terms = terms_on(history.versions, page.on, page.known_day)
        events = EventsOnDay(history.events, page.on, page.known_day)
        return {
            "title": f"{ref} {labels.text(action.title)}",
            "action": action,
            "standing": standing,
            "confidence_reason": find_confidence_reason(events, page),
            "consents": list_consents(terms, events, page),
            "preceding": standings_of(action.after, page),
            "superseding": standings_of(terms.until, page),
            "sides": [describe_side(side, events, history, page) for side in page.plan.sides],
            "flags": Flag.objects.filter(obligation=action).noticed_by(page.on),
            **describe_deadline(standing, terms, events),
            **describe_register(ref, page),
            "can_report": permissions.can_report(page.rights, action),
            "can_decide": permissions.can_decide(page.rights, action),
            "can_move": terms.deadline.kind in MOVABLE,
        }


def describe_deadline(standing: Standing, terms: Terms, events: EventsOnDay) -> dict[str, Any]:
    """When it is due, by how much that slipped, and the periods of a recurring action."""
    periods: list[Period] = []
    first_day, last_day = standing.first_day, standing.last_day
    if terms.deadline.kind == "recurring":
        recurrence = Recurrence(terms, events)
        periods = recurrence.periods[-PERIODS_SHOWN:]
        if recurrence.window:
            # what is due is the current period
            first_day, last_day = recurrence.window.first, recurrence.window.last
    return {
        "first_day": first_day,
        "last_day": last_day,
        "days_moved": days_between(standing.original_last, last_day),
        "days_passed": days_passed(standing.original_last, standing.original_stop, events.on),
        "periods": periods,
    }


def days_between(earlier: date | None, later: date | None) -> int:
    """Zero where one of the two is missing, or they stand the other way round."""
    if earlier is None or later is None:
        return 0
    return max((later - earlier).days, 0)


def describe_register(ref: str, page: Page) -> dict[str, Any]:
    """The newest entries about the action, and all that bring evidence."""
    entries = entries_on(page).filter(ref=ref)
    return {
        "entries": describe_entries(entries[:ENTRIES_SHOWN], page),
        "evidence": describe_entries(entries_with_evidence(entries, page), page),
        "older_entries": max(entries.count() - ENTRIES_SHOWN, 0),
    }


def find_confidence_reason(events: EventsOnDay, page: Page) -> str:
    latest = events.latest("confidence")
    if latest is None or not page.inside:
        return ""
    texts = EntryText.objects.filter(entry__plan=page.plan, entry__number=latest.number)
    return texts.values_list("reason", flat=True).first() or ""


def list_consents(terms: Terms, events: EventsOnDay, page: Page) -> list[Consent]:
    """Each consent that the terms ask for, with the first entry that gives it."""
    numbers: dict[str, int] = {}
    for event in events.of_kind("consent"):
        numbers.setdefault(event.words, event.number)
    entries = readable_entries(page).filter(number__in=numbers.values())
    given = {entry.words: entry for entry in entries}
    bodies = {body.code: body for body in page.plan.bodies.filter(code__in=terms.consents)}
    return [Consent(bodies[code], given.get(code)) for code in terms.consents if code in bodies]


def standings_of(refs: Sequence[str], page: Page) -> list[Standing]:
    """How these actions stand, in the order in which the terms name them."""
    standings = page.standings_with_actions().filter(obligation__ref__in=refs)
    standing_of = {standing.obligation.ref: standing for standing in standings}
    return [standing_of[ref] for ref in refs if ref in standing_of]


def entries_with_evidence(entries: EntryQuerySet, page: Page) -> QuerySet[Entry]:
    """Those with files, or with an address as their source."""
    if not page.inside:
        return entries.none()
    has_link = Q(text__source__startswith="https://") | Q(text__source__startswith="http://")
    return entries.filter(Q(evidence__isnull=False) | has_link).distinct()


def describe_side(side: str, events: EventsOnDay, history: ActionHistory, page: Page) -> SideView:
    readable = [
        event for event in readable_events(events.events, history, page) if event.side == side
    ]
    # a side that only confirms or disputes has not said how the action stands
    reports = [event for event in readable if event.kind in REPORTS]
    latest = max(reports or readable, key=lambda event: event.number, default=None)
    state = ""
    if reports:
        state = judge_by_side(side, history, page)
    return SideView(side, state, entries=len(readable), latest=latest)


def judge_by_side(side: str, history: ActionHistory, page: Page) -> str:
    """The state if this side alone had reported."""
    events = [event for event in history.events if event.side == side or event.kind not in REPORTS]
    return replace(history, events=events).judge(page.on, page.known_day).state.value


def readable_events(events: Iterable[Event], history: ActionHistory, page: Page) -> list[Event]:
    """Those of which the reader may know that they are there, as `PublicEntry` has it."""
    if page.inside:
        return list(events)
    internal = {event.number for event in history.events if event.kind in INTERNAL_KINDS}
    return [event for event in events if event.number not in internal and event.to not in internal]
