"""What waits for release, as rows and as drafts of the entries that it may become.

Whoever changes a row raises the version of its side alone, so that no page, ETag or count of another
side can tell that something waits.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from commitments.models import Entry, Evidence, HeldFile, HeldReport, Plan
from commitments.models.rights import Rights
from commitments.register.entries import Draft, civil_day

# what a row keeps of a draft as it is; the others are made when it becomes an entry
KEPT = (
    "kind",
    "code",
    "effective",
    "ref",
    "instalment",
    "side",
    "when",
    "words",
    "quantity",
    "currency",
    "reason",
    "note",
    "source",
    "decided_by",
)
FILE_FIELDS = ("id", "name", "type", "size", "sha256")


def hold(plan: Plan, drafts: Sequence[Draft], *, by: int, side: str, now: datetime) -> HeldReport:
    """Keep the drafts for a manager of the side; the caller holds the plan's lock."""
    first = drafts[0]
    report = HeldReport.objects.create(
        plan=plan,
        side=side,
        code=first.code,
        by_id=by,
        written=now,
        ref=first.ref,
        drafts=[_write_draft(draft) for draft in drafts],
        changed=now,
        version=raise_held_version(plan, side),
    )
    files = enumerate(first.evidence, start=1)
    HeldFile.objects.bulk_create(
        HeldFile(report=report, position=position, **_copy(file)) for position, file in files
    )
    return report


def find_of_same_call(
    plan: Plan, rights: Rights, key: str, by: AbstractBaseUser
) -> HeldReport | None:
    """The report that waits under the same key already. Raises PermissionDenied for one of somebody
    else: keys are made up by forms, so that is a forgery.
    """
    report = HeldReport.objects.filter(plan=plan, side=rights.side, code=key).first()
    if report is not None and report.by_id != by.pk:
        raise PermissionDenied
    return report


def raise_held_version(plan: Plan, side: str) -> int:
    """Raise the version of a side above those of all sides; the caller holds the plan's lock.
    Returns the new version.
    """
    plans = Plan.objects.filter(pk=plan.pk)
    versions = plans.values_list("held_versions", flat=True).get()
    version: int = max(versions.values(), default=0) + 1
    plans.update(held_versions={**versions, side: version})
    return version


def read_drafts(report: HeldReport, now: datetime) -> list[Draft]:
    """The drafts of a report as if they were recorded at this moment, with the files that wait with
    them.
    """
    drafts = [_read_draft(content, report.plan, now) for content in report.drafts]
    drafts[0].evidence = [Evidence(**_copy(file)) for file in report.files.all()]
    return drafts


def waiting_for(rights: Rights, plan: Plan) -> QuerySet[HeldReport]:
    """The reports that wait for release by a manager of the reader's side."""
    return HeldReport.objects.filter(
        plan=plan, side=rights.side, state=HeldReport.State.WAITING
    ).select_related("by", "plan")


def _write_draft(draft: Draft) -> dict[str, Any]:
    content = {name: getattr(draft, name) for name in KEPT}
    content["to"] = draft.to.pk if draft.to else None
    content["amount"] = str(draft.amount) if draft.amount is not None else None
    return content


def _read_draft(content: dict[str, Any], plan: Plan, now: datetime) -> Draft:
    values = dict(content)
    if values["to"] is not None:
        values["to"] = Entry.objects.select_related("plan", "to").get(pk=values["to"])
    if values["amount"] is not None:
        values["amount"] = Decimal(values["amount"])
    return Draft(recorded_day=civil_day(now, plan.timezone), recorded_at=now, **values)


def _copy(file: Evidence | HeldFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in FILE_FIELDS}
