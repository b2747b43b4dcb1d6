"""What a file would change: it is loaded for real, looked at, and taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from commitments.models import Plan, Standing
from commitments.rules.events import Perspective


@dataclass(frozen=True)
class StateChange:
    """An action or instalment whose state would be another; `before` is empty for a new one."""

    name: str
    before: str
    after: str


@contextmanager
def preview_changes(
    plan: Plan | None, on: date, perspective: Perspective
) -> Iterator[list[StateChange]]:
    """Roll back at the end whatever is written inside the block. The list then has the states on
    this day that would change; it is empty for a plan that is new.
    """
    changes: list[StateChange] = []
    with transaction.atomic():
        before = _states_on(plan, on, perspective)
        yield changes
        after = _states_on(plan, on, perspective)
        for name, state in after.items():
            if state != before.get(name):
                changes.append(StateChange(name, before.get(name, ""), state))
        transaction.set_rollback(True)


def _states_on(plan: Plan | None, on: date, perspective: Perspective) -> dict[str, str]:
    if plan is None:
        return {}
    standings = Standing.objects.filter(plan=plan).on(on, perspective)
    return {
        str(standing.obligation): standing.state
        for standing in standings.select_related("obligation")
    }
