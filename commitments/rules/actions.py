"""The rule for actions: what an action's terms and events mean on one day. No database, framework
or clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commitments.rules import dates
from commitments.rules.dates import BEGINNING, Window, shift
from commitments.rules.events import (
    REPORTS,
    Deadline,
    Event,
    EventsOnDay,
    Terms,
    TermsVersion,
    is_confirmed,
    is_disputed,
    is_never_reported,
    is_not_pursued,
    terms_on,
)
from commitments.rules.recurrence import Recurrence, period_edges
from commitments.rules.standing import Verdict, day_reached, window_edges
from commitments.rules.states import (
    SATISFIED,
    SETTLED,
    DatedState,
    State,
    determine_state,
    state_from_satisfaction,
    state_from_window,
)


@dataclass(frozen=True)
class ActionHistory:
    """One action's terms and events, and the histories of the actions that would supersede it.

    Whether an action is satisfied does not depend on what supersedes it, so the histories of the
    superseding actions need no superseding actions of their own.
    """

    versions: Sequence[TermsVersion[Terms]]
    events: Sequence[Event]
    superseders: Mapping[str, "ActionHistory"]

    def judge(self, on: date, known: date) -> Verdict:
        terms = terms_on(self.versions, on, known)
        events = EventsOnDay(self.events, on, known)
        superseded = self.is_superseded(terms, events, known)
        if terms.deadline.kind == "recurring":
            return judge_recurring(terms, events, superseded)
        return judge_single(terms, events, superseded)

    def is_superseded(self, terms: Terms, events: EventsOnDay, known: date) -> bool:
        """By an entry, or because each action named in `until` is satisfied."""
        if events.of_kind("superseded"):
            return True
        for ref in terms.until:
            superseder = self.superseders.get(ref)
            if superseder is None or superseder.judge(events.on, known).state not in SATISFIED:
                return False
        return bool(terms.until)

    def days_of_change(self) -> set[date]:
        """The days on which a verdict can change: recorded and effective ones, those on which it
        becomes stale, the edges of windows and periods.
        """
        days = {BEGINNING}
        for superseder in self.superseders.values():
            days |= superseder.days_of_change()
        for event in self.events:
            days |= {event.first, event.recorded}
        for version in self.versions:
            terms = version.terms
            news = {terms.adopted_on, *(event.recorded for event in self.events)}
            days.add(version.since)
            days |= {shift(day, terms.stale_days) for day in news}
            days |= set(window_edges(self._possible_windows(terms), terms.lead_days))
        days |= set(period_edges(self.versions, self.events, days))
        return days

    def _possible_windows(self, terms: Terms) -> Iterator[Window]:
        """Every window that the deadline can come to have, whichever events come to count."""
        if terms.deadline.kind == "within":
            for event in self.events:
                if event.kind == "event" and event.words == terms.deadline.of:
                    yield window_after_event(event.first, terms)
        else:
            signed = fixed_window(terms)
            if signed is not None:
                yield signed
        for event in self.events:
            if event.kind == "moved":
                yield dates.parse_deadline(event.when)


def signed_window(terms: Terms, events: EventsOnDay) -> Window | None:
    """The window of a deadline as signed; None where there is none, or none yet."""
    if terms.deadline.kind != "within":
        return fixed_window(terms)
    happened = events.first_day("event", terms.deadline.of)
    if happened is None:
        return None
    return window_after_event(happened, terms)


def fixed_window(terms: Terms) -> Window | None:
    """The window of a deadline that runs from no event."""
    deadline = terms.deadline
    if deadline.kind in ("start", "finish"):
        return dates.parse_deadline(deadline.when)
    if deadline.kind == "immediate":
        return Window(terms.adopted_on, shift(terms.adopted_on, terms.grace_days))
    return None


def window_after_event(happened: date, terms: Terms) -> Window:
    """The window of a deadline that runs from an event of that day."""
    deadline = terms.deadline
    if deadline.months is not None:
        last = dates.add_months(happened, deadline.months)
    elif deadline.working_days is not None:
        last = dates.add_working_days(happened, deadline.working_days, terms.countries)
    else:
        last = shift(happened, deadline.days or 0)
    return Window(happened, last)


def satisfied_window(deadline: Deadline, events: EventsOnDay) -> Window | None:
    """Between which days the action was satisfied; None while it is not."""
    if deadline.target is not None:
        deliveries = events.of_kind("delivered")
        first = day_reached(
            deadline.target, [(event.first, event.quantity) for event in deliveries]
        )
        last = day_reached(deadline.target, [(event.last, event.quantity) for event in deliveries])
        if first is None or last is None:
            return None
        return Window(first, last)
    satisfying = satisfying_events(deadline.kind, events)
    if not satisfying:
        return None
    return Window(min(event.first for event in satisfying), min(event.last for event in satisfying))


def satisfying_events(kind: str, events: EventsOnDay) -> list[Event]:
    """The events that satisfy a deadline of this kind, without those that a reopening has undone."""
    reports = events.of_kind("completed")
    if kind in ("start", "immediate"):
        reports = reports + events.of_kind("started")
    reopened_on = max((event.first for event in events.of_kind("reopened")), default=BEGINNING)
    return [event for event in reports if event.first > reopened_on]


def is_awaiting(terms: Terms, events: EventsOnDay, signed: Window | None) -> bool:
    """Whether a consent is missing, or the event from which the deadline runs."""
    if events.last_consent_day(terms.consents) is None:
        return True
    return terms.deadline.kind == "within" and signed is None


def is_stale(terms: Terms, state: State, events: EventsOnDay) -> bool:
    """Whether nothing was recorded for `stale_days`, counted from the adoption if nothing ever was."""
    if not terms.scored or state in SETTLED:
        return False
    last_stale_day = shift(events.on, -terms.stale_days)
    if not events.events:
        return terms.adopted_on <= last_stale_day
    # The newest come last, so on most days the first that is looked at decides.
    return not any(event.recorded > last_stale_day for event in reversed(events.events))


def is_slipped(signed: Window, state: State, on: date) -> bool:
    """Whether the original last day has passed and the action is not settled."""
    return state not in SETTLED and on > signed.last


def sides_differ(deadline: Deadline, events: EventsOnDay) -> bool:
    """Whether one side has a satisfying entry and another has reported without one."""
    if deadline.quantity is not None:
        return False
    satisfied_by = {event.side for event in satisfying_events(deadline.kind, events)} - {""}
    if not satisfied_by:
        return False
    reported_by = {event.side for event in events.of_kinds(*REPORTS)} - {""}
    return not reported_by <= satisfied_by


def judge_single(terms: Terms, events: EventsOnDay, superseded: bool) -> Verdict:
    """An action with one deadline or none."""
    signed = signed_window(terms, events)
    current = signed
    move = events.latest("moved")
    if move is not None:
        current = dates.parse_deadline(move.when)
    satisfied = satisfied_window(terms.deadline, events)
    met = by_calendar = None
    if satisfied is not None:
        met = state_from_satisfaction(satisfied, current)
    if current is not None:
        by_calendar = state_from_window(current, events.on, terms.lead_days)
    awaiting = is_awaiting(terms, events, signed)
    verdict = verdict_without_window(terms, events, superseded, met, awaiting, by_calendar)
    verdict = verdict._replace(moved=move is not None, target=terms.deadline.target)
    if current is not None:
        verdict = verdict._replace(first_day=current.first, last_day=current.last)
    if signed is not None:
        slipped = is_slipped(signed, verdict.state, events.on)
        verdict = verdict._replace(original_last=signed.last, slipped=slipped)
    if satisfied is not None:
        verdict = verdict._replace(original_stop=satisfied.first)
    if verdict.target is not None:
        delivered = sum(event.quantity for event in events.of_kind("delivered"))
        verdict = verdict._replace(delivered=delivered)
    return verdict


def judge_recurring(terms: Terms, events: EventsOnDay, superseded: bool) -> Verdict:
    """An action that is counted by the period."""
    recurrence = Recurrence(terms, events)
    by_periods = recurrence.state_from_periods()
    awaiting = recurrence.is_awaiting_consent
    met = None
    if by_periods.state is State.MET and not awaiting:
        met = by_periods
    return verdict_without_window(terms, events, superseded, met, awaiting, by_periods)


def verdict_without_window(
    terms: Terms,
    events: EventsOnDay,
    superseded: bool,
    met: DatedState | None,
    awaiting: bool,
    by_calendar: DatedState | None,
) -> Verdict:
    dated = determine_state(
        not_pursued=is_not_pursued(terms.withdrawn, events),
        met=met,
        superseded=superseded,
        awaiting=awaiting,
        by_calendar=by_calendar,
        scored=terms.scored,
    )
    confidence = events.latest("confidence")
    return Verdict(
        state=dated.state,
        anchor=dated.anchor,
        late=dated.late,
        modality=terms.modality,
        words=terms.deadline.words,
        every=terms.deadline.every,
        scored=terms.scored,
        stale=is_stale(terms, dated.state, events),
        never_reported=is_never_reported(events),
        confirmed=is_confirmed(events),
        disputed=is_disputed(events),
        sides_differ=sides_differ(terms.deadline, events),
        confidence=confidence.words if confidence else "",
    )
