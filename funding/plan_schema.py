"""What a plan file says of its funds. The readers leave every error in the file."""

from dataclasses import dataclass
from datetime import date

from babel.numbers import list_currencies
from django.utils.translation import gettext as _

from commitments.files.plan_schema import (
    Interpretation,
    PlanSpec,
    read_interpretations,
    refuse_repeated_ref,
)
from commitments.files.toml import Path, find_repeated
from commitments.files.toml_table import LAST_YEAR, Table, Texts
from commitments.files.values import parse_amount, show_value
from commitments.rules import dates
from commitments.rules.dates import DateError
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
    """`instalments` are in the order of their days."""

    path: Path
    line: int
    ref: str
    side: str
    words: str
    firmness: str
    instalments: list[InstalmentSpec]
    interpretations: list[Interpretation]
    withdrawn: str


@dataclass
class PurposeSpec:
    code: str
    title: Texts
    actions: list[str]


@dataclass
class ReportedSpec:
    """A figure that somebody published; the fields are those of the table."""

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
    interpretations: list[Interpretation]
    contributions: list[ContributionSpec]
    purposes: list[PurposeSpec]
    reported: list[ReportedSpec]


def read_funds(top: Table, plan: PlanSpec) -> list[FundSpec]:
    tables = top.get_tables("funds", kind="fund", named_by="id")
    funds = [_read_fund(table, plan) for table in tables]
    top.file.check_unique("funds", "id", [fund.code for fund in funds])
    _check_refs_are_unique(top, funds)
    return funds


def _check_refs_are_unique(top: Table, funds: list[FundSpec]) -> None:
    seen: set[str] = set()
    for fund in funds:
        for contribution in fund.contributions:
            if contribution.ref in seen:
                refuse_repeated_ref(top.file, contribution.path, contribution.ref)
            seen.add(contribution.ref)


def _read_fund(table: Table, plan: PlanSpec) -> FundSpec:
    contributions = table.get_tables("contributions", kind="contribution", named_by="ref")
    purposes = table.get_tables("purposes", kind="purpose", named_by="id")
    reported = table.get_tables("reported", kind="reported")
    fund = FundSpec(
        code=table.get_name("id"),
        title=table.get_texts("title", plan.languages, required=True),
        commitment=_read_commitment_number(table, plan),
        manager=table.get_text("manager", longest=200),
        interpretations=read_interpretations(table, plan.languages),
        contributions=[_read_contribution(found, plan) for found in contributions],
        purposes=[_read_purpose(found, plan) for found in purposes],
        reported=[_read_reported(found, plan) for found in reported],
    )
    _check_purposes_are_unique(table, fund)
    table.refuse_unknown_keys()
    return fund


def _read_commitment_number(table: Table, plan: PlanSpec) -> int:
    number = table.get_integer("commitment", required=True, least=1, most=100_000) or 0
    known = {commitment.number for commitment in plan.commitments}
    if number and number not in known:
        text = _("%(what)s belongs to commitment %(number)s: there is no such one")
        table.add_error("commitment", text, number=number)
    return number


def _check_purposes_are_unique(table: Table, fund: FundSpec) -> None:
    codes = [purpose.code for purpose in fund.purposes]
    text = _("id %(name)s stands twice in the purposes of %(what)s: each must be its own")
    for position in find_repeated(codes):
        path = (*table.path, "purposes", position, "id")
        table.file.add_error_at(path, text, name=show_value(codes[position]), what=table.label)


def _read_contribution(table: Table, plan: PlanSpec) -> ContributionSpec:
    contribution = ContributionSpec(
        path=table.path,
        line=table.file.line_of(table.path),
        ref=table.get_name("ref", longest=32),
        side=_read_side(table, plan),
        words=table.get_text("words", longest=500),
        firmness=table.get_choice("firmness", FIRMNESS, default="firm"),
        instalments=_read_instalments(table, plan),
        interpretations=read_interpretations(table, plan.languages),
        withdrawn=table.get_text("withdrawn", longest=2000).strip(),
    )
    table.refuse_unknown_keys()
    return contribution


