"""What was promised, fell due, was paid and spent, in words, for a comparison and a digest.

Two currencies of one promise are the same money, and are said together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.lists import format_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.pages.labels import language
from commitments.pages.page import Page
from funding.instalments import Amounts, InstalmentOnDay, instalments_on
from funding.promises import add_amounts, promises
from funding.templatetags.money import different_money, same_money
from funding.totals import money_entries, sum_by_currency

LABELS = {
    "promised": gettext_lazy("Promised"),
    "due": gettext_lazy("Fallen due"),
    "unpaid": gettext_lazy("Due and unpaid"),
    "paid": gettext_lazy("Paid"),
    "spent": gettext_lazy("Spent"),
}


@dataclass(frozen=True)
class SumInWords:
    label: str
    amount: str

    @property
    def is_nothing(self) -> bool:
        return not self.amount

    @property
    def text(self) -> str:
        return self.amount or _("nothing")


def sums_on(page: Page) -> list[SumInWords]:
    """The sums of firm contributions in words, in the order of `LABELS`; empty where the plan promises
    no firm money and nothing was spent.
    """
    sums = _all_sums(page)
    return [] if all(line.is_nothing for line in sums) else sums


def sums_on_both(earlier: Page, later: Page) -> list[tuple[SumInWords, SumInWords]]:
    """Each of the sums on both days; none where there is no money on either."""
    pairs = list(zip(_all_sums(earlier), _all_sums(later), strict=True))
    return [] if all(line.is_nothing for pair in pairs for line in pair) else pairs


def _all_sums(page: Page) -> list[SumInWords]:
    instalments = [instalment for instalment in instalments_on(page) if instalment.is_firm]
    due = [item for item in instalments if item.due and item.due <= page.on]
    amounts = {
        "promised": _of_promises(instalments),
        "due": _of_promises(due),
        "unpaid": _in_words([_still_to_pay(promise.instalments) for promise in promises(due)]),
        "paid": different_money(add_amounts(item.paid for item in instalments)),
        "spent": different_money(sum_by_currency(money_entries(page, "spent"))),
    }
    return [SumInWords(str(LABELS[name]), amount) for name, amount in amounts.items()]


def _of_promises(instalments: Sequence[InstalmentOnDay]) -> str:
    return _in_words([promise.promised for promise in promises(instalments)])


def _still_to_pay(instalments: Sequence[InstalmentOnDay]) -> Amounts:
    return add_amounts(instalment.still_to_pay for instalment in instalments)


def _in_words(amounts: Sequence[Amounts]) -> str:
    stated = [same_money(promised) for promised in amounts if promised]
    return format_list(stated, locale=language()) if stated else ""
