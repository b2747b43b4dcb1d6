"""What the page of the funds shows: contributions with their instalments, spending by purpose, and
figures reported elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.models import Entry, Flag
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.page import Page
from funding.charts import Chart, draw_charts
from funding.instalments import Amounts, InstalmentOnDay, instalments_on
from funding.models import Contribution, Fund, Purpose, Reported
from funding.permissions import can_record_payment, can_record_spending
from funding.templatetags.money import amount as format_amount
from funding.totals import (
    CurrencyTotal,
    compute_totals,
    instalments_of,
    spending_entries,
    spending_of,
    sum_by_currency,
)

FIRMNESS_LABELS = {
    "conditional": gettext_lazy("conditional"),
    "up-to": gettext_lazy("up to this amount"),
    "on-delivery": gettext_lazy("on delivery"),
}


@dataclass(frozen=True)
class ContributionOnDay:
    contribution: Contribution
    instalments: list[InstalmentOnDay]
    can_record: bool
    record_url: str

    @property
    def firmness(self) -> str:
        """In a word where the money is not simply promised; such money is never summed with firm
        money.
        """
        return str(FIRMNESS_LABELS.get(self.instalments[0].standing.modality, ""))


@dataclass(frozen=True)
class ActionSpending:
    """An action, and what was spent on it, if anything."""

    ref: str
    spent: Amounts


@dataclass(frozen=True)
class PurposeSpending:
    """A purpose, and the actions that it serves or on which money was spent for it."""

    purpose: Purpose
    spent: Amounts
    actions: list[ActionSpending]


@dataclass(frozen=True)
class ReportedComparison:
    """A figure reported elsewhere, and in words how it differs from what the instalments promise."""

    reported: Reported
    difference: str


@dataclass(frozen=True)
class FundOnDay:
    fund: Fund
    totals: list[CurrencyTotal]
    charts: list[Chart]
    contributions: list[ContributionOnDay]
    purposes: list[PurposeSpending]
    reported: list[ReportedComparison]
    can_spend: bool
    spend_url: str


def funds_on(page: Page) -> list[FundOnDay]:
    instalments = instalments_on(page)
    _add_entries(instalments, page)
    _add_flags(instalments, page)
    spending = spending_entries(page)
    funds = Fund.objects.filter(plan=page.plan).select_related("commitment")
    return [
        _fund_on_day(fund, instalments_of(fund, instalments), spending_of(fund, spending), page)
        for fund in funds.prefetch_related("purposes", "reported")
    ]


def _add_entries(instalments: Sequence[InstalmentOnDay], page: Page) -> None:
    """Payments, and whatever else was recorded about an instalment or its whole contribution."""
    kinds = ["paid", "refunded", "consent", "event"]
    refs = {instalment.ref for instalment in instalments}
    rows = describe_entries(entries_on(page).filter(kind__in=kinds, ref__in=refs), page)
    for instalment in instalments:
        instalment.entries = [
            row
            for row in rows
            if row.entry.ref == instalment.ref and row.entry.instalment in (None, instalment.number)
        ]


def _add_flags(instalments: Sequence[InstalmentOnDay], page: Page) -> None:
    flags = Flag.objects.filter(plan=page.plan, obligation__instalment__gt=0)
    noticed = list(flags.noticed_by(page.on))
    for instalment in instalments:
        obligation = instalment.standing.obligation_id
        instalment.flags = [flag for flag in noticed if flag.obligation_id == obligation]


def _fund_on_day(
    fund: Fund, instalments: Sequence[InstalmentOnDay], spending: Sequence[Entry], page: Page
) -> FundOnDay:
    totals = compute_totals(instalments, sum_by_currency(spending), page.on)
    return FundOnDay(
        fund=fund,
        totals=totals,
        charts=draw_charts(instalments),
        contributions=_contributions(instalments, page),
        purposes=[_purpose_spending(purpose, spending) for purpose in fund.purposes.all()],
        reported=[
            ReportedComparison(reported, compare_with_totals(reported, totals))
            for reported in fund.reported.all()
            if reported.first_day <= page.on
        ],
        can_spend=can_record_spending(page.rights),
        spend_url=page.url("spend", fund.code),
    )


def _contributions(instalments: Sequence[InstalmentOnDay], page: Page) -> list[ContributionOnDay]:
    # every contribution has an instalment, if only one without an amount
    contributions = dict.fromkeys(instalment.contribution for instalment in instalments)
    return [
        ContributionOnDay(
            contribution,
            [instalment for instalment in instalments if instalment.ref == contribution.ref],
            can_record=can_record_payment(page.rights, contribution, page.plan),
            record_url=page.url("pay", contribution.ref),
        )
        for contribution in contributions
    ]


def _purpose_spending(purpose: Purpose, spending: Sequence[Entry]) -> PurposeSpending:
    entries = [entry for entry in spending if entry.words == purpose.code]
    refs = [*purpose.actions, *(entry.ref for entry in entries if entry.ref)]
    return PurposeSpending(
        purpose,
        spent=sum_by_currency(entries),
        actions=[
            ActionSpending(ref, sum_by_currency(entry for entry in entries if entry.ref == ref))
            for ref in dict.fromkeys(refs)
        ],
    )


def compare_with_totals(reported: Reported, totals: Sequence[CurrencyTotal]) -> str:
    """In words, against what firm instalments promise in the same currency; nothing is converted."""
    currency = reported.currency
    promised = sum(total.promised for total in totals if total.currency == currency)
    if not promised:
        return _("nothing is stated in %(currency)s to compare it with") % {"currency": currency}
    gap = reported.amount - promised
    if not gap:
        return _("as much as the instalments stated in this currency add up to")
    words = {
        "gap": format_amount(abs(gap), currency),
        "promised": format_amount(promised, currency),
    }
    if gap > 0:
        return _("%(gap)s more than the %(promised)s that the stated instalments add up to") % words
    return _("%(gap)s less than the %(promised)s that the stated instalments add up to") % words
