"""The rule for instalments, on the same parts as that for actions. No database, framework or clock.

Currencies are never added together and never converted: an instalment is paid when the payments
that count, less refunds, reach the stated amount in one of its stated currencies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from commitments.rules import dates
from commitments.rules.actions import ActionHistory, Answer
from commitments.rules.dates import BEGINNING, Window, shift
from commitments.rules.events import (
    Event,
    EventIndex,
    EventsOnDay,
    is_confirmed,
    is_disputed,
)
from commitments.rules.plan_term import PlanTerm
from commitments.rules.promises import day_reached
from commitments.rules.standing import Verdict, window_edges
from commitments.rules.states import (
    DatedState,
    StateInputs,
    determine_state,
    state_from_satisfaction,
    state_from_window,
)
from commitments.rules.terms import TermsVersion, terms_on
from commitments.rules.waiting import owed_again
from funding.currencies import decimals_of

ZERO = Decimal("0.00")
# money that nobody owes before something has opened it
CONDITIONAL = ("conditional", "on-delivery")
Amounts = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True)
class MoneyTerms:
    """What was promised as one instalment; `stated` in the text's order, empty where nothing is
    stated.
    """

    due: date | None
    stated: tuple[tuple[str, Decimal], ...]
    firmness: str = "firm"  # firm, conditional, up-to, on-delivery
    # what opens conditional money: words of an event on the contribution, or the ref of an action
    condition: str = ""
    condition_ref: str = ""
    lead_days: int = 14
    plan_until: str = ""  # EDTF: its last day is the plan's last day; empty is without end
    sides: tuple[str, ...] = ()  # the plan's parties
    withdrawn: str = ""

    @property
    def window(self) -> Window | None:
        if self.due is None:
            return None
        return Window(self.due, self.due)

    @property
    def needs_opening(self) -> bool:
        """Whether it is awaiting until its condition holds."""
        return self.firmness in CONDITIONAL

    @property
    def scored(self) -> bool:
        return self.firmness != "up-to"


@dataclass(frozen=True)
class InstalmentHistory:
    """One instalment's terms and events, those on the whole contribution among them; the actions
    that can open it, by their refs, and the term of its plan.
    """

    versions: Sequence[TermsVersion[MoneyTerms]]
    events: Sequence[Event]
    others: Mapping[str, ActionHistory]
    plan_term: PlanTerm

    @cached_property
    def event_index(self) -> EventIndex:
        return EventIndex(self.events)

    def judge(self, on: date, known: date) -> Verdict:
        """What holds on a day, by what was known on another."""
        terms = terms_on(self.versions, on, known)
        answer = Answer()
        if terms.condition_ref in self.others:
            answer = self.others[terms.condition_ref].answer(on, known)
        plan_last = self.plan_term.last_day(terms.plan_until, terms.sides, on, known)
        events = EventsOnDay(self.event_index, on, known)
        return judge_instalment(terms, events, answer, plan_last)

    def days_of_change(self) -> set[date]:
        """The days on which a verdict can change."""
        days = {BEGINNING} | self.plan_term.days_of_change()
        for event in self.events:
            days |= {event.first, event.recorded, shift(event.first, 1)}
        for other in self.others.values():
            days |= other.days_of_change()
        for version in self.versions:
            days |= {version.since, version.known}
            days |= set(
                window_edges(self._possible_windows(version.terms), version.terms.lead_days)
            )
            if version.terms.plan_until:
                days.add(shift(dates.parse_deadline(version.terms.plan_until).last, 1))
        return days

    def _possible_windows(self, terms: MoneyTerms) -> Iterator[Window]:
        """The window of the stated day, and those of the days on which an action can open it."""
        if terms.window is not None:
            yield terms.window
        if terms.condition_ref in self.others:
            for event in self.others[terms.condition_ref].events:
                yield Window(event.last, event.last)

    def learns_later_of(self, day: date) -> bool:
        """Whether something that bears on the day was recorded after it."""
        if any(version.is_learnt_after(day) for version in self.versions):
            return True
        indexes = [self.event_index, self.plan_term.events]
        return any(index.learns_later_of(day) for index in indexes) or any(
            other.learns_later_of(day) for other in self.others.values()
        )


def judge_instalment(
    terms: MoneyTerms, events: EventsOnDay, answer: Answer, plan_last: date | None
) -> Verdict:
    """`answer` is that of the action that opens it, where there is one."""
    opened_on = day_of_opening(terms, events, answer)
    window = owed_again(terms.window, None, [opened_on, day_of_fall(terms, events)])
    satisfied = paid_in_full(terms, events)
    met = by_calendar = None
    if satisfied is not None:
        met = state_from_satisfaction(satisfied, window)
    if window is not None:
        by_calendar = state_from_window(window, events.on, terms.lead_days)
    dated = determine_state(
        StateInputs(
            on=events.on,
            not_pursued=bool(terms.withdrawn) or bool(events.of_kind("not-pursued")),
            met=met,
            superseded=bool(events.of_kind("superseded")),
            awaiting=terms.needs_opening and opened_on is None,
            by_calendar=by_calendar,
            scored=terms.scored,
            last_day=window.last if window else None,
            plan_last=plan_last,
            counts_days_awaiting=False,
        )
    )
    return verdict_of(terms, events, dated, window, is_paid=satisfied is not None)


def verdict_of(
    terms: MoneyTerms,
    events: EventsOnDay,
    dated: DatedState,
    window: Window | None,
    *,
    is_paid: bool,
) -> Verdict:
    paid = net_paid(events)
    outstanding = outstanding_amounts(terms, paid)
    if is_paid:
        outstanding = dict.fromkeys(outstanding, ZERO)
    payments = events.of_kinds("paid", "refunded")
    return Verdict(
        state=dated.state,
        anchor=dated.anchor,
        late=dated.late,
        first_day=window.first if window else None,
        last_day=window.last if window else None,
        original_last=terms.due,
        modality=terms.firmness,
        scored=terms.scored,
        never_reported=not any(events.newest_first()),
        confirmed=is_confirmed(events, payments),
        disputed=is_disputed(events, payments),
        figures=(
            ("stated", written_amounts(dict(terms.stated))),
            ("paid", written_amounts(paid)),
            ("outstanding", written_amounts(outstanding)),
        ),
    )


def day_of_opening(terms: MoneyTerms, events: EventsOnDay, answer: Answer) -> date | None:
    """The day on which the condition of conditional money came to hold; None while it does not."""
    if not terms.needs_opening:
        return None
    if terms.condition_ref:
        return answer.satisfied.last if answer.satisfied else None
    if terms.condition:
        return events.first_day("event", terms.condition)
    return min((event.first for event in events.of_kinds("consent", "event")), default=None)


def day_of_fall(terms: MoneyTerms, events: EventsOnDay) -> date | None:
    """The day of the latest refund after which no stated currency was full any more, where one was
    before.
    """
    moves = [*events.of_kind("paid"), *events.of_kind("refunded")]
    totals = dict.fromkeys((currency for currency, _amount in terms.stated), ZERO)
    was_full, fell_on = False, None
    for day, of_day in groupby(sorted(moves, key=effective_day), key=effective_day):
        for move in of_day:
            if move.currency in totals:
                totals[move.currency] += move.amount if move.kind == "paid" else -move.amount
        is_full = any(totals[currency] >= amount for currency, amount in terms.stated)
        if was_full and not is_full:
            fell_on = day
        was_full = is_full
    return fell_on


def effective_day(event: Event) -> date:
    return event.first


def outstanding_amounts(terms: MoneyTerms, paid: Amounts) -> dict[str, Decimal]:
    """What is still to be paid of each stated amount."""
    return {
        currency: max(ZERO, amount - paid.get(currency, ZERO)) for currency, amount in terms.stated
    }


def written_amounts(amounts: Amounts) -> tuple[tuple[str, str], ...]:
    return tuple(
        (currency, f"{amount:.{decimals_of(currency)}f}") for currency, amount in amounts.items()
    )


def net_paid(events: EventsOnDay) -> dict[str, Decimal]:
    """Paid less refunds, never below zero, for each currency in which something was paid."""
    net: dict[str, Decimal] = {}
    for payment in events.of_kind("paid"):
        net[payment.currency] = net.get(payment.currency, ZERO) + payment.amount
    for refund in events.of_kind("refunded"):
        if refund.currency in net:
            net[refund.currency] -= refund.amount
    return {currency: max(ZERO, amount) for currency, amount in net.items()}


def paid_in_full(terms: MoneyTerms, events: EventsOnDay) -> Window | None:
    """Between which days the stated amount was reached and stayed reached. Of two currencies the
    earlier counts.
    """
    reached = []
    for currency, amount in terms.stated:
        window = window_reached(currency, amount, events)
        if window is not None:
            reached.append(window)
    if not reached:
        return None
    return Window(min(window.first for window in reached), min(window.last for window in reached))


def window_reached(currency: str, amount: Decimal, events: EventsOnDay) -> Window | None:
    """Between which days the amount was reached to stay in one currency.

    A payment of which only a month is known came in on its first day at the earliest and on its
    last day at the latest; money went back on the first day of a refund.
    """
    payments = [event for event in events.of_kind("paid") if event.currency == currency]
    refunds = [
        (event.first, -event.amount)
        for event in events.of_kind("refunded")
        if event.currency == currency
    ]
    first = day_reached(amount, [(event.first, event.amount) for event in payments] + refunds)
    last = day_reached(amount, [(event.last, event.amount) for event in payments] + refunds)
    if first is None or last is None:
        return None
    return Window(first, last)
