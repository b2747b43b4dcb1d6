"""Hands the rule for instalments to the register's standings."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.register.standings import Loaded
from commitments.rules.events import Event, TermsVersion
from funding.rules import InstalmentHistory, MoneyTerms


def money_terms(payload: dict[str, Any]) -> MoneyTerms:
    due = payload["due"]
    return MoneyTerms(
        due=date.fromisoformat(due) if due else None,
        stated=tuple((currency, Decimal(amount)) for currency, amount in payload["stated"]),
        firmness=payload["firmness"],
        lead_days=payload["lead_days"],
        withdrawn=payload["withdrawn"],
    )


def history(terms: Sequence[Loaded], events: Sequence[Event]) -> InstalmentHistory:
    versions = [TermsVersion(loaded.since, money_terms(loaded.terms)) for loaded in terms]
    return InstalmentHistory(versions, events)
