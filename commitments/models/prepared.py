"""Queries that pages ask again and again, with other values: built once, then only filled in.

Django builds and compiles a query anew each time, which takes longer than the database takes to
answer it. Here a queryset is compiled once for each shape, with a `Slot` wherever a value will
stand:

    @prepared
    def _overdue(inside: bool):
        return Standing.objects.filter(plan=Slot("plan")).on(Slot("day"), Lens.THEN)

    rows = _overdue(page.inside)(plan=page.plan.pk, day=page.on)

Only what changes the SQL is an argument of the shape; everything else is a slot. The rows come as a
list.
"""

from collections.abc import Callable
from copy import copy
from datetime import date, datetime
from functools import cached_property, lru_cache, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, QuerySet

SHAPES = 256  # of each query; what is asked for rarely makes room


class Slot(Expression):
    """Where a value will stand, by its name; in filters and in annotations."""

    def __init__(self, name: str, output_field: Any = None) -> None:
        super().__init__(output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class Prepared:
    """A queryset with slots; called with their values it gives the rows."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self.queryset = queryset

    def __call__(self, **values: Any) -> list[Any]:
        compiler, sql, params = self._compiled
        if compiler is None:
            return []
        adapted = {name: _adapted(value) for name, value in values.items()}
        bound = [adapted[param.name] if isinstance(param, Slot) else param for param in params]
        return list(self._filled(copy(compiler), sql, bound))

    @cached_property
    def _compiled(self) -> tuple[Any, str, tuple[Any, ...]]:
        # compiling moves the query's joins about, and other threads may do so now; `connection` is
        # each thread's own, so that none stays open for what is kept here
        compiler = self.queryset.query.clone().get_compiler(connection=connection)
        try:
            return compiler, *compiler.as_sql()
        except EmptyResultSet:
            return None, "", ()

    @cached_property
    def _converters(self) -> dict[int, Any]:
        """Of the columns that the database does not give as they are wanted, by their place."""
        compiler = self._compiled[0]
        found: dict[int, Any] = compiler.get_converters(
            [column[0] for column in compiler.select[: compiler.col_count]]
        )
        return found

    def _filled(self, compiler: Any, sql: str, params: list[Any]) -> QuerySet[Any]:
        """The queryset as it was built, with a compiler that has compiled already."""
        compiler.as_sql = lambda *args, **kwargs: (sql, params)
        compiler.get_converters = lambda expressions: self._converters
        query: Any = copy(self.queryset.query)
        query.get_compiler = lambda *args, **kwargs: compiler
        found: Any = type(self.queryset)(self.queryset.model, query)
        for name in (
            "_iterable_class",
            "_fields",
            "_prefetch_related_lookups",
            "_known_related_objects",
        ):
            setattr(found, name, getattr(self.queryset, name))
        return found  # type: ignore[no-any-return]


def prepared(build: Callable[..., QuerySet[Any]]) -> Callable[..., Prepared]:
    """Makes of a function that builds a queryset one that gives it prepared, once for each shape."""

    @wraps(build)
    def shaped(*shape: Any) -> Prepared:
        return Prepared(build(*shape))

    return lru_cache(maxsize=SHAPES)(shaped)


def _adapted(value: Any) -> Any:
    """As a field would hand it to the database."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value
