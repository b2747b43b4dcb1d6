"""What the filters of the list let through: the rows of a page, and how many each further choice
would show.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, QuerySet
from django.utils.html import format_html

from commitments.lists.filters import ATTENTION, ActionFilter, order_by_urgency
from commitments.models import Standing
from commitments.models.prepared import Slot, prepared
from commitments.pages.page import actions_on
from commitments.rules.events import Perspective

# where a standing has what the choices of a filter ask for
PATHS = {
    "state": "state",
    "commitment": "obligation__commitment__number",
    "modality": "modality",
    "scored": "scored",
    "parties": "obligation__action__parties",
}
# the filters whose choices are counted
COUNTED = ("state", "commitment", "modality", "scored", "attention", "side", "body")


class Narrowed:
    """What the filters of a reader let through."""

    def __init__(self, found: ActionFilter) -> None:
        self.found, self.page, self.asked = found, found.page, found.asked
        self.sides = {code: side for code, _name, side in found.bodies}

    def rows(self, order: Sequence[str], first: int, size: int) -> list[Standing]:
        """So many of those shown, in this order."""
        shape, slots = shaped(self.asked)
        query = _rows(self.page.inside, self.page.lens, shape, tuple(order), first, size)
        return query(**self.page.slots, **slots)

    def count_choices(self) -> int:
        """Each choice says how many actions it would show, given the other filters; gives how many
        are shown.
        """
        columns, numbers = self._read()
        matches = {name: self._matches(name, columns) for name in COUNTED if name in self.asked}
        for name in COUNTED:
            others = [match for other, match in matches.items() if other != name]
            weights = _weights(numbers, others)
            counts = (
                _sums(columns[name], weights)
                if name in columns
                else self._sums_of(name, columns, weights)
            )
            field: Any = self.found.form.fields[name]
            field.choices = [
                (code, _counted(name, str(code), label, counts.get(str(code), 0)))
                for code, label in self.found.filters[name].extra["choices"]
            ]
        return sum(_weights(numbers, list(matches.values())))

    def _read(self) -> tuple[dict[str, Sequence[Any]], Sequence[int]]:
        """The actions by what they are, column by column, and how many are so: each filter's
        choices are made of it.
        """
        left = {name: value for name, value in self.asked.items() if name not in COUNTED}
        shape, slots = shaped(left)
        rows = _kinds(self.page.lens, shape)(**self.page.slots, **slots)
        names = (*PATHS, *ATTENTION)
        *columns, numbers = zip(*rows, strict=True) if rows else [()] * (len(names) + 1)
        found = dict(zip(names, columns, strict=True))
        return found | {
            "commitment": [str(number) for number in found["commitment"]],
            "scored": ["1" if scored else "" for scored in found["scored"]],
        }, numbers

    def _matches(self, name: str, columns: Mapping[str, Sequence[Any]]) -> list[bool]:
        value = self.asked[name]
        wanted = {str(item) for item in (value if isinstance(value, list) else [value])}
        if name == "attention":
            return [bool(flag) for code in wanted for flag in columns[code]]
        if name in columns:
            return [item in wanted for item in columns[name]]
        held = {text: wanted <= _held(name, text, self.sides) for text in set(columns["parties"])}
        return [held[text] for text in columns["parties"]]

    def _sums_of(
        self, name: str, columns: Mapping[str, Sequence[Any]], weights: Sequence[int]
    ) -> dict[str, int]:
        if name == "attention":
            return {code: sum(compress(weights, columns[code])) for code in ATTENTION}
        found: Counter[str] = Counter()
        for text, count in _sums(columns["parties"], weights).items():
            found.update(dict.fromkeys(_held(name, text, self.sides), count))
        return found


def _weights(numbers: Sequence[int], matches: Sequence[Sequence[bool]]) -> Sequence[int]:
    """The numbers of what all of these let through."""
    if not matches:
        return numbers
    return [number if all(let) else 0 for number, *let in zip(numbers, *matches, strict=True)]


def _sums(column: Sequence[str], weights: Sequence[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value, weight in zip(column, weights, strict=True):
        found[value] = found.get(value, 0) + weight
    return found


def _held(name: str, parties: str, sides: Mapping[str, str]) -> set[str]:
    """The bodies that lead or join, or their sides: each counts an action once."""
    codes = set(parties.split())
    return codes if name == "body" else {sides[code] for code in codes}


def shaped(asked: Mapping[str, Any]) -> tuple[tuple[tuple[str, Any], ...], dict[str, Any]]:
    """What of the filters in use makes another query, and the values that do not."""
    shape: list[tuple[str, Any]] = []
    slots: dict[str, Any] = {}
    for name, value in asked.items():
        if isinstance(value, list):
            shape.append((name, len(value)))
            slots |= {f"{name}{place}": item for place, item in enumerate(value)}
        elif name == "attention":
            shape.append((name, value))
        else:
            shape.append((name, None))
            slots[name] = value
    return tuple(shape), slots


def _narrowed(rows: QuerySet[Any], shape: Iterable[tuple[str, Any]]) -> QuerySet[Any]:
    asked = {
        name: [Slot(f"{name}{place}") for place in range(value)]
        if isinstance(value, int)
        else Slot(name)
        if value is None
        else value
        for name, value in shape
    }
    return ActionFilter().narrow(rows, asked)


@prepared
def _rows(
    inside: bool,
    lens: Perspective,
    shape: Sequence[tuple[str, Any]],
    order: Sequence[str],
    first: int,
    size: int,
) -> QuerySet[Standing]:
    """Sorted by their keys alone, since a whole plan is sorted for one page of it."""
    rows = _narrowed(actions_on(inside, lens, Slot("plan"), Slot("on")), shape)
    chosen = order_by_urgency(rows).order_by(*order).values("pk")[first : first + size]
    found = order_by_urgency(Standing.objects.filter(pk__in=chosen))
    return found.order_by(*order).select_related("obligation__action")


@prepared
def _kinds(lens: Perspective, shape: Sequence[tuple[str, Any]]) -> Any:
    notices = {
        f"is_{code}": ExpressionWrapper(kind.where, BooleanField())
        for code, kind in ATTENTION.items()
    }
    rows = _narrowed(actions_on(True, lens, Slot("plan"), Slot("on")), shape).annotate(**notices)
    return (
        rows.order_by()
        .values(*PATHS.values(), *notices)
        .annotate(n=Count("pk"))
        .values_list(*PATHS.values(), *notices, "n")
    )


def _counted(name: str, code: str, label: Any, count: int) -> str:
    if name == "state":
        return format_html(
            '<span class="shape state-{}">{}</span> <small>{}</small>', code, label, count
        )
    return f"{label} ({count})"
