"""The funds of a read plan file become rows, and the terms of each instalment entries of the
register.
"""

from typing import Any

from django.utils.translation import gettext as _

from commitments.files.plan_loader import Loading, Wanted, remove, update
from commitments.files.toml import named
from funding.models import Contribution, Fund, Instalment, Purpose, Reported
from funding.plan_schema import ContributionSpec, FundSpec


def load_funds(loading: Loading, funds: list[FundSpec]) -> None:
    plan = loading.plan
    for position, spec in enumerate(funds):
        fund = plan.funds.filter(code=spec.code).first() or Fund(plan=plan, code=spec.code)
        values = {
            "commitment_id": plan.commitments.get(number=spec.commitment).pk,
            "title": spec.title,
            "manager": spec.manager,
            "interpretations": spec.interpretations,
            "position": position,
        }
        update(loading, fund, values, named("fund", spec.code))
        for place, contribution in enumerate(spec.contributions):
            _load_contribution(loading, fund, contribution, place)
        _load_purposes(loading, fund, spec)
        _load_reported(loading, fund, spec)
    _vanished(loading, funds)


def _load_contribution(loading: Loading, fund: Fund, spec: ContributionSpec, position: int) -> None:
    plan = loading.plan
    row = plan.contributions.filter(ref=spec.ref).first() or Contribution(plan=plan, ref=spec.ref)
    values = {
        "fund_id": fund.pk,
        "side": spec.side,
        "words": spec.words,
        "interpretations": spec.interpretations,
        "position": position,
    }
    what = named("contribution", spec.ref)
    update(loading, row, values, what)
    for number, (due, stated) in enumerate(spec.instalments, 1):
        found = row.instalments.filter(instalment=number).first()
        found = found or Instalment(plan=plan, contribution=row, ref=spec.ref, instalment=number)
        update(loading, found, {"commitment_id": fund.commitment_id}, _instalment(number, what))
        payload: dict[str, Any] = {
            "due": due.isoformat() if due else None,
            "stated": stated,
            "firmness": spec.firmness,
            "lead_days": loading.spec.lead_days,
            "withdrawn": spec.withdrawn,
        }
        loading.wanted.append(Wanted(found, payload, spec.line))
    for extra in row.instalments.filter(instalment__gt=len(spec.instalments)):
        remove(loading, extra, _instalment(extra.instalment, what))


def _instalment(number: int, what: str) -> str:
    return _("instalment %(number)s of %(what)s") % {"number": number, "what": what}


def _load_purposes(loading: Loading, fund: Fund, spec: FundSpec) -> None:
    for position, purpose in enumerate(spec.purposes):
        row = fund.purposes.filter(code=purpose.code).first() or Purpose(
            fund=fund, code=purpose.code
        )
        values = {"title": purpose.title, "actions": purpose.actions, "position": position}
        update(loading, row, values, named("purpose", purpose.code))
    used = set(loading.plan.entries.filter(kind="spent").values_list("words", flat=True))
    for gone in fund.purposes.exclude(code__in=[purpose.code for purpose in spec.purposes]):
        if gone.code in used:
            loading.error(1, _("purpose %(id)s is missing: entries name it"), id=gone.code)
        else:
            gone.delete()
            loading.change(_("%(what)s: removed"), what=named("purpose", gone.code))


def _load_reported(loading: Loading, fund: Fund, spec: FundSpec) -> None:
    """Reported figures carry no key of their own, so they are laid anew where they differ."""
    wanted = [
        Reported(fund=fund, position=position, **vars(reported))
        for position, reported in enumerate(spec.reported)
    ]
    if [_content(row) for row in wanted] != [_content(row) for row in fund.reported.all()]:
        fund.reported.all().delete()
        Reported.objects.bulk_create(wanted)
        said = _("reported figures of %(what)s: %(count)s")
        loading.change(said, what=named("fund", fund.code), count=len(wanted))


def _content(row: Reported) -> tuple[Any, ...]:
    return f"{row.currency} {float(row.amount):.2f}", row.by, row.on, row.words, row.source


def _vanished(loading: Loading, funds: list[FundSpec]) -> None:
    plan = loading.plan
    kept = {contribution.ref for fund in funds for contribution in fund.contributions}
    for gone in plan.contributions.exclude(ref__in=kept):
        for instalment in gone.instalments.all():
            remove(loading, instalment, named("contribution", gone.ref))
    for missing in plan.funds.exclude(code__in=[fund.code for fund in funds]):
        if not loading.spec.withdrawn:
            loading.error(1, _("fund %(id)s is missing: a fund of a plan stays"), id=missing.code)
