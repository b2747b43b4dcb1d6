"""Instalments as they stand on a page's day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from commitments.models import Flag, Standing
from commitments.pages.entries import EntryRow
from commitments.pages.page import Page
from funding.models import Contribution

# by currency, in the order of the text
Amounts = dict[str, Decimal]


@dataclass(frozen=True)
class PaidShare:
    """How much of a stated amount is paid, at most all of it."""

    currency: str
    stated: Decimal
    paid: Decimal


@dataclass
class InstalmentOnDay:
    standing: Standing
    stated: Amounts
    paid: Amounts
    outstanding: Amounts
    entries: list[EntryRow] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    @property
    def contribution(self) -> Contribution:
        contribution: Contribution = self.standing.obligation.as_instalment.contribution
        return contribution

    @property
    def ref(self) -> str:
        return self.standing.obligation.ref

    @property
    def number(self) -> int:
        return self.standing.obligation.instalment

    @property
    def due(self) -> date | None:
        return self.standing.last_day

    @property
    def currencies(self) -> list[str]:
        """Those in which something is stated or paid."""
        return list(dict.fromkeys([*self.stated, *self.paid]))

    @property
    def is_firm(self) -> bool:
        """Only firm money is summed."""
        return self.standing.modality == "firm"

    @property
    def is_part_paid(self) -> bool:
        return any(self.paid.values()) and any(self.outstanding.values())

    @property
    def overpaid(self) -> Amounts:
        """What was paid beyond the stated amount."""
        return {
            currency: self.paid[currency] - stated
            for currency, stated in self.stated.items()
            if self.paid.get(currency, Decimal(0)) > stated
        }

    @property
    def paid_shares(self) -> list[PaidShare]:
        """One for each stated currency in which something is paid."""
        return [
            PaidShare(currency, stated, min(self.paid[currency], stated))
            for currency, stated in self.stated.items()
            if currency in self.paid
        ]


def instalments_on(page: Page) -> list[InstalmentOnDay]:
    """All instalments of the plan in the order of the text."""
    contribution = "obligation__as_instalment__contribution"
    standings = (
        Standing.objects.filter(**{f"{contribution}__plan": page.plan})
        .on(page.on, page.perspective)
        .select_related(contribution)
        .order_by(f"{contribution}__position", "obligation__instalment")
    )
    return [_instalment_on_day(standing) for standing in standings]


def _instalment_on_day(standing: Standing) -> InstalmentOnDay:
    amounts = standing.amounts
    return InstalmentOnDay(
        standing,
        stated=_decimals(amounts["stated"]),
        paid=_decimals(amounts["paid"]),
        outstanding=_decimals(amounts["outstanding"]),
    )


def _decimals(amounts: Mapping[str, str]) -> Amounts:
    return {currency: Decimal(amount) for currency, amount in amounts.items()}
