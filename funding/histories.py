"""How the history of an instalment is made of what the register holds."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from commitments.register.histories import Payload
from commitments.rules.events import Event, TermsVersion
from funding.rules import InstalmentHistory, MoneyTerms


def money_terms(payload: Payload) -> MoneyTerms:
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
    recorded: Sequence[TermsVersion[Payload]], events: Sequence[Event]
) -> InstalmentHistory:
    versions = [TermsVersion(version.since, money_terms(version.terms)) for version in recorded]
    return InstalmentHistory(versions, events)
