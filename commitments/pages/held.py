"""What waits for release, as pages of its own side show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from commitments.models import Action, Entry, HeldReport
from commitments.pages.entries import labels_of_codes
from commitments.pages.page import Page
from commitments.register.held import waiting_for
from commitments.register.permissions import can_write, is_manager


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


def readable_reports(page: Page, account: int | None) -> QuerySet[HeldReport]:
    """What an author wrote; for a manager all that waits on their side as well."""
    if not can_write(page.rights):
        return HeldReport.objects.none()
    own = Q(by=account, plan=page.plan, side=page.rights.side)
    if is_manager(page.rights):
        own |= Q(pk__in=waiting_for(page.rights, page.plan).values("pk"))
    return HeldReport.objects.filter(own).select_related("by", "plan", "decided_by")


def held_rows(page: Page, account: int | None) -> list[HeldRow]:
    if not page.held_version:
        return []
    return describe_held(readable_reports(page, account), page)


def describe_held(reports: QuerySet[HeldReport], page: Page) -> list[HeldRow]:
    """In a fixed number of queries, the oldest first."""
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
