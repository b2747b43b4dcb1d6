"""What one contribution promised, in all the currencies of the text, and what came of it.

Two currencies of one promise are the same money: a page shows them as one amount.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from funding.instalments import Amounts, InstalmentOnDay
from funding.models import Contribution


@dataclass(frozen=True)
class Bar:
    """A part of a promise, paid or spent, in one currency; of what is spent also how much was paid."""

    currency: str
    promised: Decimal
    part: Decimal
    paid: Decimal = Decimal(0)

    @property
    def percent(self) -> int:
        return self._percent_of(self.part)

    @property
    def percent_paid(self) -> int:
        return self._percent_of(self.paid)

    def _percent_of(self, part: Decimal) -> int:
        """The share as a whole percentage: at most 100, and at least 1 where there is any."""
        if not part or not self.promised:
            return 0
        return max(1, min(100, round(part * 100 / self.promised)))


@dataclass(frozen=True)
class Promise:
    contribution: Contribution
    instalments: list[InstalmentOnDay]

    @property
    def firmness(self) -> str:
        return self.instalments[0].standing.modality

    @property
    def promised(self) -> Amounts:
        """The promised amounts by currency, all of them the same money; empty where the text states
        none.
        """
        return add_amounts(instalment.stated for instalment in self.instalments)

    @property
    def paid(self) -> Amounts:
        return add_amounts(instalment.paid for instalment in self.instalments)

    @property
    def bars(self) -> list[Bar]:
        """A bar for each currency in which something is paid; else one in the first currency of the
        text.
        """
        promised = self.promised
        used = [currency for currency in promised if self.paid.get(currency)]
        return [
            Bar(currency, promised[currency], self.paid.get(currency, Decimal(0)))
            for currency in used or list(promised)[:1]
        ]

    @property
    def next_due(self) -> InstalmentOnDay | None:
        """The instalment with the earliest due day of which something is left to pay; what waits for
        an action or an event comes after what is owed.
        """
        open_ones = [
            instalment
            for instalment in self.instalments
            if instalment.due and (instalment.still_to_pay or instalment.is_part_paid_in_several)
        ]
        return min(
            open_ones,
            key=lambda instalment: (instalment.is_waiting, instalment.due or date.max),
            default=None,
        )


def promises(instalments: Iterable[InstalmentOnDay]) -> list[Promise]:
    """The contributions with their instalments, in the order of the text."""
    by_contribution: dict[Contribution, list[InstalmentOnDay]] = defaultdict(list)
    for instalment in instalments:
        by_contribution[instalment.contribution].append(instalment)
    return [Promise(contribution, items) for contribution, items in by_contribution.items()]


def add_amounts(all_amounts: Iterable[Amounts]) -> Amounts:
    sums: Amounts = defaultdict(Decimal)
    for amounts in all_amounts:
        for currency, amount in amounts.items():
            sums[currency] += amount
    return dict(sums)
