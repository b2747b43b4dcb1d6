"""What the pages show of a fund: its totals, its instalments, spending by purpose, and figures
reported elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from commitments.models import Entry, Flag
from commitments.pages.dialogue import fold_history
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.page import Page
from commitments.register.histories import read_histories
from commitments.rules.terms import terms_on
from funding.instalments import Amounts, InstalmentOnDay, instalments_on
from funding.lateness import Lateness, lateness
from funding.models import Contribution, Fund, Purpose, Reported
from funding.permissions import can_record_payment
from funding.promises import Bar, Promise, add_amounts, promises
from funding.rules import CONDITIONAL
from funding.templatetags.money import amount as format_amount
from funding.totals import CurrencyTotal, compute_totals, money_entries, sum_by_currency

ABOUT_ENTRIES = ("confirmed", "disputed", "withdrawn", "question", "answer")


@dataclass(frozen=True)
class PurposeSpending:
    purpose: Purpose
    entries: list[Entry]

    def spent(self) -> Amounts:
        return sum_by_currency(self.entries)

    def actions(self) -> dict[str, Amounts]:
        """What was spent on each action, by its ref.

        The actions that the purpose serves are named even if nothing was spent on them.
        """
        refs = [*self.purpose.actions, *(entry.ref for entry in self.entries if entry.ref)]
        return {
            ref: sum_by_currency(entry for entry in self.entries if entry.ref == ref)
            for ref in refs
        }


@dataclass(frozen=True)
class FundOnDay:
    """A fund, with its instalments in the order of the text and the entries of its spending."""

    page: Page
    fund: Fund
    instalments: list[InstalmentOnDay]
    spending: list[Entry]

    @cached_property
    def totals(self) -> list[CurrencyTotal]:
        return compute_totals(self.instalments, self.spending, self.page.on)

    def lateness(self) -> Lateness:
        return lateness(self.instalments, self.page.on)

    def promises(self) -> list[Promise]:
        return promises(self.instalments)

    def spent(self) -> Amounts:
        return sum_by_currency(self.spending)

    def spent_bars(self) -> list[Bar]:
        """Spending in each of its currencies, on the scale of what was promised in it, if any was."""
        promised = add_amounts(promise.promised for promise in self.promises())
        paid = add_amounts(promise.paid for promise in self.promises())
        nothing = Decimal(0)
        return [
            Bar(code, promised.get(code, nothing), amount, paid=paid.get(code, nothing))
            for code, amount in self.spent().items()
        ]

    def purposes(self) -> list[PurposeSpending]:
        return [
            PurposeSpending(
                purpose, [entry for entry in self.spending if entry.words == purpose.code]
            )
            for purpose in self.fund.purposes.all()
        ]

    def reported(self) -> dict[Reported, str]:
        """The figures that others had given by the day, each with how it compares."""
        return {
            reported: compare_with_totals(reported, self.totals)
            for reported in self.fund.reported.all()
            if reported.first_day <= self.page.on
        }

    def payable(self) -> set[Contribution]:
        """The contributions on which the reader may record a payment."""
        return {
            instalment.contribution
            for instalment in self.instalments
            if can_record_payment(self.page.rights, instalment.contribution, self.page.plan)
        }


def funds_on(page: Page, **filters: object) -> list[FundOnDay]:
    """The funds of the plan, or those of them that the filters choose."""
    funds = Fund.objects.filter(plan=page.plan, **filters).select_related("commitment")
    funds = funds.prefetch_related("purposes", "reported")
    if not funds:
        return []
    instalments = instalments_on(page)
    spending = money_entries(page, "spent")
    return [_fund_on_day(fund, instalments, spending, page) for fund in funds]


def _fund_on_day(
    fund: Fund, instalments: Iterable[InstalmentOnDay], spending: Iterable[Entry], page: Page
) -> FundOnDay:
    """A fund with those of the plan's instalments and spending that belong to it."""
    purposes = {purpose.code for purpose in fund.purposes.all()}
    return FundOnDay(
        page,
        fund,
        [item for item in instalments if item.contribution.fund_id == fund.pk],
        [entry for entry in spending if entry.words in purposes],
    )


def funds_with_entries_on(page: Page) -> list[FundOnDay]:
    """The funds, with what was recorded about each instalment and the flags on it."""
    funds = funds_on(page)
    instalments = [instalment for fund in funds for instalment in fund.instalments]
    _add_entries(instalments, page)
    _add_flags(instalments, page)
    _add_terms(instalments, page)
    return funds


def _add_entries(instalments: Sequence[InstalmentOnDay], page: Page) -> None:
    """Add payments, and whatever else was recorded about each instalment or its whole contribution."""
    kinds = ["paid", "refunded", "consent", "event", *ABOUT_ENTRIES]
    refs = {instalment.ref for instalment in instalments}
    entries = entries_on(page).filter(kind__in=kinds, ref__in=refs)
    rows = describe_entries(entries, page, with_acts=True)
    for instalment in instalments:
        own = [row for row in rows if _is_about(row.entry, instalment)]
        keys = {row.entry.pk for row in own}
        about = []
        # what names an entry comes after it in the register, and the newest stand first here
        for row in reversed(rows):
            if row.entry.to_id in keys:
                keys.add(row.entry.pk)
                about.append(row)
        instalment.history = fold_history([*own, *about])


def _is_about(entry: Entry, instalment: InstalmentOnDay) -> bool:
    """Whether an entry is about the instalment or its whole contribution, and not about another
    entry.
    """
    return (
        entry.to_id is None
        and entry.ref == instalment.ref
        and entry.instalment in (None, instalment.number)
    )


def _add_flags(instalments: Sequence[InstalmentOnDay], page: Page) -> None:
    flags = Flag.objects.filter(plan=page.plan, obligation__instalment__gt=0)
    noticed = list(flags.noticed_by(page.on))
    for instalment in instalments:
        obligation = instalment.standing.obligation_id
        instalment.flags = [flag for flag in noticed if flag.obligation_id == obligation]


def _add_terms(instalments: Sequence[InstalmentOnDay], page: Page) -> None:
    """Add the terms of the instalments: what opens conditional money is a term, and stands in no
    column.
    """
    obligations = [
        instalment.standing.obligation
        for instalment in instalments
        if instalment.standing.modality in CONDITIONAL
    ]
    histories = read_histories(page.plan, obligations)
    for instalment in instalments:
        history = histories.get(instalment.standing.obligation_id)
        if history is not None:
            instalment.terms = terms_on(history.versions, page.on, page.known_day)


def compare_with_totals(reported: Reported, totals: Sequence[CurrencyTotal]) -> str:
    """The reported figure compared in words with what firm instalments promise in the same
    currency. Nothing is converted.
    """
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
