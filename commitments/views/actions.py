"""The page of an action, and what its forms share with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from commitments.models import Body, Entry, Flag, Standing
from commitments.models.register import INTERNAL_KINDS, EntryQuerySet
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.entries import (
    describe_entries,
    entries_on,
    readable_entries,
)
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
from commitments.rules.recurrence import Recurrence
from commitments.rules.states import days_passed

ENTRIES_SHOWN = 25  # what is older is in the register
PERIODS_SHOWN = 36


@dataclass(frozen=True)
class Slip:
    """Days by which the deadline was moved back, and days by which the original one has passed."""

    moved: int
    passed: int | None


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
    latest_kind: str
    latest_day: date | None


@dataclass(frozen=True)
class PeriodRow:
    """A period of a recurring action."""

    name: str
    state: str
    label: str
    delivered: int
    target: int


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
        recurrence = Recurrence(terms, events) if terms.deadline.kind == "recurring" else None
        if recurrence and recurrence.window:
            # what is due is the current period
            standing.first_day = recurrence.window.first
            standing.last_day = recurrence.window.last
        register = entries_on(page).filter(ref=ref)
        return {
            "title": f"{ref} {labels.text(action.title)}",
            "action": action,
            "standing": standing,
            "slip": compute_slip(standing, page.on),
            "confidence_reason": find_confidence_reason(events, page) if page.inside else "",
            "consents": list_consents(terms, events, page),
            "preceding": standings_of(action.after, page),
            "superseding": standings_of(terms.until, page),
            "sides": [describe_side(side, events, history, page) for side in page.plan.sides],
            "periods": describe_periods(recurrence) if recurrence else [],
            "flags": Flag.objects.filter(obligation=action).noticed_by(page.on),
            "entries": describe_entries(register[:ENTRIES_SHOWN], page),
            "evidence": describe_entries(entries_with_evidence(register, page), page),
            "older_entries": max(register.count() - ENTRIES_SHOWN, 0),
            "can_report": permissions.can_report(page.rights, action),
            "can_decide": permissions.can_decide(page.rights, action),
            "can_move": terms.deadline.kind in MOVABLE,
        }


def compute_slip(standing: Standing, on: date) -> Slip:
    moved = 0
    if standing.last_day and standing.original_last:
        moved = (standing.last_day - standing.original_last).days
    passed = days_passed(standing.original_last, standing.original_stop, on)
    return Slip(moved=max(moved, 0), passed=passed)


def find_confidence_reason(events: EventsOnDay, page: Page) -> str:
    latest = events.latest("confidence")
    if latest is None:
        return ""
    entry = Entry.objects.select_related("text").get(plan=page.plan, number=latest.number)
    text = getattr(entry, "text", None)
    return text.reason if text else ""


def list_consents(terms: Terms, events: EventsOnDay, page: Page) -> list[Consent]:
    """Each consent that the terms ask for, with the first entry that gives it."""
    if not terms.consents:
        return []
    numbers: dict[str, int] = {}
    for event in events.of_kind("consent"):
        numbers.setdefault(event.words, event.number)
    entries = readable_entries(inside=page.inside).filter(plan_id=page.plan.pk)
    given = {entry.words: entry for entry in entries.filter(number__in=numbers.values())}
    bodies = {body.code: body for body in page.plan.bodies.filter(code__in=terms.consents)}
    return [Consent(bodies[code], given.get(code)) for code in terms.consents if code in bodies]


def standings_of(refs: Sequence[str], page: Page) -> list[Standing]:
    """How these actions stand, in the order in which the terms name them."""
    if not refs:
        return []
    rows = {
        row.obligation.ref: row
        for row in page.standings_with_actions().filter(obligation__ref__in=refs)
    }
    return [rows[ref] for ref in refs if ref in rows]


def entries_with_evidence(register: EntryQuerySet, page: Page) -> QuerySet[Entry]:
    """Those with files, or with an address as their source."""
    if not page.inside:
        return register.none()
    has_link = Q(text__source__startswith="https://") | Q(text__source__startswith="http://")
    return register.filter(Q(evidence__isnull=False) | has_link).distinct()


def describe_side(side: str, events: EventsOnDay, history: ActionHistory, page: Page) -> SideView:
    readable = [
        event for event in readable_events(events.events, history, page) if event.side == side
    ]
    # a side that only confirms or disputes has not said how the action stands
    reports = [event for event in readable if event.kind in REPORTS]
    latest = max(reports or readable, key=lambda event: event.number, default=None)
    return SideView(
        side=side,
        state=judge_by_side(side, history, page) if reports else "",
        entries=len(readable),
        latest_kind=labels.kind(latest.kind) if latest else "",
        latest_day=latest.recorded if latest else None,
    )


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


def describe_periods(recurrence: Recurrence) -> list[PeriodRow]:
    return [
        PeriodRow(
            name=period.name,
            state=period.state,
            label=str(labels.PERIODS[period.state]),
            delivered=period.delivered,
            target=period.target,
        )
        for period in recurrence.periods[-PERIODS_SHOWN:]
    ]
