"""The rule for actions: what an action's terms and events mean on one day. No database, framework
or clock.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from commitments.rules import dates
from commitments.rules.dates import BEGINNING, END, Window, shift
from commitments.rules.events import (
    MOVABLE,
    NEWS,
    WORK,
    Deadline,
    Event,
    EventIndex,
    EventsOnDay,
    Terms,
    is_confirmed,
    is_disputed,
    is_never_reported,
)
from commitments.rules.plan_term import PlanTerm
from commitments.rules.promises import Fulfilment, fulfilment
from commitments.rules.proposals import (
    JOINT_KINDS,
    first_day_in_force,
    latest_in_force,
    proposed,
)
from commitments.rules.recurrence import Recurrence, period_edges, schedules
from commitments.rules.standing import SidePart, StepPart, Verdict, window_edges
from commitments.rules.states import (
    CLOSED,
    DONE,
    SATISFIED,
    SETTLED,
    DatedState,
    Progress,
    State,
    StateInputs,
    determine_state,
    state_from_satisfaction,
    state_from_window,
    worst_of_parts,
)
from commitments.rules.terms import TermsSpan, TermsVersion, begun_on, spans_of_terms
from commitments.rules.waiting import (
    last_needed_day,
    needed_events,
    owed_again,
)

# The days of these can become the last day of an action, see owed_again.
CAN_MAKE_OWED_AGAIN = ("started", "completed", "reopened", "consent", "event", "reading")


@dataclass(frozen=True)
class Answer:
    """What one action says to another that waits for it.

    `satisfied` is None while it is in no met state; of a recurring action it is the day from which
    it is over.
    """

    satisfied: Window | None = None
    disputed: bool = False

    @property
    def supersedes(self) -> bool:
        return self.satisfied is not None and not self.disputed


@dataclass(frozen=True)
class Judgement:
    """What holds of an action on a day, and between which days it was satisfied."""

    verdict: Verdict
    satisfied: Window | None

    @property
    def answer(self) -> Answer:
        if self.verdict.state not in DONE:
            return Answer()
        return Answer(self.satisfied, self.verdict.disputed)


@dataclass(frozen=True)
class ActionHistory:
    """One action's terms and events, the term of its plan, and by their refs the histories of the
    actions that it waits for.
    """

    versions: Sequence[TermsVersion[Terms]]
    events: Sequence[Event]
    others: Mapping[str, "ActionHistory"]
    plan_term: PlanTerm

    @cached_property
    def event_index(self) -> EventIndex:
        return EventIndex(self.events)

    @cached_property
    def _answers(self) -> dict[tuple[date, date], Answer]:
        """The answers given so far, by the day and the day of knowing: several actions can ask for
        the same.
        """
        return {}

    def judge(self, on: date, known: date) -> Verdict:
        return self.on_day(on, known).judge().verdict

    def on_day(self, on: date, known: date) -> "ActionOnDay":
        """The action on a day, by what was known on another."""
        spans = spans_of_terms(self.versions, on, known)
        answers = {ref: other.answer(on, known) for ref, other in self.others.items()}
        terms = spans[-1].terms
        plan_last = self.plan_term.last_day(terms.plan_until, terms.countries, on, known)
        events = EventsOnDay(self.event_index, on, known)
        return ActionOnDay(self.versions, spans, events, answers, plan_last)

    def answer(self, on: date, known: date) -> Answer:
        """What the action says to others that wait for it; nothing as long as it is not in the
        plan.
        """
        if not self.versions[0].counts(on, known):
            return Answer()
        if (on, known) not in self._answers:
            self._answers[on, known] = self.on_day(on, known).judge().answer
        return self._answers[on, known]

    def recurrence(self, on: date, known: date) -> Recurrence | None:
        """The periods of a recurring action; None for any other."""
        action = self.on_day(on, known)
        if action.deadline.kind != "recurring":
            return None
        return action.recurrence

    def days_of_change(self) -> set[date]:
        """The days on which a verdict can change: recorded and effective ones, those on which it
        becomes stale, the edges of windows and periods, the end of the plan.
        """
        days = {BEGINNING} | self.plan_term.days_of_change()
        for other in self.others.values():
            days |= other.days_of_change()
        for event in self.events:
            days |= {event.first, event.recorded}
            if event.kind in CAN_MAKE_OWED_AGAIN:
                days.add(shift(event.first, 1))
        for version in self.versions:
            terms = version.terms
            days |= {version.since, version.known}
            days |= set(self._days_becoming_stale(terms))
            days |= set(window_edges(self._possible_windows(terms), terms.lead_days))
            if terms.plan_until:
                days.add(shift(dates.parse_deadline(terms.plan_until).last, 1))
        for spans in self._possible_spans():
            days |= set(period_edges(self.versions, spans, self.events))
        return days

    def learns_later_of(self, day: date) -> bool:
        """Whether something that bears on the day was recorded after it."""
        if any(version.is_learnt_after(day) for version in self.versions):
            return True
        indexes = [self.event_index, self.plan_term.events]
        return any(index.learns_later_of(day) for index in indexes) or any(
            other.learns_later_of(day) for other in self.others.values()
        )

    def _possible_spans(self) -> Iterator[list[TermsSpan[Terms]]]:
        """The spans of terms as they come to be known."""
        for known in {END, *(version.known for version in self.versions)}:
            yield spans_of_terms(self.versions, END, known)

    def _days_becoming_stale(self, terms: Terms) -> Iterator[date]:
        """`stale_days` after the action came into the plan and after each recorded day, unless news
        that are never withdrawn are recorded in between.
        """
        silence = days_until_stale(terms)
        if not silence:
            return
        named_by_withdrawals = {event.to for event in self.events if event.kind == "withdrawn"}
        lasting_news = sorted(
            event.recorded
            for event in self.events
            if event.kind in NEWS
            and event.number not in named_by_withdrawals
            and event.first <= event.recorded
        )
        begun = {terms.adopted_on, *(version.since for version in self.versions)}
        for day in begun | {event.recorded for event in self.events}:
            stale_from = shift(day, silence)
            in_between = bisect_right(lasting_news, stale_from) - bisect_right(lasting_news, day)
            if not in_between:
                yield stale_from

    def _possible_windows(self, terms: Terms) -> Iterator[Window]:
        """Every window that the deadline can come to have, whichever events come to count."""
        deadline = terms.deadline
        if deadline.kind == "within":
            for day in self._possible_starts(deadline):
                yield window_after_event(day, terms)
        for day in {terms.adopted_on, *(version.since for version in self.versions)}:
            signed = fixed_window(deadline, terms, day)
            if signed is not None:
                yield signed
        for step in deadline.steps:
            yield dates.parse_deadline(step.when)
        for event in self.events:
            if event.kind == "moved":
                yield dates.parse_deadline(event.when)

    def _possible_starts(self, deadline: Deadline) -> Iterator[date]:
        """The days from which a deadline within some time can come to run."""
        if deadline.of_ref in self.others:
            for event in self.others[deadline.of_ref].events:
                yield event.last
        for event in self.events:
            if event.kind == "event" and event.words == deadline.of:
                yield event.first


class ActionOnDay:
    """One action on one day: the terms, the events that count, and what other actions answer."""

    def __init__(
        self,
        versions: Sequence[TermsVersion[Terms]],
        spans: Sequence[TermsSpan[Terms]],
        events: EventsOnDay,
        answers: Mapping[str, Answer],
        plan_last: date | None,
    ) -> None:
        self.versions = versions
        self.spans = spans
        self.terms = spans[-1].terms
        self.deadline = self.terms.deadline
        self.events = events
        self.on = events.on
        self.answers = answers
        self.plan_last = plan_last
        self.begun_on = begun_on(versions, spans)
        # whoever must agree to what would move, drop or replace the action
        self.parties = self.terms.leading_sides if self.terms.is_joint else ()

    def judge(self) -> Judgement:
        """Judge the action by the kind of promise that it is."""
        if self.deadline.kind == "recurring":
            return judge_recurring(self)
        if self.terms.each:
            return judge_each(self)
        if self.deadline.steps:
            return judge_steps(self)
        return judge_single(self)

    @cached_property
    def move(self) -> Event | None:
        """The move of the deadline that decides."""
        if self.deadline.kind not in MOVABLE or self.deadline.steps:
            return None
        return latest_in_force("moved", self.events, self.parties)

    @cached_property
    def superseded_on(self) -> date | None:
        """The day since which it is superseded, by an entry or because each action named in `until`
        is satisfied.
        """
        by_entry = first_day_in_force("superseded", self.events, self.parties)
        days = [day for day in (by_entry, self._until_holds_on) if day is not None]
        return min(days, default=None)

    @property
    def _until_holds_on(self) -> date | None:
        """The day on which the last of the actions named in `until` was satisfied; None until then."""
        days = []
        for ref in self.terms.until:
            answer = self.answers.get(ref, Answer())
            if not answer.supersedes or answer.satisfied is None:
                return None
            days.append(answer.satisfied.first)
        return max(days, default=None)

    @cached_property
    def not_pursued_on(self) -> date | None:
        """The day since which it is not pursued, by an entry or by the plan file."""
        by_entry = first_day_in_force("not-pursued", self.events, self.parties)
        days = [day for day in (by_entry, self._withdrawn_on) if day is not None]
        return min(days, default=None)

    @property
    def _withdrawn_on(self) -> date | None:
        """The day from which the plan file has withdrawn it."""
        if not self.terms.withdrawn:
            return None
        kept = [span for span in self.spans if not span.terms.withdrawn]
        if not kept:
            return BEGINNING
        return shift(kept[-1].last, 1)

    @property
    def is_superseded(self) -> bool:
        return self.superseded_on is not None

    @property
    def is_not_pursued(self) -> bool:
        return self.not_pursued_on is not None

    @property
    def closed_on(self) -> date | None:
        """The day from which nothing more is asked for."""
        days = [self.superseded_on, self.not_pursued_on]
        if self.plan_last is not None and self.on > self.plan_last:
            days.append(shift(self.plan_last, 1))
        return min((day for day in days if day is not None), default=None)

    def is_awaiting(self, window: Window | None) -> bool:
        """Whether a consent or an event is missing, or that from which the deadline runs."""
        waits_for_start = self.deadline.kind == "within" and window is None
        return waits_for_start or self.needed_on is None

    @cached_property
    def needed_on(self) -> date | None:
        """The day on which the last consent or event that the deadline waits for was there."""
        return last_needed_day(self.terms, self.events)

    @cached_property
    def recurrence(self) -> Recurrence:
        in_time = schedules(self.versions, self.spans)
        return Recurrence(in_time, self.events, self.closed_on)

    def signed_window(self, deadline: Deadline) -> Window | None:
        """The window of a deadline as signed; None where there is none, or none yet."""
        if deadline.kind != "within":
            return fixed_window(deadline, self.terms, self.begun_on)
        happened = self._day_of_start(deadline)
        if happened is None:
            return None
        return window_after_event(happened, self.terms)

    def _day_of_start(self, deadline: Deadline) -> date | None:
        """The day from which a deadline within some time runs: that of an event, or the last
        possible day on which another action was satisfied.
        """
        if not deadline.of_ref:
            return self.events.first_day("event", deadline.of)
        satisfied = self.answers.get(deadline.of_ref, Answer()).satisfied
        return satisfied.last if satisfied else None


def fixed_window(deadline: Deadline, terms: Terms, begun: date) -> Window | None:
    """The window of a deadline that does not run from an event; `begun` is the day on which the
    action came into the plan.
    """
    if deadline.kind in ("start", "finish") and deadline.when:
        return dates.parse_deadline(deadline.when)
    if deadline.kind == "immediate":
        return Window(begun, shift(begun, terms.grace_days))
    return None


def window_after_event(happened: date, terms: Terms) -> Window:
    """The window of a deadline that runs from an event of that day."""
    deadline = terms.deadline
    if deadline.months is not None:
        last = dates.add_months(happened, deadline.months)
    elif deadline.working_days is not None:
        last = terms.counted_days.find_last(
            happened, deadline.working_days, terms.countries, terms.calendar
        )
    else:
        last = shift(happened, deadline.days or 0)
    return Window(happened, last)


@dataclass(frozen=True)
class Part:
    """One deadline held against the events that can satisfy it: a whole action, what one side must
    do of it, or one step.
    """

    signed: Window | None
    window: Window | None  # by which it is judged
    fulfilled: Fulfilment
    dated: DatedState

    @property
    def satisfied(self) -> Window | None:
        return self.fulfilled.satisfied


def judge_part(action: ActionOnDay, deadline: Deadline, events: EventsOnDay) -> Part:
    """Judge a part by its signed window or that of the latest move, unless it is owed again since a
    later day.
    """
    signed = action.signed_window(deadline)
    stated = signed
    if action.move is not None:
        stated = dates.parse_deadline(action.move.when)
    fulfilled = fulfilment(deadline, events)
    window = owed_again(stated, action.move, [fulfilled.fell_on, action.needed_on])
    met = None
    if fulfilled.satisfied is not None:
        met = state_from_satisfaction(fulfilled.satisfied, window)
    return Part(signed, window, fulfilled, state_of(action, met, window))


def state_of(action: ActionOnDay, met: DatedState | None, window: Window | None) -> DatedState:
    """The state of an action or a part of it, given how it was met and the window that holds."""
    by_calendar = None
    if window is not None:
        by_calendar = state_from_window(window, action.on, action.terms.lead_days)
    return determine_state(
        StateInputs(
            on=action.on,
            not_pursued=action.is_not_pursued,
            met=met,
            superseded=action.is_superseded,
            awaiting=action.is_awaiting(window),
            by_calendar=by_calendar,
            scored=action.terms.scored,
            last_day=window.last if window else None,
            plan_last=action.plan_last,
        )
    )


def judge_single(action: ActionOnDay) -> Judgement:
    """An action with one deadline or none."""
    part = judge_part(action, action.deadline, action.events)
    verdict = verdict_of(action, part.dated, part.fulfilled.satisfying)
    columns = {
        "sides_differ": sides_differ(action, part.fulfilled),
        "delivered": part.fulfilled.delivered,
        "target": action.deadline.target,
        "reading": part.fulfilled.reading,
        **columns_of_dates(action, part.signed, part.window, part.satisfied, part.dated.state),
    }
    return Judgement(verdict._replace(**columns), part.satisfied)


def judge_each(action: ActionOnDay) -> Judgement:
    """An action that each of several sides must do: it is due until the last of them has done it."""
    sides = {
        side: judge_part(action, action.deadline, action.events.of_side(side))
        for side in action.terms.each
    }
    parts = list(sides.values())
    not_done = [part for part in parts if part.satisfied is None]
    satisfied = None
    if not_done:
        judged_by = min(not_done, key=last_day_or_end)
        dated = state_of(action, None, judged_by.window)
    else:
        judged_by = max(parts, key=last_day_or_end)
        satisfied = latest_days([part.satisfied for part in parts if part.satisfied])
        met = worst_of_parts([met_by(part) for part in parts])
        dated = state_of(action, met, judged_by.window)
    satisfying = [event for part in parts for event in part.fulfilled.satisfying]
    verdict = verdict_of(action, dated, satisfying)
    columns = {
        "each": tuple(side_part(action, side, part) for side, part in sides.items()),
        **columns_of_dates(action, judged_by.signed, judged_by.window, satisfied, dated.state),
    }
    return Judgement(verdict._replace(**columns), satisfied)


def last_day_or_end(part: Part) -> date:
    return part.window.last if part.window else END


def latest_days(windows: Sequence[Window]) -> Window:
    """The window from the latest first day to the latest last day."""
    return Window(max(one.first for one in windows), max(one.last for one in windows))


def met_by(part: Part) -> DatedState:
    """How a part that is satisfied has met its window."""
    assert part.satisfied is not None
    return state_from_satisfaction(part.satisfied, part.window)


def side_part(action: ActionOnDay, side: str, part: Part) -> SidePart:
    return SidePart(
        side=side,
        state=part.dated.state,
        anchor=part.dated.anchor,
        late=part.dated.late,
        progress=progress_of(
            part.dated.state,
            settled=part.dated.state in SETTLED,
            events=action.events.of_side(side),
        ),
        delivered=part.fulfilled.delivered,
        reading=part.fulfilled.reading,
    )


def judge_steps(action: ActionOnDay) -> Judgement:
    """An action of several steps: judged by the earliest that is not reached."""
    parts = []
    for step in action.deadline.steps:
        alone = replace(action.deadline, when=step.when, quantity=step.quantity, steps=())
        parts.append(judge_part(action, alone, action.events))
    judged_by = next((part for part in parts if part.satisfied is None), parts[-1])
    dated = judged_by.dated
    if judged_by.satisfied is not None:
        met = worst_of_parts([met_by(part) for part in parts])
        dated = state_of(action, met, judged_by.window)
    verdict = verdict_of(action, dated, judged_by.fulfilled.satisfying)
    columns = {
        "delivered": judged_by.fulfilled.delivered,
        "target": action.deadline.steps[parts.index(judged_by)].quantity,
        "steps": tuple(
            StepPart(step.when, step.quantity, part.dated.state, part.dated.anchor, part.dated.late)
            for step, part in zip(action.deadline.steps, parts, strict=True)
        ),
        **columns_of_dates(
            action, judged_by.signed, judged_by.window, judged_by.satisfied, dated.state
        ),
    }
    return Judgement(verdict._replace(**columns), judged_by.satisfied)


def judge_recurring(action: ActionOnDay) -> Judgement:
    """An action that is counted by the period."""
    recurrence = action.recurrence
    met = recurrence.state_once_over()
    dated = determine_state(
        StateInputs(
            on=action.on,
            not_pursued=action.is_not_pursued,
            met=met,
            superseded=action.is_superseded,
            awaiting=action.is_awaiting(None),
            by_calendar=recurrence.state_from_periods(),
            scored=action.terms.scored,
            plan_last=action.plan_last,
        )
    )
    verdict = verdict_of(action, dated, recurrence.deliveries)
    verdict = verdict._replace(fell_short=bool(recurrence.short_periods))
    satisfied = None
    if met is not None and recurrence.over_on is not None:
        satisfied = Window(recurrence.over_on, recurrence.over_on)
    return Judgement(verdict, satisfied)


def verdict_of(action: ActionOnDay, dated: DatedState, satisfying: Sequence[Event]) -> Verdict:
    """The part of a verdict that is the same for every kind of promise."""
    terms, events = action.terms, action.events
    confidence = events.latest("confidence")
    settled = is_settled(action, dated.state)
    return Verdict(
        state=dated.state,
        anchor=dated.anchor,
        late=dated.late,
        modality=terms.modality,
        words=terms.deadline.words,
        every=terms.deadline.every,
        scored=terms.scored,
        stale=terms.scored and not settled and is_stale(action),
        never_reported=is_never_reported(events),
        confirmed=is_confirmed(events, satisfying),
        disputed=is_disputed(events, satisfying),
        confidence=confidence.words if confidence else "",
        level=terms.deadline.level,
        baseline=terms.deadline.baseline,
        progress=progress_of(dated.state, settled=settled, events=events),
        proposed=proposed(JOINT_KINDS, events, action.parties),
        needs=needed_events(terms, events),
    )


def columns_of_dates(
    action: ActionOnDay,
    signed: Window | None,
    window: Window | None,
    satisfied: Window | None,
    state: State,
) -> dict[str, Any]:
    """The columns of a verdict that say when the action is due and was signed to be."""
    columns: dict[str, Any] = {"moved": action.move is not None}
    if window is not None:
        columns |= {"first_day": window.first, "last_day": window.last}
    if signed is not None:
        columns |= {
            "original_last": signed.last,
            "slipped": is_slipped(signed, state, action.on),
        }
    if satisfied is not None:
        columns["original_stop"] = satisfied.first
    return columns


def is_settled(action: ActionOnDay, state: State) -> bool:
    """Whether nothing more is asked for. A recurring action is not settled by a period that is met."""
    if state in SATISFIED and action.deadline.kind == "recurring":
        return action.recurrence.is_over
    return state in SETTLED


def is_stale(action: ActionOnDay) -> bool:
    """Whether nothing was reported for `stale_days`, counted at the earliest from the day on which
    the action came into the plan.
    """
    silence = days_until_stale(action.terms)
    if not silence:
        return False
    last_stale_day = shift(action.on, -silence)
    if action.begun_on > last_stale_day:
        return False
    news = action.events.of_kinds(*NEWS)
    return all(event.recorded <= last_stale_day for event in news)


def days_until_stale(terms: Terms) -> int:
    """After how many days without a report the action is stale; zero where it never is."""
    if terms.own_stale_days is not None:
        return terms.own_stale_days
    return terms.stale_days


def is_slipped(signed: Window, state: State, on: date) -> bool:
    """Whether the original last day has passed and the action is not settled."""
    return state not in SETTLED and on > signed.last


def progress_of(state: State, *, settled: bool, events: EventsOnDay) -> Progress | None:
    """How far it has come by what was reported; None where it was closed without being met."""
    if state in CLOSED:
        return None
    if settled:
        return Progress.DONE
    if events.of_kinds(*WORK):
        return Progress.UNDER_WAY
    return Progress.NONE


def sides_differ(action: ActionOnDay, fulfilled: Fulfilment) -> bool:
    """Whether one side has a satisfying entry, and another has reported without one and has not
    confirmed any.
    """
    deadline, events = action.deadline, action.events
    if deadline.quantity is not None or deadline.level is not None:
        return False
    satisfied_by = {event.side for event in fulfilled.satisfying} - {""}
    if not satisfied_by:
        return False
    reports = events.of_kinds("started", "completed", "progress", "note")
    numbers = {event.number for event in fulfilled.satisfying}
    agreed = {event.side for event in events.of_kind("confirmed") if event.to in numbers}
    return bool({event.side for event in reports} - {""} - satisfied_by - agreed)
