"""The rule for instalments, on the same parts as that for actions. No database, framework or clock.

Currencies are never added together and never converted: an instalment is paid when the payments
that count, less refunds, reach the stated amount in one of its stated currencies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commitments.rules.dates import BEGINNING, Window
from commitments.rules.events import (
    Event,
    EventsOnDay,
    TermsVersion,
    is_confirmed,
    is_disputed,
    is_never_reported,
    is_not_pursued,
    terms_on,
)
from commitments.rules.standing import Verdict, day_reached, window_edges
from commitments.rules.states import (
    determine_state,
    state_from_satisfaction,
    state_from_window,
)

ZERO = Decimal("0.00")
Amounts = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True)
class MoneyTerms:
    """What was promised as one instalment; `stated` in the text's order, empty where nothing is
    stated.
    """

    due: date | None
    stated: tuple[tuple[str, Decimal], ...]
    firmness: str = "firm"  # firm, conditional, up-to, on-delivery
    lead_days: int = 14
    withdrawn: str = ""

    @property
    def window(self) -> Window | None:
        if self.due is None:
            return None
        return Window(self.due, self.due)

    @property
    def needs_condition(self) -> bool:
        """Whether it is awaiting until a consent or an event is recorded."""
        return self.firmness in ("conditional", "on-delivery")

    @property
    def scored(self) -> bool:
        return self.firmness != "up-to"


@dataclass(frozen=True)
class InstalmentHistory:
    """One instalment's terms and events, those on the whole contribution among them."""

    versions: Sequence[TermsVersion[MoneyTerms]]
    events: Sequence[Event]

    def judge(self, on: date, known: date) -> Verdict:
        terms = terms_on(self.versions, on, known)
        return judge_instalment(terms, EventsOnDay(self.events, on, known))

    def days_of_change(self) -> set[date]:
        days = {BEGINNING}
        for event in self.events:
            days |= {event.first, event.recorded}
        for version in self.versions:
            days.add(version.since)
            window = version.terms.window
            if window is not None:
                days |= set(window_edges([window], version.terms.lead_days))
        return days


def judge_instalment(terms: MoneyTerms, events: EventsOnDay) -> Verdict:
    satisfied = paid_in_full(terms, events)
    met = by_calendar = None
    if satisfied is not None:
        met = state_from_satisfaction(satisfied, terms.window)
    if terms.window is not None:
        by_calendar = state_from_window(terms.window, events.on, terms.lead_days)
    dated = determine_state(
        not_pursued=is_not_pursued(terms.withdrawn, events),
        met=met,
        superseded=bool(events.of_kind("superseded")),
        awaiting=terms.needs_condition and not events.of_kinds("consent", "event"),
        by_calendar=by_calendar,
        scored=terms.scored,
    )
    paid = net_paid(events)
    outstanding = outstanding_amounts(terms, paid)
    if satisfied is not None:
        outstanding = dict.fromkeys(outstanding, ZERO)
    return Verdict(
        state=dated.state,
        anchor=dated.anchor,
        late=dated.late,
        first_day=terms.due,
        last_day=terms.due,
        modality=terms.firmness,
        scored=terms.scored,
        never_reported=is_never_reported(events),
        confirmed=is_confirmed(events),
        disputed=is_disputed(events),
        figures=(
            ("stated", written_amounts(dict(terms.stated))),
            ("paid", written_amounts(paid)),
            ("outstanding", written_amounts(outstanding)),
        ),
    )


def outstanding_amounts(terms: MoneyTerms, paid: Amounts) -> dict[str, Decimal]:
    """What is still to be paid of each stated amount."""
    return {
        currency: max(ZERO, amount - paid.get(currency, ZERO)) for currency, amount in terms.stated
    }


def written_amounts(amounts: Amounts) -> tuple[tuple[str, str], ...]:
    return tuple((currency, f"{amount:.2f}") for currency, amount in amounts.items())


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
    """Between which days the stated amount was reached to stay; of two currencies the earlier
    counts.
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
