"""The plans that a reader may see, one row each."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from actionplan.overview.priorities import MONTH_AHEAD
from commitments import clock
from commitments.lists.filters import falls_due_by
from commitments.models import Plan, Standing
from commitments.rules.events import Perspective
from commitments.rules.states import SATISFIED, State


@dataclass(frozen=True)
class PlanRow:
    """A plan with the counts of its scored actions on its own today."""

    plan: Plan
    today: date
    actions: int
    overdue: int
    due: int
    met: int


@never_cache
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """All plans that the reader may see."""
    readable = list(Plan.objects.visible_to(request.user))
    if not readable and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return render(request, "actionplan/plans.html", {"rows": [_row(plan) for plan in readable]})


def _row(plan: Plan) -> PlanRow:
    today = clock.today(plan.timezone)
    standings = Standing.objects.filter(plan=plan, scored=True)
    standings = standings.on(today, Perspective.AS_KNOWN_THEN).actions()
    states = Counter(standings.values_list("state", flat=True))
    return PlanRow(
        plan=plan,
        today=today,
        actions=states.total(),
        overdue=states[State.OVERDUE],
        due=standings.filter(falls_due_by(today + MONTH_AHEAD)).count(),
        met=sum(states[state] for state in SATISFIED),
    )
