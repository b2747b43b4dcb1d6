"""Instalments as they stand on a page's day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.models import Flag, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.querysets import StandingQuerySet
from commitments.pages.entries import EntryRow
from commitments.pages.page import Page
from commitments.rules.events import Perspective
from funding.models import Contribution

Amounts = dict[str, Decimal]


@dataclass
class InstalmentOnDay:
    """One instalment as it stands; amounts by currency in the order of the text."""

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
    def overpaid(self) -> Amounts:
        """What was paid beyond the stated amount."""
        return {
            currency: self.paid[currency] - stated
            for currency, stated in self.stated.items()
            if self.paid.get(currency, Decimal(0)) > stated
        }

    @property
    def part_paid(self) -> bool:
        return any(self.paid.values()) and any(self.outstanding.values())

    @property
    def bars(self) -> list[dict[str, Any]]:
        """How much of each stated currency is paid, where something is."""
        return [
            {"currency": currency, "stated": stated, "paid": min(self.paid[currency], stated)}
            for currency, stated in self.stated.items()
            if currency in self.paid
        ]


def amounts(found: Mapping[str, str]) -> Amounts:
    return {currency: Decimal(amount) for currency, amount in found.items()}


def standings_on(plan: Any, day: Any, lens: Perspective) -> StandingQuerySet:
    """The standing of every instalment on the day; for values and for slots."""
    rows: StandingQuerySet = Standing.objects.filter(
        obligation__as_instalment__contribution__plan=plan
    )
    return rows.on(day, lens)


def instalments_on(page: Page) -> list[InstalmentOnDay]:
    return instalments_from(_instalments(page.lens)(**page.slots))


@prepared
def _instalments(lens: Perspective) -> Any:
    return standings_on(Slot("plan"), Slot("on"), lens).select_related(
        "obligation__as_instalment__contribution"
    )


def instalments_from(rows: Iterable[Standing]) -> list[InstalmentOnDay]:
    """In the order of the text."""
    found = [
        InstalmentOnDay(
            row,
            amounts(row.amounts["stated"]),
            amounts(row.amounts["paid"]),
            amounts(row.amounts["outstanding"]),
        )
        for row in rows
    ]
    return sorted(
        found,
        key=lambda line: (line.contribution.position, line.number),
    )
