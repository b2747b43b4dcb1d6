"""What was promised, fell due, was paid and spent, on a day: one query path for every page, file and digest.

Currencies are never added together and never converted; only firm money is summed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.models import Entry, Standing
from commitments.pages import Page
from commitments.presentation import Shown, present, register_of, void_numbers
from funding.models import Contribution, Fund, Purpose, Reported

Amounts = dict[str, Decimal]


@dataclass
class InstalmentLine:
    """One instalment as it stands; amounts by currency in the order of the text."""

    row: Standing
    stated: Amounts
    paid: Amounts
    outstanding: Amounts
    entries: list[Shown] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.row.obligation.instalment

    @property
    def due(self) -> date | None:
        return self.row.last_day

    @property
    def bars(self) -> list[dict[str, Any]]:
        """How much of each stated currency is paid, where something is."""
        return [
            {"currency": currency, "stated": stated, "paid": min(self.paid[currency], stated)}
            for currency, stated in self.stated.items()
            if currency in self.paid
        ]


@dataclass
class ContributionLine:
    contribution: Contribution
    rows: list[InstalmentLine]

    @property
    def side(self) -> str:
        return self.contribution.side

    @property
    def stated(self) -> bool:
        return any(line.stated for line in self.rows)

    @property
    def firm(self) -> bool:
        return all(line.row.modality == "firm" for line in self.rows)


@dataclass
class Total:
    """One currency: what firm contributions promise, what of it fell due, is paid, is due and unpaid, was spent."""

    currency: str
    promised: Decimal = Decimal(0)
    due: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    outstanding: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)


@dataclass
class PurposeLine:
    purpose: Purpose
    spent: Amounts
    entries: list[Shown]

    @property
    def actions(self) -> list[str]:
        return list(self.purpose.actions)


@dataclass
class FundLine:
    fund: Fund
    contributions: list[ContributionLine]
    purposes: list[PurposeLine]
    reported: list[Reported]
    totals: list[Total]
    spent: Amounts


def amounts(figures: Mapping[str, str]) -> Amounts:
    return {currency: Decimal(amount) for currency, amount in figures.items()}


def instalments(page: Page) -> list[InstalmentLine]:
    rows = (
        Standing.objects.filter(plan=page.plan, obligation__instalment__gt=0)
        .on(page.on, page.lens)
        .select_related("obligation__as_instalment__contribution")
        .order_by("obligation__as_instalment__contribution__position", "obligation__instalment")
    )
    return [
        InstalmentLine(
            row,
            amounts(row.figures["stated"]),
            amounts(row.figures["paid"]),
            amounts(row.figures["outstanding"]),
        )
        for row in rows
    ]


def totals(lines: Iterable[InstalmentLine], spent: Amounts, page: Page) -> list[Total]:
    found: dict[str, Total] = {}
    for line in lines:
        for currency, amount in line.paid.items():
            found.setdefault(currency, Total(currency)).paid += amount
        if line.row.modality != "firm":
            continue
        fell_due = line.row.last_day is not None and line.row.last_day <= page.on
        for currency, amount in line.stated.items():
            total = found.setdefault(currency, Total(currency))
            total.promised += amount
            if fell_due:
                total.due += amount
                total.outstanding += line.outstanding.get(currency, Decimal(0))
    for currency, amount in spent.items():
        found.setdefault(currency, Total(currency)).spent += amount
    return list(found.values())


def spending(page: Page) -> list[Entry]:
    """The spending that counts on the day."""
    void = void_numbers(page.plan, page.known_day)
    return [entry for entry in register_of(page).filter(kind="spent") if entry.pk not in void]


def added(entries: Iterable[Any]) -> Amounts:
    """Sums per currency."""
    found: Amounts = defaultdict(Decimal)
    for entry in entries:
        found[entry.currency] += entry.amount
    return dict(found)


def funds(page: Page) -> list[FundLine]:
    """Everything the fund page shows."""
    lines = instalments(page)
    money = present(
        register_of(page).filter(kind__in=["paid", "refunded", "consent", "event"], ref__in=_refs(lines)), page
    )
    for line in lines:
        line.entries = [
            entry for entry in money if entry.ref == line.row.obligation.ref and entry.instalment in (None, line.number)
        ]
    spent = present(spending(page), page)
    found = []
    for fund in page.plan.funds.prefetch_related("contributions", "purposes", "reported"):
        purposes = {purpose.code for purpose in fund.purposes.all()}
        mine = [entry for entry in spent if entry.words in purposes]
        of_fund = [line for line in lines if line.row.obligation.as_instalment.contribution.fund_id == fund.pk]
        found.append(_fund_line(fund, of_fund, mine, page))
    return found


def _refs(lines: Iterable[InstalmentLine]) -> set[str]:
    return {line.row.obligation.ref for line in lines}


def _fund_line(fund: Fund, lines: Sequence[InstalmentLine], spent: Sequence[Shown], page: Page) -> FundLine:
    by_purpose = {purpose: [entry for entry in spent if entry.words == purpose.code] for purpose in fund.purposes.all()}
    return FundLine(
        fund=fund,
        contributions=[
            ContributionLine(contribution, [line for line in lines if line.row.obligation.ref == contribution.ref])
            for contribution in fund.contributions.all()
        ],
        purposes=[PurposeLine(purpose, added(entries), entries) for purpose, entries in by_purpose.items()],
        reported=[reported for reported in fund.reported.all() if reported.first_day <= page.on],
        totals=totals(lines, added(spent), page),
        spent=added(spent),
    )
