"""What a plan file says of its funds. The readers leave every error in the file."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from commitments.files.deadline_schema import LONGEST_EVENT
from commitments.files.plan_schema import (
    PlanSpec,
    read_interpretations,
    read_reason,
)
from commitments.files.toml_table import LAST_YEAR, Table, refuse_repeated
from commitments.files.values import parse_amount, show_value
from commitments.models import Plan
from commitments.rules import dates
from commitments.rules.dates import DateError
from funding.currencies import decimals_of, format_plain, has_its_decimals, is_currency
from funding.models import Contribution, Fund, Purpose, Reported
from funding.rules import CONDITIONAL
from funding.years import due_day, first_year

FIRMNESS = ("firm", "conditional", "up-to", "on-delivery")

# amounts as the terms keep them, in the text's order: [["EUR", "5000000.00"], …]
Stated = list[list[str]]


@dataclass(frozen=True)
class InstalmentSpec:
    """`due` is None where no day is stated."""

    due: date | None
    stated: Stated


@dataclass
class ContributionSpec:
    """`row` is not saved yet, `instalments` are in the order of their days."""

    table: Table
    row: Contribution
    firmness: str
    # words of an event, or the ref of an action; what opens conditional money
    condition: str
    condition_ref: str
    instalments: list[InstalmentSpec]
    withdrawn: str


@dataclass
class FundSpec:
    """The rows are not saved yet."""

    row: Fund
    commitment: str
    contributions: list[ContributionSpec]
    purposes: list[Purpose]
    reported: list[Reported]


def read_funds(top: Table, plan: PlanSpec) -> list[FundSpec]:
    tables = top.get_tables("funds", kind="fund", named_by="id")
    funds = [_read_fund(table, plan) for table in tables]
    refuse_repeated(tables, [fund.row.code for fund in funds], place="funds")
    return funds


def _read_fund(table: Table, plan: PlanSpec) -> FundSpec:
    contributions = table.get_tables("contributions", kind="contribution", named_by="ref")
    purposes = table.get_tables("purposes", kind="purpose", named_by="id")
    reported = table.get_tables("reported", kind="reported")
    row = Fund(
        code=table.get_name("id"),
        title=table.get_texts("title", required=True),
        manager=table.get_text("manager", longest=200),
        interpretations=read_interpretations(table),
        position=table.position,
    )
    fund = FundSpec(
        row=row,
        commitment=_read_commitment_number(table, plan),
        contributions=[_read_contribution(contribution, plan) for contribution in contributions],
        purposes=[_read_purpose(purpose, plan) for purpose in purposes],
        reported=[_read_reported(figure) for figure in reported],
    )
    refuse_repeated(purposes, [purpose.code for purpose in fund.purposes], place="purposes")
    return fund


def _read_commitment_number(table: Table, plan: PlanSpec) -> str:
    number = table.get_number("commitment")
    known = {commitment.row.number.casefold() for commitment in plan.commitments}
    if number and number.casefold() not in known:
        text = _("%(what)s belongs to commitment %(number)s: there is no such one")
        table.add_error("commitment", text, number=number)
    return number


def _read_contribution(table: Table, plan: PlanSpec) -> ContributionSpec:
    row = Contribution(
        ref=table.get_ref("ref"),
        side=_read_side(table, plan),
        words=table.get_text("words", longest=500),
        words_in=table.get_translations("words_in"),
        interpretations=read_interpretations(table),
        position=table.position,
    )
    firmness = table.get_choice("firmness", FIRMNESS, default="firm")
    condition = _read_condition(table, firmness)
    condition_ref = plan.refs.get(condition.casefold(), "")
    _check_condition(table, condition_ref, plan)
    return ContributionSpec(
        table=table,
        row=row,
        firmness=firmness,
        condition="" if condition_ref else condition,
        condition_ref=condition_ref,
        instalments=_read_instalments(table, plan.row),
        withdrawn=read_reason(table, "withdrawn"),
    )


def _read_condition(table: Table, firmness: str) -> str:
    """What opens money that is promised under a condition."""
    condition = table.get_text("condition", longest=LONGEST_EVENT).strip()
    if condition and firmness not in CONDITIONAL:
        text = _('condition of %(what)s needs firmness = "conditional" or "on-delivery"')
        table.add_error("condition", text)
    return condition


def _check_condition(table: Table, ref: str, plan: PlanSpec) -> None:
    recurring = {action.row.ref for action in plan.actions if action.deadline.kind == "recurring"}
    if ref in recurring:
        text = _(
            "condition of %(what)s names %(name)s, which recurs: name an action with one end, or an event"
        )
        table.add_error("condition", text, name=show_value(ref))


def _read_side(table: Table, plan: PlanSpec) -> str:
    """A side of the plan, or one of its bodies."""
    side = table.get_text("from", required=True)
    sides = {*plan.row.sides, *(body.side for body in plan.bodies if body.side)}
    if side and side not in sides and plan.row.sides:
        text = _("from of %(what)s must be a side of the plan (%(sides)s)")
        table.add_error("from", text, sides=", ".join(sorted(sides)))
    return side


def _read_instalments(table: Table, plan: Plan) -> list[InstalmentSpec]:
    """In one of three ways: a sum each year (`each` and `times`), a list (`instalments`), or one sum
    with its day (`due`) or without.
    """
    tables = table.get_tables("instalments", kind="instalment", named_by="year")
    has_list = "instalments" in table.content
    stated = _read_stated(table, required=not has_list)
    each = table.get_choice("each", ("year",))
    times = table.get_integer("times", required=bool(each), least=1, most=200)
    due = table.get_day("due")
    ways = [has_list, bool(each or times), due is not None]
    if ways.count(True) > 1:
        text = _("%(what)s needs one of each with times, instalments, or due: not several")
        table.add_error("", text)
    if has_list:
        by_year = _read_listed_instalments(table, tables)
    elif each and times:
        first = first_year(plan.adopted_on, plan.year_basis)
        by_year = dict.fromkeys(range(first, first + times), stated)
    else:
        if times and "each" not in table.content:
            table.add_error("times", _('%(what)s has times but no each: give it each = "year"'))
        return [InstalmentSpec(due, stated)]
    return [
        InstalmentSpec(due_day(year, plan.adopted_on, plan.year_basis), by_year[year])
        for year in sorted(by_year)
    ]


def _read_listed_instalments(contribution: Table, tables: list[Table]) -> dict[int, Stated]:
    """What is stated for each year."""
    if not tables:
        text = _("%(key)s of %(what)s is empty: give it at least one")
        contribution.add_error("instalments", text)
    by_year: dict[int, Stated] = {}
    for table in tables:
        year = _read_year(table)
        stated = _read_stated(table, required=True)
        if year in by_year:
            text = _("year %(year)s stands twice in %(what)s")
            table.add_error("year", text, year=year, what=contribution.label)
        elif year:
            by_year[year] = stated
    return by_year


def _read_year(table: Table) -> int | None:
    text = table.get_text("year", required=True)
    if len(text) == 4 and text.isascii() and text.isdigit() and 1000 <= int(text) < LAST_YEAR:
        return int(text)
    table.add_error("year", _('year of %(what)s must be four digits in quotes, such as "2023"'))
    return None


def _read_stated(table: Table, *, required: bool) -> Stated:
    pairs = table.get_raw("stated")
    if pairs is None:
        if required:
            text = _("%(what)s has no stated: give it its amounts, or [] where none is stated")
            table.add_error("", text)
        return []
    if not isinstance(pairs, list):
        text = _('stated of %(what)s must be a list such as [["EUR", "5000000"]]')
        table.add_error("stated", text)
        return []
    amounts = [_read_money(table, "stated", pair, '[["EUR", "5000000"]]') for pair in pairs]
    stated = [
        [money.currency, format_plain(money.amount, money.currency)] for money in amounts if money
    ]
    currencies = {currency for currency, _amount in stated}
    if len(currencies) < len(stated):
        table.add_error("stated", _("stated of %(what)s names a currency twice"))
    return stated


@dataclass(frozen=True)
class Money:
    currency: str
    amount: Decimal


def _read_money(table: Table, key: str, pair: object, example: str) -> Money | None:
    """A currency and an amount, or None where either is wrong."""
    if not isinstance(pair, list) or [type(part) for part in pair] != [str, str]:
        text = _(
            "%(key)s of %(what)s must name a currency and an amount, both in quotes: %(right)s"
        )
        table.add_error(key, text, right=example)
        return None
    currency, stated_amount = pair
    amount = parse_amount(stated_amount)
    is_known = is_currency(currency)
    if not is_known:
        text = _("%(key)s of %(what)s has an unknown currency %(value)s: give a code such as EUR")
        table.add_error(key, text, value=show_value(currency))
    if amount is None:
        text = _(
            "%(key)s of %(what)s has the amount %(value)s: it must be a plain positive decimal "
            'such as "5000000" or "750000.50"'
        )
        table.add_error(key, text, value=show_value(stated_amount))
    if amount is None or not is_known:
        return None
    if not has_its_decimals(amount, currency):
        text = _(
            "%(key)s of %(what)s has the amount %(value)s: %(currency)s has %(decimals)s decimals"
        )
        decimals = decimals_of(currency)
        table.add_error(
            key, text, value=show_value(stated_amount), currency=currency, decimals=decimals
        )
        return None
    return Money(currency, amount)


def _read_purpose(table: Table, plan: PlanSpec) -> Purpose:
    actions = table.get_names("actions")
    refs = {action.row.ref for action in plan.actions}
    table.check_known("actions", actions, refs, _("there is no such action"))
    return Purpose(
        code=table.get_name("id"),
        title=table.get_texts("title", required=True),
        actions=actions,
        position=table.position,
    )


def _read_reported(table: Table) -> Reported:
    pair = table.get_raw("amount")
    money = _read_money(table, "amount", pair, '["EUR", "5000000"]') or Money("", Decimal(0))
    return Reported(
        currency=money.currency,
        amount=money.amount,
        by=table.get_texts("by", required=True),
        on=_read_reported_date(table),
        words=table.get_text("words", longest=200),
        source=table.get_text("source", longest=2000),
        position=table.position,
    )


def _read_reported_date(table: Table) -> str:
    """A day of TOML, or a date in quotes that may be as vague as a year."""
    value = table.get_raw("on")
    text = value.isoformat() if isinstance(value, date) else value
    if isinstance(text, str):
        with suppress(DateError):
            dates.parse(text)
            return text
    message = _('on of %(what)s must be a date such as "2014-09" or 2014-09-20, not %(value)s')
    table.add_error("on", message, value=show_value(value))
    return ""
