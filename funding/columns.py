"""The lists of a fund as files (docs/reference/exports.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from commitments.exports.columns import entries_export
from commitments.exports.writers import Columns, Export
from commitments.pages.page import Page
from commitments.rules.states import days_counted
from funding.instalments import InstalmentOnDay, instalments_on
from funding.totals import money_entries


@dataclass(frozen=True)
class InstalmentInCurrency:
    """One row: an instalment in one of its currencies, in none where nothing is stated or paid."""

    instalment: InstalmentOnDay
    days: int | None
    currency: str
    stated: Decimal | None
    paid: Decimal | None
    outstanding: Decimal | None
    # as pages show it: once part is paid, in the currency paid alone
    still_to_pay: Decimal | None


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
    "still_to_pay": "still_to_pay",
}


def instalments_export(page: Page) -> Export:
    records = [
        InstalmentInCurrency(
            instalment,
            days_counted(
                instalment.standing.state,
                instalment.standing.anchor,
                instalment.standing.late,
                page.on,
            ),
            currency,
            instalment.stated.get(currency),
            instalment.paid.get(currency),
            instalment.outstanding.get(currency),
            instalment.still_to_pay.get(currency),
        )
        for instalment in instalments_on(page)
        for currency in instalment.currencies or [""]
    ]
    return Export("fund", page, INSTALMENT_COLUMNS, records)


def payments_export(page: Page) -> Export:
    return entries_export(page, money_entries(page, "paid", "refunded"), "payments")


def spending_export(page: Page) -> Export:
    return entries_export(page, money_entries(page, "spent"), "spending")


# by the names that addresses have for them
EXPORTS: dict[str, Callable[[Page], Export]] = {
    "instalments": instalments_export,
    "payments": payments_export,
    "spending": spending_export,
}
