"""What a plan file says of its funds; every fault at once."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.numbers import list_currencies
from django.utils.translation import gettext as _

from commitments.files.plan_schema import PlanSpec, Texts, read_interpretations
from commitments.files.toml import LAST_YEAR, Table, called, decimal, shown
from commitments.rules import dates
from commitments.rules.dates import DateError
from funding.years import due_day, first_year

FIRMNESS = ("firm", "conditional", "up-to", "on-delivery")
Stated = list[list[str]]  # [["EUR", "5000000.00"], …] in the text's order


@dataclass
class ContributionSpec:
    """`instalments` are the due day (None: none stated) and the stated amounts, in order of their
    day.
    """

    ref: str
    side: str
    words: str
    firmness: str
    instalments: list[tuple[date | None, Stated]]
    interpretations: list[dict[str, Any]]
    withdrawn: str
    line: int


@dataclass
class PurposeSpec:
    code: str
    title: Texts
    actions: list[str]


@dataclass
class ReportedSpec:
    currency: str
    amount: str
    by: Texts
    on: str
    words: str
    source: str


@dataclass
class FundSpec:
    code: str
    title: Texts
    commitment: int
    manager: str
    interpretations: list[dict[str, Any]]
    contributions: list[ContributionSpec]
    purposes: list[PurposeSpec]
    reported: list[ReportedSpec]


def read_funds(top: Table, plan: PlanSpec) -> list[FundSpec]:
    funds = [_read_fund(table, plan) for table in top.tables("funds", called("fund", "id"))]
    source = top.source
    source.once("funds", "id", [fund.code for fund in funds])
    refs: set[str] = set()
    for f, fund in enumerate(funds):
        for c, contribution in enumerate(fund.contributions):
            if contribution.ref in refs:
                path = ("funds", f, "contributions", c, "ref")
                source.error(
                    path,
                    _("ref %(ref)s stands twice: each must be its own"),
                    ref=shown(contribution.ref),
                )
            refs.add(contribution.ref)
    return funds


def _read_fund(table: Table, plan: PlanSpec) -> FundSpec:
    languages = plan.languages
    fund = FundSpec(
        code=table.name("id"),
        title=table.localized("title", languages, required=True),
        commitment=table.integer("commitment", required=True, least=1, most=100_000) or 0,
        manager=table.text("manager", longest=200),
        interpretations=read_interpretations(table, languages),
        contributions=[
            _read_contribution(found, plan)
            for found in table.tables("contributions", called("contribution", "ref"))
        ],
        purposes=[
            _read_purpose(found, plan)
            for found in table.tables("purposes", called("purpose", "id"))
        ],
        reported=[
            _read_reported(found, languages)
            for found in table.tables("reported", called("reported", ""))
        ],
    )
    if fund.commitment and fund.commitment not in {
        commitment.number for commitment in plan.commitments
    }:
        said = _("%(what)s belongs to commitment %(number)s: there is no such one")
        table.error("commitment", said, number=fund.commitment)
    codes = [purpose.code for purpose in fund.purposes]
    for place, code in enumerate(codes):
        if code and code in codes[:place]:
            path = (*table.path, "purposes", place, "id")
            said = _("id %(name)s stands twice in the purposes of %(what)s: each must be its own")
            table.source.error(path, said, name=shown(code), what=table.what)
    table.done()
    return fund


def _read_contribution(table: Table, plan: PlanSpec) -> ContributionSpec:
    side = table.text("from", required=True)
    sides = {*plan.sides, *(body.side for body in plan.bodies if body.side)}
    if side and side not in sides and plan.sides:
        table.error(
            "from",
            _("from of %(what)s must be a side of the plan (%(sides)s)"),
            sides=", ".join(sorted(sides)),
        )
    contribution = ContributionSpec(
        ref=table.name("ref", longest=32),
        side=side,
        words=table.text("words", longest=500),
        firmness=table.choice("firmness", FIRMNESS, default="firm"),
        instalments=_read_instalments(table, plan),
        interpretations=read_interpretations(table, plan.languages),
        withdrawn=table.text("withdrawn", longest=2000).strip(),
        line=table.source.line(table.path),
    )
    table.done()
    return contribution


def _read_instalments(table: Table, plan: PlanSpec) -> list[tuple[date | None, Stated]]:
    """By year, evenly (each and times), unevenly (instalments) or one sum, with a day (due) or
    without.
    """
    uneven = table.tables("instalments", called("instalment", "year"))
    has_list = "instalments" in table.content
    stated = _read_stated(table, required=not has_list)
    each = table.choice("each", ("year",))
    times = table.integer("times", required=bool(each), least=1, most=200)
    due = table.day("due")
    if sum((has_list, bool(each or times), due is not None)) > 1:
        table.error(
            "", _("%(what)s needs one of each with times, instalments, or due: not several")
        )
    if has_list:
        return _read_uneven(table, uneven, plan)
    if each and times:
        first = first_year(plan.adopted_on, plan.year_basis)
        return [
            (due_day(first + n, plan.adopted_on, plan.year_basis), stated) for n in range(times)
        ]
    if times and "each" not in table.content:
        table.error("times", _('%(what)s has times but no each: give it each = "year"'))
    return [(due, stated)]


def _read_uneven(
    table: Table, uneven: list[Table], plan: PlanSpec
) -> list[tuple[date | None, Stated]]:
    years: dict[int, Stated] = {}
    for found in uneven:
        year = found.text("year", required=True)
        stated = _read_stated(found, required=True)
        found.done()
        if not (
            year.isascii() and year.isdigit() and len(year) == 4 and 1000 <= int(year) < LAST_YEAR
        ):
            found.error("year", _('year of %(what)s must be four digits in quotes, such as "2023"'))
        elif int(year) in years:
            found.error(
                "year", _("year %(year)s stands twice in %(what)s"), year=year, what=table.what
            )
        else:
            years[int(year)] = stated
    if not uneven:
        table.error("instalments", _("%(key)s of %(what)s is empty: give it at least one"))
    return [
        (due_day(year, plan.adopted_on, plan.year_basis), years[year]) for year in sorted(years)
    ]


def _read_stated(table: Table, *, required: bool) -> Stated:
    pairs = table.raw("stated")
    if pairs is None:
        if required:
            table.error(
                "", _("%(what)s has no stated: give it its amounts, or [] where none is stated")
            )
        return []
    if not isinstance(pairs, list):
        table.error("stated", _('stated of %(what)s must be a list such as [["EUR", "5000000"]]'))
        return []
    read = [money for money in (_read_money(table, "stated", pair) for pair in pairs) if money]
    if len({currency for currency, _amount in read}) < len(read):
        table.error("stated", _("stated of %(what)s names a currency twice"))
    return read


def _read_money(table: Table, key: str, pair: Any) -> list[str] | None:
    if (
        not isinstance(pair, list)
        or len(pair) != 2
        or not all(isinstance(part, str) for part in pair)
    ):
        right = '[["EUR", "5000000"]]' if key == "stated" else '["EUR", "5000000"]'
        said = _(
            "%(key)s of %(what)s must name a currency and an amount, both in quotes: %(right)s"
        )
        table.error(key, said, right=right)
        return None
    currency, amount = pair
    value = decimal(amount)
    if currency not in list_currencies():
        said = _("%(key)s of %(what)s has an unknown currency %(value)s: give a code such as EUR")
        table.error(key, said, value=shown(currency))
    if value is None:
        said = _(
            "%(key)s of %(what)s has the amount %(value)s: it must be a plain positive decimal "
            'such as "5000000" or "750000.50"'
        )
        table.error(key, said, value=shown(amount))
    return (
        [currency, f"{value:.2f}"] if value is not None and currency in list_currencies() else None
    )


def _read_purpose(table: Table, plan: PlanSpec) -> PurposeSpec:
    purpose = PurposeSpec(
        code=table.name("id"),
        title=table.localized("title", plan.languages, required=True),
        actions=table.texts("actions"),
    )
    refs = {action.ref for action in plan.actions}
    lacking = _("there is no such action")
    table.source.known((*table.path, "actions"), table.what, purpose.actions, refs, lacking)
    table.done()
    return purpose


def _read_reported(table: Table, languages: list[str]) -> ReportedSpec:
    money = _read_money(table, "amount", table.raw("amount")) or ["XXX", "0.01"]
    on = table.raw("on")
    text = on.isoformat() if isinstance(on, date) else on
    try:
        dates.parse(text if isinstance(text, str) else "")
    except DateError:
        said = _('on of %(what)s must be a date such as "2014-09" or 2014-09-20, not %(value)s')
        table.error("on", said, value=shown(on))
        text = "2000"
    reported = ReportedSpec(
        currency=money[0],
        amount=money[1],
        by=table.localized("by", languages, required=True),
        on=text,
        words=table.text("words", longest=200),
        source=table.text("source", longest=2000),
    )
    table.done()
    return reported
