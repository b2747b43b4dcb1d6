"""The lists of a fund as files (docs/reference/exports.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from commitments.exports.columns import entries_export
from commitments.exports.writers import Columns, Export
from commitments.models.register import EntryQuerySet
from commitments.pages.entries import entries_on, find_withdrawn
from commitments.pages.page import Page
from commitments.rules.states import days_counted
from funding.instalments import InstalmentOnDay, instalments_on


@dataclass(frozen=True)
class InstalmentInCurrency:
    """One row: an instalment in one of its currencies, in none where nothing is stated or paid."""

    instalment: InstalmentOnDay
    currency: str
    on: date

    @property
    def days(self) -> int | None:
        standing = self.instalment.standing
        return days_counted(standing.state, standing.anchor, standing.late, self.on)

    @property
    def stated(self) -> Decimal | None:
        return self.instalment.stated.get(self.currency)

    @property
    def paid(self) -> Decimal | None:
        return self.instalment.paid.get(self.currency)

    @property
    def outstanding(self) -> Decimal | None:
        return self.instalment.outstanding.get(self.currency)


INSTALMENT_COLUMNS: Columns = {
    "ref": "instalment.ref",
    "from": "instalment.contribution.side",
    "instalment": "instalment.number",
    "due": "instalment.due",
    "firmness": "instalment.standing.modality",
    "state": "instalment.standing.state",
    "days": "days",
    "currency": "currency",
    "stated": "stated",
    "paid": "paid",
    "outstanding": "outstanding",
}


def instalments_export(page: Page) -> Export:
    records = [
        InstalmentInCurrency(instalment, currency, page.on)
        for instalment in instalments_on(page)
        for currency in _currencies(instalment)
    ]
    return Export("fund", page, INSTALMENT_COLUMNS, records)


def _currencies(instalment: InstalmentOnDay) -> list[str]:
    return list(dict.fromkeys([*instalment.stated, *instalment.paid])) or [""]


def payments_export(page: Page) -> Export:
    return entries_export(page, _money_entries(page, "paid", "refunded"), "payments")


def spending_export(page: Page) -> Export:
    return entries_export(page, _money_entries(page, "spent"), "spending")


def _money_entries(page: Page, *kinds: str) -> EntryQuerySet:
    """The entries of these kinds that count on the day, the newest first."""
    entries = entries_on(page).filter(kind__in=kinds)
    withdrawn = find_withdrawn(list(entries.values_list("pk", flat=True)), page)
    return entries.exclude(pk__in=withdrawn)


# by the names that addresses have for them
EXPORTS: dict[str, Callable[[Page], Export]] = {
    "instalments": instalments_export,
    "payments": payments_export,
    "spending": spending_export,
}
