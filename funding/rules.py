"""The rule for instalments, on the same parts as that for actions. No database, framework or clock.

Currencies are never added together and never converted: an instalment is paid when the payments
that count, less refunds, reach the stated amount in one of its stated currencies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commitments.rules.dates import BEGINNING, END, Window
from commitments.rules.events import (
    Event,
    EventsOnDay,
    Perspective,
    TermsVersion,
    iter_days,
    terms_on,
)
from commitments.rules.standing import (
    Kept,
    Stretch,
    Verdict,
    closed,
    days_since_added,
    merge_equal_days,
    resumed,
    window_edges,
)
from commitments.rules.states import StateInputs, determine_state

ZERO = Decimal("0.00")


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


@dataclass(frozen=True)
class InstalmentHistory:
    versions: Sequence[TermsVersion[MoneyTerms]]
    events: Sequence[Event]

    def judge(self, on: date, known: date) -> Verdict:
        return judge(terms_on(self.versions, on, known), EventsOnDay(self.events, on, known))

    def standings(self, lens: Perspective, kept: Kept | None = None) -> list[Stretch]:
        days = resumed(days_since_added(self.versions, self.days()), kept)
        judged = (
            (
                counting.on,
                judge(
                    terms_on(
                        self.versions,
                        counting.on,
                        counting.on if lens is Perspective.AS_KNOWN_THEN else END,
                    ),
                    counting,
                ),
            )
            for counting in iter_days(self.events, days, lens)
        )
        return merge_equal_days(judged, kept)

    def days(self) -> set[date]:
        days = {BEGINNING, *(version.since for version in self.versions)}
        for event in self.events:
            days |= {event.first, event.recorded}
        for version in self.versions:
            if version.terms.due:
                due = Window(version.terms.due, version.terms.due)
                days |= set(window_edges([due], version.terms.lead_days))
        return days


def judge(terms: MoneyTerms, counting: EventsOnDay) -> Verdict:
    window = Window(terms.due, terms.due) if terms.due else None
    paid = sums(counting)
    done = paid_in_full(terms, counting)
    waits = terms.firmness in ("conditional", "on-delivery") and not counting.of_kinds(
        "consent", "event"
    )
    dated = terms.firmness != "up-to"
    state, anchor, late = determine_state(
        StateInputs(
            counting.on,
            window,
            done,
            closed(counting, withdrawn=terms.withdrawn),
            waits,
            dated,
            terms.lead_days,
        )
    )
    outstanding = {
        currency: ZERO if done else max(ZERO, amount - paid.get(currency, ZERO))
        for currency, amount in terms.stated
    }
    return Verdict(
        state,
        anchor,
        late,
        first_day=terms.due,
        last_day=terms.due,
        modality=terms.firmness,
        scored=dated,
        never_reported=not counting.numbers,
        confirmed=counting.names("confirmed"),
        disputed=counting.names("disputed"),
        figures=figures(stated=dict(terms.stated), paid=paid, outstanding=outstanding),
    )


def figures(**sets: Mapping[str, Decimal]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (name, tuple((currency, f"{amount:.2f}") for currency, amount in amounts.items()))
        for name, amounts in sets.items()
    )


def sums(counting: EventsOnDay) -> dict[str, Decimal]:
    """Paid net of refunds, never below zero, for each currency in which something was paid."""
    return {
        currency: max(
            ZERO,
            _sum(counting.of_kinds("paid"), currency)
            - _sum(counting.of_kinds("refunded"), currency),
        )
        for currency in dict.fromkeys(event.currency for event in counting.of_kinds("paid"))
    }


def _sum(events: Iterable[Event], currency: str) -> Decimal:
    return sum((event.amount for event in events if event.currency == currency), ZERO)


def paid_in_full(terms: MoneyTerms, counting: EventsOnDay) -> Window | None:
    """Between which days the stated amount was reached to stay; of two currencies the earlier
    counts.
    """
    reached = [
        window
        for currency, amount in terms.stated
        if (window := _reached(currency, amount, counting)) is not None
    ]
    if not reached:
        return None
    return Window(min(window.first for window in reached), min(window.last for window in reached))


def _reached(currency: str, amount: Decimal, counting: EventsOnDay) -> Window | None:
    payments = [event for event in counting.of_kinds("paid") if event.currency == currency]
    refunds = [
        (event.first, -event.amount)
        for event in counting.of_kinds("refunded")
        if event.currency == currency
    ]
    first = _crossing([(event.first, event.amount) for event in payments] + refunds, amount)
    last = _crossing([(event.last, event.amount) for event in payments] + refunds, amount)
    return Window(first, last) if first and last else None


def _crossing(moves: list[tuple[date, Decimal]], amount: Decimal) -> date | None:
    """The day from which the running sum is at least the amount and stays so."""
    total, since = ZERO, None
    days = sorted({day for day, _ in moves})
    for day in days:
        total += sum((moved for when, moved in moves if when == day), ZERO)
        if total < amount:
            since = None
        elif since is None:
            since = day
    return since
