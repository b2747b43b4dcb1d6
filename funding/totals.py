"""What was promised, fell due, was paid and spent, on a day: the same sums for every page, file and
digest.

Currencies are never added together and never converted; only firm money is summed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commitments.models import Entry
from commitments.models.register import EntryQuerySet
from commitments.pages.entries import entries_on, find_withdrawn
from commitments.pages.page import Page
from funding.instalments import Amounts, InstalmentOnDay


@dataclass
class CurrencyTotal:
    """One currency: what firm contributions promise, what of it fell due, is paid, is due and
    unpaid, was spent.
    """

    currency: str
    promised: Decimal = Decimal(0)
    due: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    outstanding: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)


def compute_totals(
    instalments: Iterable[InstalmentOnDay], spending: Iterable[Entry], on: date
) -> list[CurrencyTotal]:
    totals: dict[str, CurrencyTotal] = {}

    def total_in(currency: str) -> CurrencyTotal:
        return totals.setdefault(currency, CurrencyTotal(currency))

    for instalment in instalments:
        if not instalment.is_firm:
            continue
        for currency, amount in instalment.paid.items():
            total_in(currency).paid += amount
        for currency, amount in instalment.stated.items():
            total = total_in(currency)
            total.promised += amount
            if instalment.due and instalment.due <= on:
                total.due += amount
                total.outstanding += instalment.still_to_pay.get(currency, Decimal(0))
    for currency, amount in sum_by_currency(spending).items():
        total_in(currency).spent += amount
    return list(totals.values())


def money_entries(page: Page, *kinds: str) -> EntryQuerySet:
    """The entries of these kinds that count on the day, the newest first."""
    entries = entries_on(page).filter(kind__in=kinds)
    withdrawn = find_withdrawn(list(entries.values_list("pk", flat=True)), page)
    return entries.exclude(pk__in=withdrawn)


def sum_by_currency(entries: Iterable[Entry]) -> Amounts:
    sums: Amounts = defaultdict(Decimal)
    for entry in entries:
        if entry.amount is not None:
            sums[entry.currency] += entry.amount
    return dict(sums)
