"""What was promised, fell due, was paid and spent, on a day: one query path for every page, file
and digest.

Currencies are never added together and never converted; only firm money is summed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.exports.columns import entries_export
from commitments.exports.writers import VIEW, Listing, view_of
from commitments.models import Entry, Flag
from commitments.models.prepared import Slot, prepared
from commitments.models.register import EntryQuerySet
from commitments.pages.entries import (
    describe_entries,
    entries_on,
    find_withdrawn,
    without_withdrawn,
)
from commitments.pages.page import Page
from commitments.rules.states import days_counted
from funding.charts import Chart, charts
from funding.instalments import Amounts, InstalmentOnDay, instalments_on
from funding.models import Contribution, Fund, Purpose, Reported
from funding.permissions import can_record_payment, can_record_spending
from funding.templatetags.money import amount as in_words

FIRMNESS = {
    "conditional": gettext_lazy("conditional"),
    "up-to": gettext_lazy("up to this amount"),
    "on-delivery": gettext_lazy("on delivery"),
}


@dataclass
class ContributionLine:
    contribution: Contribution
    rows: list[InstalmentOnDay]
    can_record: bool = False
    record_url: str = ""

    @property
    def side(self) -> str:
        return self.contribution.side

    @property
    def stated(self) -> bool:
        return any(line.stated for line in self.rows)

    @property
    def firmness(self) -> str:
        """In a word where the money is not simply promised; such money is never summed with firm
        money.
        """
        code = self.rows[0].standing.modality if self.rows else "firm"
        return str(FIRMNESS.get(code, ""))


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


@dataclass
class PurposeLine:
    purpose: Purpose
    spent: Amounts
    entries: list[Entry]

    @property
    def actions(self) -> list[tuple[str, Amounts]]:
        """The actions that the purpose serves or money was spent on, each with what was spent on
        it.
        """
        refs = [*self.purpose.actions, *(entry.ref for entry in self.entries if entry.ref)]
        return [
            (ref, sum_by_currency(entry for entry in self.entries if entry.ref == ref))
            for ref in dict.fromkeys(refs)
        ]


@dataclass
class ReportedLine:
    """A figure reported elsewhere, and how it stands to what the instalments add up to in its
    currency.
    """

    reported: Reported
    difference: str


@dataclass
class FundLine:
    fund: Fund
    contributions: list[ContributionLine]
    purposes: list[PurposeLine]
    reported: list[ReportedLine]
    totals: list[CurrencyTotal]
    spent: Amounts
    charts: list[Chart]
    can_spend: bool
    spend_url: str


def compute_totals(
    lines: Iterable[InstalmentOnDay], spent: Amounts, page: Page
) -> list[CurrencyTotal]:
    found: dict[str, CurrencyTotal] = {}
    for line in lines:
        if line.standing.modality != "firm":
            continue
        for currency, amount in line.paid.items():
            found.setdefault(currency, CurrencyTotal(currency)).paid += amount
        fell_due = line.standing.last_day is not None and line.standing.last_day <= page.on
        for currency, amount in line.stated.items():
            total = found.setdefault(currency, CurrencyTotal(currency))
            total.promised += amount
            if fell_due:
                total.due += amount
                total.outstanding += line.outstanding.get(currency, Decimal(0))
    for currency, amount in spent.items():
        found.setdefault(currency, CurrencyTotal(currency)).spent += amount
    return list(found.values())


def difference(reported: Reported, sums: Iterable[CurrencyTotal]) -> str:
    """In words, against what firm instalments promise in the same currency; nothing is converted."""
    promised = next(
        (total.promised for total in sums if total.currency == reported.currency), Decimal(0)
    )
    if not promised:
        return _("nothing is stated in %(currency)s to compare it with") % {
            "currency": reported.currency
        }
    gap = reported.amount - promised
    if not gap:
        return _("as much as the instalments stated in this currency add up to")
    words = {
        "gap": in_words(abs(gap), reported.currency),
        "promised": in_words(promised, reported.currency),
    }
    if gap > 0:
        return _("%(gap)s more than the %(promised)s that the stated instalments add up to") % words
    return _("%(gap)s less than the %(promised)s that the stated instalments add up to") % words


INSTALMENT = (
    "ref",
    "from",
    "instalment",
    "due",
    "firmness",
    "state",
    "days",
    "currency",
    "stated",
    "paid",
    "outstanding",
)


def instalments_export(page: Page) -> Listing:
    """One row for each instalment and currency, with ISO codes; see docs/reference/exports.md."""
    return Listing("fund", (*VIEW, *INSTALMENT), list(_instalment_rows(page)), lambda row: row)


def _instalment_rows(page: Page) -> Iterator[list[Any]]:
    for line in instalments_on(page):
        row, contribution = line.standing, line.contribution
        days = days_counted(row.state, row.anchor, row.late, page.on)
        named = [
            contribution.ref,
            contribution.side,
            line.number,
            line.due,
            row.modality,
            row.state,
            days,
        ]
        for currency in dict.fromkeys((*line.stated, *line.paid)) or [""]:
            amounts = [found.get(currency) for found in (line.stated, line.paid, line.outstanding)]
            yield [*view_of(page), *named, currency, *amounts]


def counting(page: Page, *kinds: str) -> EntryQuerySet:
    """The entries of money that count on the day, newest first."""
    entries = entries_on(page).filter(kind__in=kinds)
    withdrawn = find_withdrawn(list(entries.values_list("pk", flat=True)), page)
    return entries.exclude(pk__in=withdrawn)


LISTS: dict[str, Callable[[Page], Listing]] = {
    "instalments": instalments_export,
    "payments": lambda page: entries_export(page, counting(page, "paid", "refunded"), "payments"),
    "spending": lambda page: entries_export(page, counting(page, "spent"), "spending"),
}


def spending_entries(page: Page) -> list[Entry]:
    """The spending that counts on the day."""
    return without_withdrawn(entries_on(page).filter(kind="spent"), page)


def sum_by_currency(entries: Iterable[Any]) -> Amounts:
    """Sums per currency."""
    found: Amounts = defaultdict(Decimal)
    for entry in entries:
        found[entry.currency] += entry.amount
    return dict(found)


# what is recorded about an instalment, or about all those of a contribution
KINDS_OF_INSTALMENTS = ("paid", "refunded", "consent", "event")


def funds_on(page: Page) -> list[FundLine]:
    """Everything the fund page shows."""
    lines = instalments_on(page)
    refs = sorted({line.ref for line in lines})
    about_instalments = entries_on(page).filter(kind__in=KINDS_OF_INSTALMENTS, ref__in=refs)
    rows = describe_entries(about_instalments, page)
    spent = spending_entries(page)
    flags = _flags()(**page.slots)
    for line in lines:
        line.flags = [flag for flag in flags if flag.obligation_id == line.standing.obligation_id]
        line.entries = [
            row
            for row in rows
            if row.entry.ref == line.ref and row.entry.instalment in (None, line.number)
        ]
    found = _funds("purposes", "reported")(**page.slots)
    return [_fund_line(fund, *_of(fund, lines, spent), page) for fund in found]


def fund_totals(page: Page, commitment: int) -> list[dict[str, Any]]:
    """The funds of a commitment with what their firm money adds up to."""
    found = [fund for fund in _funds("purposes")(**page.slots) if fund.commitment_id == commitment]
    lines, spent = (instalments_on(page), spending_entries(page)) if found else ([], [])
    of_fund = ((fund, *_of(fund, lines, spent)) for fund in found)
    return [
        {"fund": fund, "totals": compute_totals(rows, sum_by_currency(paid), page)}
        for fund, rows, paid in of_fund
    ]


def _of(
    fund: Fund, lines: Iterable[InstalmentOnDay], spent: Iterable[Entry]
) -> tuple[list[InstalmentOnDay], list[Entry]]:
    """The instalments of a fund and what was spent of it."""
    purposes = {purpose.code for purpose in fund.purposes.all()}
    of_fund = [line for line in lines if line.contribution.fund_id == fund.pk]
    return of_fund, [entry for entry in spent if entry.words in purposes]


@prepared
def _flags() -> Any:
    return Flag.objects.filter(plan=Slot("plan"), obligation__instalment__gt=0).standing_or_cleared(
        Slot("on")
    )


@prepared
def _funds(*beside: str) -> Any:
    return (
        Fund.objects.filter(plan=Slot("plan"))
        .select_related("commitment")
        .prefetch_related(*beside)
    )


def _fund_line(
    fund: Fund, lines: Sequence[InstalmentOnDay], spent: Sequence[Entry], page: Page
) -> FundLine:
    by_purpose = {
        purpose: [entry for entry in spent if entry.words == purpose.code]
        for purpose in fund.purposes.all()
    }
    sums = compute_totals(lines, sum_by_currency(spent), page)
    # every contribution has an instalment, if only one without an amount
    contributions = dict.fromkeys(line.contribution for line in lines)
    return FundLine(
        fund=fund,
        contributions=[
            ContributionLine(
                contribution,
                [line for line in lines if line.ref == contribution.ref],
                can_record=can_record_payment(page.rights, contribution, page.plan),
                record_url=page.url("pay", contribution.ref),
            )
            for contribution in contributions
        ],
        purposes=[
            PurposeLine(purpose, sum_by_currency(entries), entries)
            for purpose, entries in by_purpose.items()
        ],
        reported=[
            ReportedLine(reported, difference(reported, sums))
            for reported in fund.reported.all()
            if reported.first_day <= page.on
        ],
        totals=sums,
        spent=sum_by_currency(spent),
        charts=charts(lines),
        can_spend=can_record_spending(page.rights),
        spend_url=page.url("spend", fund.code),
    )
