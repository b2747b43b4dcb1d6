"""The funds of a plan file become rows, and the terms of each instalment entries of the register."""

from django.utils.translation import gettext as _

from commitments.files.deadline_schema import Json
from commitments.files.plan_loader import (
    PlanLoad,
    StatedTerms,
    remove_row,
    save_row,
    withdraw_obligation,
)
from commitments.files.toml_table import make_label
from commitments.models import Plan
from funding.models import Fund, Instalment, Reported
from funding.plan_schema import ContributionSpec, FundSpec, InstalmentSpec
from funding.rules import CONDITIONAL


def load_funds(load: PlanLoad, funds: list[FundSpec]) -> None:
    for spec in funds:
        label = make_label("fund", spec.row.code)
        spec.row.commitment = load.plan.commitments.get(number__iexact=spec.commitment)
        fund = save_row(load, spec.row, label, plan=load.plan, code=spec.row.code)
        for contribution in spec.contributions:
            _load_contribution(load, fund, contribution)
        for purpose in spec.purposes:
            save_row(load, purpose, make_label("purpose", purpose), fund=fund, code=purpose.code)
        _delete_missing_purposes(load, fund, spec)
        _load_reported(load, fund, spec.reported, label)
    _withdraw_missing_contributions(load, funds)
    _refuse_missing_funds(load, funds)


def _load_contribution(load: PlanLoad, fund: Fund, spec: ContributionSpec) -> None:
    ref = spec.row.ref
    spec.row.fund = fund
    label = make_label("contribution", ref)
    contribution = save_row(load, spec.row, label, plan=load.plan, ref=ref)
    if spec.firmness in CONDITIONAL and not (spec.condition or spec.condition_ref):
        text = _("%(what)s names no condition: any consent or event recorded on it opens it")
        load.add_warning(spec.table.line, text % {"what": label})
    for number, stated in enumerate(spec.instalments, 1):
        row = Instalment(contribution=contribution, commitment=fund.commitment)
        key = {"plan": load.plan, "ref": ref, "instalment": number}
        instalment = save_row(load, row, _label_instalment(number, ref), **key)
        payload = instalment_terms(load.plan, spec, stated)
        load.terms.append(StatedTerms(instalment, payload, spec.table.line))
    for extra in contribution.instalments.filter(instalment__gt=len(spec.instalments)):
        withdraw_obligation(load, extra, _label_instalment(extra.instalment, ref))


def instalment_terms(plan: Plan, spec: ContributionSpec, stated: InstalmentSpec) -> Json:
    payload: Json = {
        "due": stated.due.isoformat() if stated.due else None,
        "stated": stated.stated,
        "firmness": spec.firmness,
        "lead_days": plan.lead_days,
        "sides": plan.sides,
        "withdrawn": spec.withdrawn,
    }
    if plan.until:
        payload["plan_until"] = plan.until
    if spec.condition:
        payload["condition"] = spec.condition
    if spec.condition_ref:
        payload["condition_ref"] = spec.condition_ref
    return payload


def _label_instalment(number: int, ref: str) -> str:
    contribution = make_label("contribution", ref)
    return _("instalment %(number)s of %(what)s") % {"number": number, "what": contribution}


def _delete_missing_purposes(load: PlanLoad, fund: Fund, spec: FundSpec) -> None:
    codes = [purpose.code for purpose in spec.purposes]
    spent = load.plan.entries.filter(kind="spent")
    for purpose in fund.purposes.exclude(code__in=codes):
        if spent.filter(words=purpose.code).exists():
            load.add_error(1, _("purpose %(id)s is missing: entries name it"), id=purpose.code)
        else:
            remove_row(load, purpose, make_label("purpose", purpose))


def _load_reported(load: PlanLoad, fund: Fund, rows: list[Reported], label: str) -> None:
    """Load the reported figures. They have no key of their own, so that all are replaced where any
    differs.
    """
    stored = [_content_of(row) for row in fund.reported.all()]
    if stored == [_content_of(row) for row in rows]:
        return
    fund.reported.all().delete()
    for row in rows:
        row.fund = fund
    Reported.objects.bulk_create(rows)
    load.add_change(_("reported figures of %(what)s: %(count)s"), what=label, count=len(rows))


def _content_of(row: Reported) -> tuple[object, ...]:
    return row.currency, row.amount, row.by, row.on, row.words, row.source


def _withdraw_missing_contributions(load: PlanLoad, funds: list[FundSpec]) -> None:
    refs = [contribution.row.ref for fund in funds for contribution in fund.contributions]
    for contribution in load.plan.contributions.exclude(ref__in=refs):
        for instalment in contribution.instalments.all():
            withdraw_obligation(load, instalment, make_label("contribution", contribution.ref))


def _refuse_missing_funds(load: PlanLoad, funds: list[FundSpec]) -> None:
    if load.spec.withdrawn:
        return
    for fund in load.plan.funds.exclude(code__in=[spec.row.code for spec in funds]):
        load.add_error(1, _("fund %(id)s is missing: a fund of a plan stays"), id=fund.code)
