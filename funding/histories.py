"""How the history of an instalment is made of what the register holds."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from commitments.register.recorded_terms import Payload
from commitments.rules.actions import ActionHistory
from commitments.rules.events import Event
from commitments.rules.plan_term import PlanTerm
from commitments.rules.terms import AlteredTerms, versions_of
from funding.rules import InstalmentHistory, MoneyTerms


def money_terms(payload: Payload) -> MoneyTerms:
    """The terms of an instalment as the register holds them."""
    due = None
    if payload["due"]:
        due = date.fromisoformat(payload["due"])
    return MoneyTerms(
        due=due,
        stated=tuple((currency, Decimal(amount)) for currency, amount in payload["stated"]),
        firmness=payload["firmness"],
        condition=payload.get("condition") or "",
        condition_ref=payload.get("condition_ref") or "",
        lead_days=payload["lead_days"],
        plan_until=payload.get("plan_until") or "",
        sides=tuple(payload.get("sides") or ()),
        withdrawn=payload["withdrawn"],
    )


def instalment_history(
    altered: Sequence[AlteredTerms],
    events: Sequence[Event],
    others: Mapping[str, ActionHistory],
    plan_term: PlanTerm,
) -> InstalmentHistory:
    return InstalmentHistory(versions_of(altered, money_terms), events, others, plan_term)
