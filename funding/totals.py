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
from commitments.pages.entries import entries_on, without_withdrawn
from commitments.pages.page import Page
from funding.instalments import Amounts, InstalmentOnDay, instalments_on
from funding.models import Fund


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


@dataclass(frozen=True)
class FundTotals:
    fund: Fund
    totals: list[CurrencyTotal]


def compute_totals(
    instalments: Iterable[InstalmentOnDay], spent: Amounts, on: date
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
            if instalment.fell_due_by(on):
                total.due += amount
                total.outstanding += instalment.outstanding.get(currency, Decimal(0))
    for currency, amount in spent.items():
        total_in(currency).spent += amount
    return list(totals.values())


def spending_entries(page: Page) -> list[Entry]:
    """The spending that counts on the day, the newest first."""
    return without_withdrawn(entries_on(page).filter(kind="spent"), page)


def sum_by_currency(entries: Iterable[Entry]) -> Amounts:
    sums: Amounts = defaultdict(Decimal)
    for entry in entries:
        if entry.amount is not None:
            sums[entry.currency] += entry.amount
    return dict(sums)


def instalments_of(fund: Fund, instalments: Iterable[InstalmentOnDay]) -> list[InstalmentOnDay]:
    return [instalment for instalment in instalments if instalment.contribution.fund_id == fund.pk]


def spending_of(fund: Fund, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of money spent on a purpose of the fund."""
    purposes = {purpose.code for purpose in fund.purposes.all()}
    return [entry for entry in entries if entry.words in purposes]


def fund_totals(page: Page, commitment: int) -> list[FundTotals]:
    """The funds of a commitment with their totals."""
    funds = list(
        Fund.objects.filter(plan=page.plan, commitment=commitment).prefetch_related("purposes")
    )
    if not funds:
        return []
    instalments = instalments_on(page)
    entries = spending_entries(page)
    return [
        FundTotals(
            fund,
            compute_totals(
                instalments_of(fund, instalments),
                sum_by_currency(spending_of(fund, entries)),
                page.on,
            ),
        )
        for fund in funds
    ]
