"""The page of an action, and what its forms share with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from commitments.models import Body, Entry, EntryText, Flag, Standing
from commitments.models.register import EntryQuerySet
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.dialogue import dialogues, exchanges, fold_history, latest_reports
from commitments.pages.entries import (
    EntryRow,
    describe_entries,
    entries_on,
    last_reports,
    readable_entries,
)
from commitments.pages.inbox import turns
from commitments.pages.level_chart import LevelChart, draw_level
from commitments.pages.page import Page
from commitments.register import permissions
from commitments.register.entry_types import ANSWER, QUESTION, kinds_with
from commitments.register.histories import read_action_history
from commitments.rules.actions import ActionOnDay
from commitments.rules.events import MOVABLE, EventsOnDay, Terms
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import days_passed
from commitments.rules.terms import terms_on
from commitments.rules.waiting import is_of_the_only_leading_side

ENTRIES_SHOWN = 25  # what is older is in the register
PERIODS_SHOWN = 36


@dataclass(frozen=True)
class Consent:
    """A body that must consent, and the entry by which it did. `stops_no_clock` says that the
    deadline does not wait for it.
    """

    body: Body
    given: Entry | None
    stops_no_clock: bool


class ActionDetail(KeptView):
    """The signed words, what is wrong or right, what the sides say to each other, the history, and
    what the words were taken to mean.
    """

    public = True
    template_name = "commitments/action/body.html"

    def content(self, ref: str) -> dict[str, object]:
        page = self.page
        standing = get_object_or_404(page.standings_with_actions(), obligation__ref=ref)
        action = standing.action
        # both were read already, and would be read again
        action.plan = page.plan
        action.commitment = standing.obligation.commitment
        history = read_action_history(page.plan, ref)
        terms = terms_on(history.versions, page.on, page.known_day)
        events = EventsOnDay(history.event_index, page.on, page.known_day)
        can_report = permissions.can_report(page.rights, action)
        return {
            "title": f"{ref} {labels.text(action.title)}",
            "action": action,
            "standing": standing,
            "confidence_reason": find_confidence_reason(events, page),
            "consents": list_consents(terms, events, page),
            "awaited_event": find_awaited_event(terms, events),
            "awaited_action": terms.deadline.of_ref if not standing.last_day else "",
            "preceding": standings_of(action.after, page),
            "superseding": standings_of(terms.until, page),
            "flags": Flag.objects.filter(obligation=action).noticed_by(page.on),
            "later_because": why_later(history.on_day(page.on, page.known_day), standing),
            "proposals": list_proposals(standing, page),
            "level_at": terms.deadline.at,
            "each_target": terms.deadline.target,
            "level_chart": draw_readings(ref, terms, events, standing, page),
            **describe_deadline(standing, history.recurrence(page.on, page.known_day), page.on),
            **describe_register(ref, page, terms),
            # the same day as in lists: entries without news, such as a confidence, are no report
            "last_report": last_reports(page, [action.pk]).get(action.pk),
            "turns": turns(page).get(ref, []),
            "can_report": can_report,
            "can_ask": permissions.can_ask(page.rights, page.plan),
            "can_decide": can_report and permissions.is_manager(page.rights),
            "can_move": terms.deadline.kind in MOVABLE and not terms.deadline.steps,
        }


def list_proposals(standing: Standing, page: Page) -> list[EntryRow]:
    """The decisions that wait for another side's word: what, by whom and since when."""
    if not standing.proposed:
        return []
    entries = entries_on(page).filter(number__in=standing.proposed)
    return describe_entries(entries, page, with_acts=True)


def draw_readings(
    ref: str, terms: Terms, events: EventsOnDay, standing: Standing, page: Page
) -> LevelChart | None:
    entries = entries_on(page).filter(ref=ref, kind="reading")
    return draw_level(terms, events.of_kind("reading"), entries, standing.last_day)


