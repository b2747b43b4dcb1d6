"""Instalments as they stand on a page's day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from commitments.models import Flag, Standing
from commitments.pages.dialogue import HistoryLine
from commitments.pages.page import Page
from funding.models import Contribution
from funding.rules import MoneyTerms

# by currency, in the order of the text
Amounts = dict[str, Decimal]


@dataclass
class InstalmentOnDay:
    standing: Standing
    stated: Amounts
    paid: Amounts
    outstanding: Amounts
    history: list[HistoryLine] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    terms: MoneyTerms | None = None  # read for the page of the fund alone

    @property
    def contribution(self) -> Contribution:
        return self.standing.obligation.as_instalment.contribution

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
        """The currencies in which something is stated or paid."""
        return list(dict.fromkeys([*self.stated, *self.paid]))

    @property
    def payments(self) -> list[HistoryLine]:
        """Payments and refunds that count, each with what was said of it, the newest first."""
        return [
            line
            for line in self.history
            if line.row.entry.kind in ("paid", "refunded") and not line.row.is_withdrawn
        ]

    @property
    def is_firm(self) -> bool:
        """Whether the money is firm: only firm money is summed."""
        return self.standing.modality == "firm"

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for the action or event that opens conditional money: until then nothing
        is owed.
        """
        return self.standing.state == "awaiting"

    @property
    def is_part_paid(self) -> bool:
        return any(self.paid.values()) and any(self.outstanding.values())

    @property
    def currencies_paid(self) -> list[str]:
        """The stated currencies in which something is paid."""
        return [currency for currency in self.stated if self.paid.get(currency)]

    @property
    def is_part_paid_in_several(self) -> bool:
        """Whether it is part paid in several currencies: then nobody can say what is left, since
        nothing is converted.
        """
        return self.is_part_paid and len(self.currencies_paid) > 1

    @property
    def still_to_pay(self) -> Amounts:
        """What is left to pay. It is given in every stated currency; once part is paid, only in the
        currency paid; and not at all where several were used.
        """
        used = self.currencies_paid or list(self.stated)
        if self.is_part_paid_in_several:
            return {}
        return {
            currency: left
            for currency, left in self.outstanding.items()
            if left and currency in used
        }

    @property
    def overpaid(self) -> Amounts:
        """What was paid beyond the stated amount."""
        return {
            currency: self.paid[currency] - stated
            for currency, stated in self.stated.items()
            if self.paid.get(currency, Decimal(0)) > stated
        }


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


def currencies_of(instalments: Iterable[InstalmentOnDay]) -> list[str]:
    """The currencies in which something is stated or paid, by their codes."""
    return sorted({code for instalment in instalments for code in instalment.currencies})


def _instalment_on_day(standing: Standing) -> InstalmentOnDay:
    def amounts(name: str) -> Amounts:
        written = standing.amounts[name]
        return {currency: Decimal(amount) for currency, amount in written.items()}

    return InstalmentOnDay(standing, amounts("stated"), amounts("paid"), amounts("outstanding"))
