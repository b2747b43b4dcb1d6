"""The opening of a plan: before it files load the past, afterwards nothing is recorded for a day
that has passed.
"""

import secrets
from datetime import datetime

from django.db import transaction

from commitments.models import Entry, Plan
from commitments.register.entries import append
from commitments.register.entry_types import OPENED
from commitments.register.services import draft_now


def find_opening(plan: Plan) -> Entry | None:
    """The entry that opened the plan."""
    return Entry.objects.filter(plan=plan, kind=OPENED).first()


@transaction.atomic
def open_plan(plan: Plan, *, by: int | None, now: datetime) -> Entry | None:
    """Open the plan for good; returns None, and changes nothing, where it is open already."""
    Plan.objects.lock(plan)
    if find_opening(plan) is not None:
        return None
    draft = draft_now(plan, now, kind=OPENED, code=f"opened-{secrets.token_hex(12)}")
    (opening,) = append(plan, [draft], by=by, now=now)
    return opening
