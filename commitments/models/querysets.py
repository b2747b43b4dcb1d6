"""Queries that read like sentences; permission is one method a model."""

from collections.abc import Iterator, Sequence
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


class StandingQuerySet(models.QuerySet[Any]):
    def on(self, day: date, perspective: Perspective) -> "StandingQuerySet":
        """The one stretch of each obligation that holds the day."""
        return self.filter(lens=perspective.value, from_day__lte=day, to_day__gt=day)

    def actions(self) -> "StandingQuerySet":
        """An instalment belongs to no commitment."""
        return self.filter(commitment__isnull=False)


class FlagQuerySet(models.QuerySet[Any]):
    def standing_or_cleared(self, day: Any) -> "FlagQuerySet":
        """What had been noticed by the day, the newest first."""
        return self.filter(noticed__lte=day).order_by("-since", "kind")
