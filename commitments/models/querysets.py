"""Queries that read like sentences; permission is one method a model."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, models

from commitments.rules.events import Perspective


def insert(
    model: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str = ""
) -> int:
    """Rows as the database takes them, without a model for each: a third of the time; gives how
    many it took.
    """
    return sum(cursor.rowcount for cursor in _inserted(model, columns, rows, then))


def _inserted(
    model: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str
) -> Iterator[Any]:
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(map(quote, columns))})"
    place = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for some in (rows[start : start + 1000] for start in range(0, len(rows), 1000)):
            places = ", ".join([place] * len(some))
            cursor.execute(
                f"INSERT INTO {into} VALUES {places} {then}",  # noqa: S608
                [value for row in some for value in row],
            )
            yield cursor


def remove(model: Any, keys: Sequence[int]) -> None:
    """Rows that no other row refers to."""
    table, name = (
        connection.ops.quote_name(text) for text in (model._meta.db_table, model._meta.pk.column)
    )
    if not keys:
        return
    with connection.cursor() as cursor:
        for some in (keys[start : start + 500] for start in range(0, len(keys), 500)):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(f"DELETE FROM {table} WHERE {name} IN ({places})", list(some))  # noqa: S608


# commitment, lens, name, day
Key = tuple[int, str, str, date]


class StandingQuerySet(models.QuerySet[Any]):
    def on(self, day: Any, lens: Perspective) -> "StandingQuerySet":
        """The one stretch of each obligation that holds the day."""
        return self.filter(lens=lens.value, from_day__lte=day, to_day__gt=day)

    def actions(self) -> "StandingQuerySet":
        """An instalment belongs to no commitment."""
        return self.filter(commitment__isnull=False)


class TallyQuerySet(models.QuerySet[Any]):
    def until(self, plan: Any, day: Any, lens: Perspective) -> "TallyQuerySet":
        """All that makes up the counts of a day."""
        return self.filter(plan=plan, lens=lens.value, day__lte=day)

    def add(self, plan: Any, changes: Mapping[Key, int]) -> None:
        """Add to what is there."""
        columns = ["plan_id", "commitment_id", "lens", "name", "day", "change"]
        rows = [(plan.pk, *key, change) for key, change in sorted(changes.items()) if change]
        added = f"{connection.ops.quote_name(self.model._meta.db_table)}.change + excluded.change"
        conflict = "ON CONFLICT (plan_id, lens, day, commitment_id, name) DO UPDATE SET change = "
        insert(self.model, columns, rows, conflict + added)


class FlagQuerySet(models.QuerySet[Any]):
    def standing_or_cleared(self, day: Any) -> "FlagQuerySet":
        """What had been noticed by the day, the newest first."""
        return self.filter(noticed__lte=day).order_by("-since", "kind")
