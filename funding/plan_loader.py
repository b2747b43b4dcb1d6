"""The funds of a plan file become rows, and the terms of each instalment entries of the register."""

from dataclasses import asdict

from django.utils.translation import gettext as _

from commitments.files.plan_loader import (
    PlanLoad,
    StatedTerms,
    find_or_build,
    save_row,
    withdraw_obligation,
)
from commitments.files.plan_schema import Json
from commitments.files.toml_table import make_label
from funding.models import Contribution, Fund, Instalment, Purpose, Reported
from funding.plan_schema import ContributionSpec, FundSpec, InstalmentSpec


def load_funds(load: PlanLoad, funds: list[FundSpec]) -> None:
    for position, spec in enumerate(funds):
        fund = _load_fund(load, spec, position)
        for place, contribution in enumerate(spec.contributions):
            _load_contribution(load, fund, contribution, place)
        _load_purposes(load, fund, spec)
        _load_reported(load, fund, spec)
    _withdraw_missing_contributions(load, funds)
    _refuse_missing_funds(load, funds)


def _load_fund(load: PlanLoad, spec: FundSpec, position: int) -> Fund:
    fund = find_or_build(Fund, plan=load.plan, code=spec.code)
    commitment = load.plan.commitments.get(number=spec.commitment)
    values = {
        "commitment_id": commitment.pk,
        "title": spec.title,
        "manager": spec.manager,
        "interpretations": spec.interpretations,
        "position": position,
    }
    save_row(load, fund, values, make_label("fund", spec.code))
    return fund


def _load_contribution(load: PlanLoad, fund: Fund, spec: ContributionSpec, position: int) -> None:
    contribution = find_or_build(Contribution, plan=load.plan, ref=spec.ref)
    values = {
        "fund_id": fund.pk,
        "side": spec.side,
        "words": spec.words,
        "interpretations": spec.interpretations,
        "position": position,
    }
    label = make_label("contribution", spec.ref)
    save_row(load, contribution, values, label)
    for number, instalment in enumerate(spec.instalments, 1):
        _load_instalment(load, contribution, spec, instalment, number)
    for extra in contribution.instalments.filter(instalment__gt=len(spec.instalments)):
        withdraw_obligation(load, extra, _label_instalment(extra.instalment, spec.ref))


def _load_instalment(
    load: PlanLoad,
    contribution: Contribution,
    spec: ContributionSpec,
    instalment: InstalmentSpec,
    number: int,
) -> None:
    row = find_or_build(
        Instalment, plan=load.plan, contribution=contribution, ref=spec.ref, instalment=number
    )
    values = {"commitment_id": contribution.fund.commitment_id}
    save_row(load, row, values, _label_instalment(number, spec.ref))
    payload: Json = {
        "due": instalment.due.isoformat() if instalment.due else None,
        "stated": instalment.stated,
        "firmness": spec.firmness,
        "lead_days": load.spec.lead_days,
        "withdrawn": spec.withdrawn,
    }
    load.terms.append(StatedTerms(row, payload, spec.line))


def _label_instalment(number: int, ref: str) -> str:
    contribution = make_label("contribution", ref)
    return _("instalment %(number)s of %(what)s") % {"number": number, "what": contribution}


def _load_purposes(load: PlanLoad, fund: Fund, spec: FundSpec) -> None:
    for position, purpose in enumerate(spec.purposes):
        row = find_or_build(Purpose, fund=fund, code=purpose.code)
        values = {"title": purpose.title, "actions": purpose.actions, "position": position}
        save_row(load, row, values, make_label("purpose", purpose.code))
    _delete_missing_purposes(load, fund, spec)


def _delete_missing_purposes(load: PlanLoad, fund: Fund, spec: FundSpec) -> None:
    codes = [purpose.code for purpose in spec.purposes]
    spent = load.plan.entries.filter(kind="spent")
    for purpose in fund.purposes.exclude(code__in=codes):
        if spent.filter(words=purpose.code).exists():
            load.add_error(1, _("purpose %(id)s is missing: entries name it"), id=purpose.code)
        else:
            purpose.delete()
            load.add_change(_("%(what)s: removed"), what=make_label("purpose", purpose.code))


def _load_reported(load: PlanLoad, fund: Fund, spec: FundSpec) -> None:
    """Figures have no key of their own, so all of them are replaced where any differs."""
    rows = [
        Reported(fund=fund, position=position, **asdict(reported))
        for position, reported in enumerate(spec.reported)
    ]
    stored = [_content_of(row) for row in fund.reported.all()]
    if stored == [_content_of(row) for row in rows]:
        return
    fund.reported.all().delete()
    Reported.objects.bulk_create(rows)
    label = make_label("fund", fund.code)
    load.add_change(_("reported figures of %(what)s: %(count)s"), what=label, count=len(rows))


def _content_of(row: Reported) -> tuple[object, ...]:
    amount = f"{float(row.amount):.2f}"
    return row.currency, amount, row.by, row.on, row.words, row.source


def _withdraw_missing_contributions(load: PlanLoad, funds: list[FundSpec]) -> None:
    refs = [contribution.ref for fund in funds for contribution in fund.contributions]
    for contribution in load.plan.contributions.exclude(ref__in=refs):
        for instalment in contribution.instalments.all():
            withdraw_obligation(load, instalment, make_label("contribution", contribution.ref))


def _refuse_missing_funds(load: PlanLoad, funds: list[FundSpec]) -> None:
    if load.spec.withdrawn:
        return
    for fund in load.plan.funds.exclude(code__in=[spec.code for spec in funds]):
        load.add_error(1, _("fund %(id)s is missing: a fund of a plan stays"), id=fund.code)
