"""Hands the rule for instalments to the register's standings."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.facts import Fact, Version
from commitments.models import Entry
from commitments.standings import since_of
from funding.rule import InstalmentHistory, MoneyTerms


def money_terms(payload: dict[str, Any]) -> MoneyTerms:
    due = payload["due"]
    return MoneyTerms(
        due=date.fromisoformat(due) if due else None,
        stated=tuple((currency, Decimal(amount)) for currency, amount in payload["stated"]),
        firmness=payload["firmness"],
        lead_days=payload["lead_days"],
        withdrawn=payload["withdrawn"],
    )


def history(terms: Sequence[Entry], facts: Sequence[Fact]) -> InstalmentHistory:
    versions = [Version(since_of(entry), money_terms(entry.terms or {})) for entry in terms]
    return InstalmentHistory(versions, facts)