def _read_side(table: Table, plan: PlanSpec) -> str:
    """A side of the plan, or one of its bodies."""
    side = table.get_text("from", required=True)
    sides = {*plan.sides, *(body.side for body in plan.bodies if body.side)}
    if side and side not in sides and plan.sides:
        text = _("from of %(what)s must be a side of the plan (%(sides)s)")
        table.add_error("from", text, sides=", ".join(sorted(sides)))
    return side


def _read_instalments(table: Table, plan: PlanSpec) -> list[InstalmentSpec]:
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
        return _read_listed_instalments(table, tables, plan)
    if each and times:
        return _repeat_each_year(stated, times, plan)
    if times and "each" not in table.content:
        table.add_error("times", _('%(what)s has times but no each: give it each = "year"'))
    return [InstalmentSpec(due, stated)]


def _repeat_each_year(stated: Stated, times: int, plan: PlanSpec) -> list[InstalmentSpec]:
    first = first_year(plan.adopted_on, plan.year_basis)
    years = range(first, first + times)
    return [InstalmentSpec(_due_in(year, plan), stated) for year in years]


def _due_in(year: int, plan: PlanSpec) -> date:
    return due_day(year, plan.adopted_on, plan.year_basis)


def _read_listed_instalments(
    contribution: Table, tables: list[Table], plan: PlanSpec
) -> list[InstalmentSpec]:
    if not tables:
        text = _("%(key)s of %(what)s is empty: give it at least one")
        contribution.add_error("instalments", text)
    by_year: dict[int, Stated] = {}
    for table in tables:
        year = _read_year(table)
        stated = _read_stated(table, required=True)
        table.refuse_unknown_keys()
        if year in by_year:
            text = _("year %(year)s stands twice in %(what)s")
            table.add_error("year", text, year=year, what=contribution.label)
        elif year:
            by_year[year] = stated
    return [InstalmentSpec(_due_in(year, plan), by_year[year]) for year in sorted(by_year)]


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
    stated = [[money.currency, money.amount] for money in amounts if money]
    currencies = {currency for currency, _amount in stated}
    if len(currencies) < len(stated):
        table.add_error("stated", _("stated of %(what)s names a currency twice"))
    return stated


@dataclass(frozen=True)
class Money:
    """`amount` has two decimals."""

    currency: str
    amount: str


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
    is_currency = currency in list_currencies()
    if not is_currency:
        text = _("%(key)s of %(what)s has an unknown currency %(value)s: give a code such as EUR")
        table.add_error(key, text, value=show_value(currency))
    if amount is None:
        text = _(
            "%(key)s of %(what)s has the amount %(value)s: it must be a plain positive decimal "
            'such as "5000000" or "750000.50"'
        )
        table.add_error(key, text, value=show_value(stated_amount))
    if amount is None or not is_currency:
        return None
    return Money(currency, f"{amount:.2f}")


def _read_purpose(table: Table, plan: PlanSpec) -> PurposeSpec:
    purpose = PurposeSpec(
        code=table.get_name("id"),
        title=table.get_texts("title", plan.languages, required=True),
        actions=table.get_names("actions"),
    )
    refs = {action.ref for action in plan.actions}
    path = (*table.path, "actions")
    lacking = _("there is no such action")
    table.file.check_known(path, table.label, purpose.actions, refs, lacking)
    table.refuse_unknown_keys()
    return purpose


def _read_reported(table: Table, plan: PlanSpec) -> ReportedSpec:
    pair = table.get_raw("amount")
    money = _read_money(table, "amount", pair, '["EUR", "5000000"]') or Money("", "")
    reported = ReportedSpec(
        currency=money.currency,
        amount=money.amount,
        by=table.get_texts("by", plan.languages, required=True),
        on=_read_reported_date(table),
        words=table.get_text("words", longest=200),
        source=table.get_text("source", longest=2000),
    )
    table.refuse_unknown_keys()
    return reported


def _read_reported_date(table: Table) -> str:
    """A day of TOML, or a date in quotes that may be as vague as a year."""
    value = table.get_raw("on")
    text = value.isoformat() if isinstance(value, date) else value
    if isinstance(text, str) and _is_date(text):
        return text
    message = _('on of %(what)s must be a date such as "2014-09" or 2014-09-20, not %(value)s')
    table.add_error("on", message, value=show_value(value))
    return ""


def _is_date(text: str) -> bool:
    try:
        dates.parse(text)
    except DateError:
        return False
    return True
