"""How the history of an instalment is made of what the register holds."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.register.histories import RecordedTerms
from commitments.rules.events import Event, TermsVersion
from funding.rules import InstalmentHistory, MoneyTerms


def money_terms(payload: Mapping[str, Any]) -> MoneyTerms:
    """The terms of an instalment from the entry that holds them."""
    due = None
    if payload["due"]:
        due = date.fromisoformat(payload["due"])
    return MoneyTerms(
        due=due,
        stated=tuple((currency, Decimal(amount)) for currency, amount in payload["stated"]),
        firmness=payload["firmness"],
        lead_days=payload["lead_days"],
        withdrawn=payload["withdrawn"],
    )


def instalment_history(
    recorded: Sequence[RecordedTerms], events: Sequence[Event]
) -> InstalmentHistory:
    versions = [TermsVersion(one.since, money_terms(one.payload)) for one in recorded]
    return InstalmentHistory(versions, events)
