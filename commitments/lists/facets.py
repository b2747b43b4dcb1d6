"""How many actions each choice of a filter would show, given the other filters in use.

A reader sees these numbers beside the choices, so each filter costs one grouped query.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from commitments.lists.filters import ATTENTION, ActionFilter

Counts = Mapping[str, int]


@dataclass(frozen=True)
class CountedChoice:
    """The label of a choice, and the number of actions that it would show."""

    label: Any
    count: int

    def __str__(self) -> str:
        return f"{self.label} ({self.count})"


def label_choices_with_counts(actions: ActionFilter) -> None:
    for name, counts in count_choices(actions).items():
        field: Any = actions.form.fields[name]
        field.choices = [
            (code, CountedChoice(label, counts.get(str(code), 0)))
            for code, label in actions.filters[name].extra["choices"]
        ]


def count_choices(actions: ActionFilter) -> dict[str, Counts]:
    """For each filter the number of actions by choice."""
    side_of = {body.code: body.side for body in actions.bodies}
    by_body = _count_by_bodies(actions.rows_without("body"), {code: code for code in side_of})
    by_side = _count_by_bodies(actions.rows_without("side"), side_of)
    return {
        "state": _count_by(actions.rows_without("state"), "state"),
        "commitment": _count_by(
            actions.rows_without("commitment"), "obligation__commitment__number"
        ),
        "side": by_side,
        "body": by_body,
        "modality": _count_by(actions.rows_without("modality"), "modality"),
        "attention": _count_attention(actions.rows_without("attention")),
        "scored": {"1": actions.rows_without("scored").filter(scored=True).count()},
    }


def _count_by(standings: QuerySet[Any], field: str) -> Counts:
    grouped = standings.order_by().values_list(field).annotate(Count("pk"))
    return {str(value): count for value, count in grouped}


def _count_attention(standings: QuerySet[Any]) -> Counts:
    return standings.aggregate(
        **{code: Count("pk", filter=attention.condition) for code, attention in ATTENTION.items()}
    )


def _count_by_bodies(standings: QuerySet[Any], group_of: Mapping[str, str]) -> Counts:
    """Actions by a group of bodies that lead or join them; a group counts an action once."""
    counts: Counter[str] = Counter()
    for parties, count in _count_by(standings, "obligation__action__parties").items():
        for group in {group_of[code] for code in parties.split()}:
            counts[group] += count
    return counts
