"""How long the overview's standings lookup takes at 33, 3,300 and 33,000 actions with ten entries each.

Run as `python -m tests.bench.lookup` with DATABASE_URL naming a scratch database that may be filled.
Ratios of medians, the sizes visited in turn, so that a noisy machine disturbs all alike.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
os.environ.setdefault("SECRET_KEY", "only-for-measuring-on-this-machine-and-nothing-else")

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.db.models import Count

from actionplan import plan_loading, samples
from commitments import entries_file
from commitments.facts import Lens
from commitments.models import Action, Obligation, Plan, Standing
from commitments.states import State
from tests.generated import blank

SIZES = (1, 100, 1000)  # times the 33 actions of the Calais plan
ROUNDS = 9
ON = date(2015, 1, 12)


def calais() -> Plan:
    """The Calais plan with ten reports on each action."""
    now = datetime(2015, 1, 12, 9, tzinfo=UTC)
    slug = plan_loading.load(samples.PLAN_FILE.read_bytes(), now=now).slug
    plan = Plan.objects.get(slug=slug)
    rows = [blank()]
    for action in Action.objects.filter(plan=plan):
        for number in range(10):
            day = (date(2014, 9, 25) + timedelta(days=10 * number)).isoformat()
            cells = {"id": f"{action.ref}-{number}", "ref": action.ref, "kind": "progress", "side": "GB"}
            rows.append(blank(effective=day, recorded=day, **cells))
    text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows[1:])])
    entries_file.load(plan, text.encode(), now=now, by=None)
    return plan


def enlarged(plan: Plan, times: int) -> Plan:
    """A plan with the same standings so many times over, laid by the database itself."""
    if times == 1:
        return plan
    copied = {f.name: getattr(plan, f.name) for f in Plan._meta.fields if f.name not in ("id", "slug")}
    large = Plan.objects.create(slug=f"x{times}", **copied)
    commitment = plan.commitments.create(number=1000 + times, title={"en": "many", "fr": "beaucoup"})
    commitment.plan = large
    commitment.save()
    columns = ", ".join(f.column for f in Standing._meta.fields if f.column not in ("id", "plan_id", "obligation_id"))
    counter = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM commitments_obligation")
        (top,) = cursor.fetchone()
        shift = f"{top} * n.i"
        cursor.execute(
            f"INSERT INTO commitments_obligation (id, plan_id, commitment_id, ref, instalment) {counter}"
            f"SELECT o.id + {shift}, %s, %s, o.ref || '-' || n.i, o.instalment FROM commitments_obligation o, n "
            "WHERE o.plan_id = %s",
            [times, large.pk, commitment.pk, plan.pk],
        )
        cursor.execute(
            f"INSERT INTO commitments_standing (plan_id, obligation_id, {columns}) {counter}"
            f"SELECT %s, s.obligation_id + {shift}, {columns} FROM commitments_standing s, n WHERE s.plan_id = %s",
            [times, large.pk, plan.pk],
        )
        cursor.execute("ANALYZE")
    return large


def lookup(plan: Plan) -> int:
    """What the overview asks: scored actions by commitment and state on a day."""
    rows = Standing.objects.filter(plan=plan, scored=True).on(ON, Lens.THEN).actions()
    return len(rows.values("obligation__commitment__number", "state").annotate(count=Count("pk")).order_by())


def page(plan: Plan) -> int:
    """What the list asks: the most pressing 25."""
    rows = Standing.objects.filter(plan=plan, state=State.OVERDUE).on(ON, Lens.THEN).order_by("anchor")
    return len(rows.select_related("obligation")[:25])


def milliseconds(ask: Callable[[Plan], int], plan: Plan) -> float:
    start = time.perf_counter()
    ask(plan)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    call_command("migrate", verbosity=0)
    first = calais()
    plans = [enlarged(first, times) for times in SIZES]
    taken: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS):
        for plan in plans if turn % 2 else reversed(plans):
            for ask in (lookup, page):
                taken.setdefault((ask.__name__, plan.pk), []).append(milliseconds(ask, plan))
    print(f"{connection.vendor}, Python {sys.version.split()[0]}, medians of {ROUNDS} interleaved rounds")
    print("| actions | standings | lookup ms | × 33 | 25 most pressing ms | × 33 |\n|---|---|---|---|---|---|")
    base = {name: statistics.median(taken[name, first.pk]) for name in ("lookup", "page")}
    for plan in plans:
        actions = Obligation.objects.filter(plan=plan, instalment=0).count()
        figures = [statistics.median(taken[name, plan.pk]) for name in ("lookup", "page")]
        cells = [f"{value:.2f} | {value / base[name]:.1f}" for name, value in zip(base, figures, strict=True)]
        print(f"| {actions} | {Standing.objects.filter(plan=plan).count()} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