def describe_deadline(
    standing: Standing, recurrence: Recurrence | None, on: date
) -> dict[str, object]:
    """When it is due, by how much that slipped, and the periods of a recurring action."""
    periods: list[Period] = []
    assessed: list[Period] = []
    first_day, last_day = standing.first_day, standing.last_day
    if recurrence is not None:
        periods = recurrence.periods_asked_for[-PERIODS_SHOWN:]
        assessed = recurrence.assessed
        if recurrence.window:
            # what is due is the current period
            first_day, last_day = recurrence.window.first, recurrence.window.last
    return {
        "first_day": first_day,
        "last_day": last_day,
        "days_moved": days_between(standing.original_last, last_day),
        "days_passed": days_passed(standing.original_last, standing.original_stop, on),
        "periods": periods,
        "periods_closed": recurrence.periods_closed if recurrence else 0,
        "periods_short": recurrence.periods_short if recurrence else 0,
        "short_periods": [period for period in assessed if period.is_short],
        "met_periods": [period for period in assessed if period.state == "met"],
    }


def why_later(action: ActionOnDay, standing: Standing) -> str:
    """Why another day than the signed one decides although nothing was moved: "fell" where what was
    done was undone, "waited" where a consent or event came after the signed day; else empty.
    """
    signed = standing.original_last
    last_day = standing.last_day
    if standing.moved or signed is None or last_day is None or signed == last_day:
        return ""
    if action.needed_on == last_day:
        return "waited"
    return "fell"


def days_between(earlier: date | None, later: date | None) -> int:
    """The days from one day to the other; zero where one is missing, or the order is the other way
    round.
    """
    if earlier is None or later is None:
        return 0
    return max((later - earlier).days, 0)


def describe_register(ref: str, page: Page, terms: Terms) -> dict[str, object]:
    """The newest entries about the action, what the sides say in them, and all that bring evidence."""
    entries = entries_on(page).filter(ref=ref)
    rows = describe_entries(entries[:ENTRIES_SHOWN], page, with_acts=True)
    questions = entries.filter(kind__in=(QUESTION, ANSWER))
    sides = page.plan.sides
    return {
        "history": fold_history(rows),
        "dialogues": dialogues(describe_entries(questions[:ENTRIES_SHOWN], page, with_acts=True)),
        "exchanges": list(exchanges(rows, sides, kinds_to_answer(terms))),
        "latest_reports": latest_reports(rows, sides),
        "evidence": describe_entries(entries_with_evidence(entries, page), page),
        "older_entries": max(entries.count() - ENTRIES_SHOWN, 0),
    }


def kinds_to_answer(terms: Terms) -> set[str]:
    """The kinds of entry that another side can confirm or dispute."""
    kinds = set(kinds_with(is_confirmable=True))
    if terms.deadline.kind in ("start", "immediate"):
        kinds.add("started")
    return kinds


def find_awaited_event(terms: Terms, events: EventsOnDay) -> str:
    """The event from which the deadline runs, where it has not happened."""
    deadline = terms.deadline
    if not deadline.of or events.first_day("event", deadline.of) is not None:
        return ""
    return deadline.of


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
    return [
        Consent(bodies[code], given.get(code), is_of_the_only_leading_side(code, terms))
        for code in terms.consents
        if code in bodies
    ]


def standings_of(refs: Sequence[str], page: Page) -> list[Standing]:
    """How these actions stand, in the order in which the terms name them."""
    standings = page.standings_with_actions().filter(obligation__ref__in=refs)
    standing_of = {standing.obligation.ref: standing for standing in standings}
    return [standing_of[ref] for ref in refs if ref in standing_of]


def entries_with_evidence(entries: EntryQuerySet, page: Page) -> QuerySet[Entry]:
    """The entries with files, or with an address as their source."""
    if not page.inside:
        return entries.none()
    has_link = Q(text__source__startswith="https://") | Q(text__source__startswith="http://")
    return entries.filter(Q(evidence__isnull=False) | has_link).distinct()
