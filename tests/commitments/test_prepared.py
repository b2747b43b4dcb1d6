"""A prepared query answers as the queryset that it was made of, with one compilation for all
values.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.test.utils import CaptureQueriesContext

from actionplan.local import samples
from commitments.models import Commitment, Entry, Plan, Standing
from commitments.models.prepared import Slot, prepared
from commitments.rules.events import Perspective

pytestmark = pytest.mark.sqlite
DAYS = (date(2014, 9, 20), date(2014, 12, 1), date(2015, 1, 12))
# each builds a queryset for a plan and a day, with values or with slots
BUILDERS: dict[str, Callable[[Any, Any], QuerySet[Any]]] = {
    "rows with related rows": lambda plan, day: (
        Standing.objects.filter(plan=plan)
        .on(day, Perspective.AS_KNOWN_THEN)
        .actions()
        .select_related("obligation__action", "obligation__commitment")
        .order_by("obligation__action__position", "pk")
    ),
    "tuples": lambda plan, day: (
        Entry.objects.filter(plan=plan, recorded_day__lte=day)
        .order_by("number")
        .values_list("number", "terms", "kind")
    ),
    "single values": lambda plan, day: (
        Entry.objects.filter(Q(recorded_day=day) | Q(first_day__lt=day), plan=plan)
        .order_by("-number")
        .values_list("hash", flat=True)[:5]
    ),
    "rows by name": lambda plan, day: (
        Standing.objects.filter(plan=plan)
        .on(day, Perspective.AS_KNOWN_NOW)
        .values("state")
        .annotate(n=Count("pk"))
        .order_by("state")
    ),
    "a subquery": lambda plan, day: (
        Commitment.objects.filter(plan=plan)
        .annotate(
            newest=Subquery(
                Entry.objects.filter(obligation__commitment=OuterRef("pk"), recorded_day__lte=day)
                .order_by("-number")
                .values("number")[:1]
            )
        )
        .order_by("number")
    ),
    "rows fetched beside": lambda plan, day: Commitment.objects.prefetch_related("aims").filter(
        plan=plan
    ),
    "nothing": lambda plan, day: Entry.objects.none(),
}
DETAILS: dict[str, Callable[[Any], Any]] = {
    "rows with related rows": lambda row: (
        row.pk,
        row.state,
        row.figures,
        row.action.title,
        row.obligation.commitment,
    ),
    "a subquery": lambda row: (row.pk, row.title, row.newest),
    "rows fetched beside": lambda row: (row.pk, list(row.aims.all())),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_prepared_query_gives_what_its_queryset_gives(calais: Plan, name: str) -> None:
    samples.load_samples(calais)
    build, told = BUILDERS[name], DETAILS.get(name, lambda row: row)
    query = prepared(lambda: build(Slot("plan"), Slot("day")))()
    for day in DAYS:
        assert [told(row) for row in query(plan=calais.pk, day=day)] == [
            told(row) for row in build(calais, day)
        ]


def test_a_prepared_query_is_built_once_for_each_shape(calais: Plan) -> None:
    built = []

    @prepared
    def of_kind(kind: str) -> QuerySet[Any]:
        built.append(kind)
        return Entry.objects.filter(kind=kind, plan=Slot("plan"))

    with CaptureQueriesContext(connection) as asked:
        first, again = (of_kind("terms")(plan=calais.pk) for _ in range(2))
        of_kind("plan")(plan=calais.pk)
    assert built == ["terms", "plan"]
    assert len(asked) == 3
    assert first == again != []


def test_a_value_that_is_left_out_is_no_value(calais: Plan) -> None:
    query = prepared(lambda: Entry.objects.filter(plan=Slot("plan")))()
    with pytest.raises(KeyError, match="plan"):
        query(day=DAYS[0])
