"""What waits for release, as pages of its own side show it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from commitments.models import Action, Entry, HeldReport
from commitments.pages import labels
from commitments.pages.entries import labels_of_codes
from commitments.pages.page import Page
from commitments.register.held import waiting_for
from commitments.register.permissions import can_write, is_manager
from commitments.register.services import REPORTED_BY_OFFICIALS


@dataclass(frozen=True)
class HeldDraft:
    """One of the entries that a report becomes; `content` as the row keeps it."""

    content: dict[str, Any]
    code_label: str
    about: Entry | None


@dataclass(frozen=True)
class HeldRow:
    report: HeldReport
    drafts: list[HeldDraft]
    title: dict[str, str]
    days: int

    @property
    def is_returned(self) -> bool:
        return self.report.state == HeldReport.State.RETURNED

    @property
    def can_be_reported_again(self) -> bool:
        """Whether it was sent back, and is what the form of a report says."""
        return self.is_returned and self.report.drafts[0]["kind"] in REPORTED_BY_OFFICIALS


def readable_reports(page: Page, account: int | None) -> QuerySet[HeldReport]:
    """The reports that the account wrote; for a manager also all that wait on their side."""
    if not can_write(page.rights):
        return HeldReport.objects.none()
    own = Q(by=account, plan=page.plan, side=page.rights.side)
    if is_manager(page.rights):
        own |= Q(pk__in=waiting_for(page.rights, page.plan).values("pk"))
    return HeldReport.objects.filter(own).select_related("by", "plan", "decided_by")


def find_sent_back(page: Page, account: int | None, ref: str, number: str) -> HeldRow | None:
    """The report that was sent back, and that its author wants to write again; `number` comes from
    the address.
    """
    if not re.fullmatch("[0-9]{1,9}", number):
        return None
    own = readable_reports(page, account).filter(
        by=account, ref=ref, pk=number, state=HeldReport.State.RETURNED
    )
    rows = describe_held(own, page)
    if not rows or not rows[0].can_be_reported_again:
        return None
    return rows[0]


def as_typed(report: HeldReport) -> dict[str, object]:
    """The fields of the report form as its author filled them in. Files must be chosen anew."""
    content, *others = report.drafts
    confidences = [other for other in others if other["kind"] == "confidence"]
    values = {
        "kind": content["kind"],
        "day": labels.edtf(content["effective"]),
        "quantity": content["quantity"],
        "body": content["words"],
        "event": content["words"],
        "note": content["note"],
        "source": content["source"],
    }
    for confidence in confidences:
        values |= {"confidence": confidence["words"], "reason": confidence["reason"]}
    return values


def held_rows(page: Page, account: int | None) -> list[HeldRow]:
    if not page.held_version:
        return []
    return describe_held(readable_reports(page, account), page)


def describe_held(reports: QuerySet[HeldReport], page: Page) -> list[HeldRow]:
    """The rows for these reports, the oldest first, in a fixed number of queries."""
    rows = list(reports.prefetch_related("files").order_by("pk"))
    contents = [content for report in rows for content in report.drafts]
    actions = Action.objects.filter(plan=page.plan, ref__in={report.ref for report in rows})
    titles = dict(actions.values_list("ref", "title"))
    about = Entry.objects.in_bulk({content["to"] for content in contents if content["to"]})
    code_labels = labels_of_codes({content["kind"] for content in contents}, page)

    def describe_drafts(contents: Iterable[dict[str, Any]]) -> list[HeldDraft]:
        return [
            HeldDraft(
                content=content,
                code_label=code_labels.get(content["words"], content["words"]),
                about=about.get(content["to"]),
            )
            for content in contents
        ]

    return [
        HeldRow(
            report=report,
            drafts=describe_drafts(report.drafts),
            title=titles.get(report.ref, {}),
            days=max((page.today - report.written.date()).days, 0),
        )
        for report in rows
    ]
