"""The seal: one entry covers what entries of the first form left out of their hashes.

It is written once no process of the version before writes any more.
"""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from commitments.models import Entry, Evidence, Plan, SignedText
from commitments.register.entries import (
    Draft,
    append,
    civil_day,
    give_digest_of_name,
    head_of,
)
from commitments.register.hash_chain import SEALED, describe_first_form, signed_text_digest
from commitments.register.signed_texts import recorded_digest


def is_unsealed(plan: Plan) -> bool:
    """Whether entries of the first form stand after the last seal, or without one."""
    return _unsealed_entries(plan).exists()


def _unsealed_entries(plan: Plan) -> QuerySet[Entry]:
    seals = Entry.objects.filter(plan=plan, kind=SEALED).order_by("number")
    last_seal = seals.values_list("number", flat=True).last() or 0
    return Entry.objects.filter(plan=plan, form=None, number__gt=last_seal)


@transaction.atomic
def seal(plan: Plan, now: datetime) -> Entry | None:
    """Seal what stands before in the register; None where all of that is sealed already."""
    Plan.objects.lock(plan)
    plan = Plan.objects.get(pk=plan.pk)
    unsealed = _unsealed_entries(plan)
    head = head_of(plan)
    if head is None or not unsealed.exists():
        return None
    for file in Evidence.objects.filter(entry__in=unsealed, name_digest="").exclude(name=""):
        give_digest_of_name(file)
        file.save(update_fields=["salt", "name_digest"])
    known_digest = recorded_digest(plan)
    digest = signed_text_digest(plan.signed_text) if known_digest is None else known_digest
    draft = Draft(
        kind=SEALED,
        code=f"sealed-{secrets.token_hex(12)}",
        effective=civil_day(now, plan.timezone).isoformat(),
        recorded_day=civil_day(now, plan.timezone),
        recorded_at=now,
        terms={**describe_first_form(plan, head.number + 1), "signed_text": digest},
    )
    (entry,) = append(plan, [draft], by=None, now=now)
    if known_digest is None and digest:
        SignedText.objects.create(entry=entry, content=plan.signed_text)
    return entry
