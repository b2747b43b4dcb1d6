"""The pages of a plan: list, commitment, action, mine, register, text."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.exports.columns import actions_export
from commitments.lists.facets import Narrowed
from commitments.lists.filters import ActionFilter, PlanFilter, order_by_urgency
from commitments.lists.tables import ActionTable
from commitments.models import Action, Commitment, Standing
from commitments.models.prepared import Slot, prepared
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.counts import counts_of, summarise
from commitments.pages.page import Page, actions_on
from commitments.rules.events import Perspective
from commitments.rules.states import SETTLED, State

PAGE = 25


class CountedPages(Paginator[Any]):
    """Pages of rows that have been counted already."""

    def __init__(self, rows: Any, per_page: int, *, total: int) -> None:
        super().__init__(rows, per_page)
        self.count = total


class ActionList(KeptView):
    """All actions, searched, filtered, sorted; and the export of exactly what is shown."""

    public = True
    template_name = "commitments/action_list.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(request, self.page, self.listed)
        return super().get(request, *args, **kwargs)

    def content(self) -> dict[str, Any]:
        request = self.request
        page, found = self.page, ActionFilter(request.GET, page=self.page)
        narrowed = Narrowed(found)
        total = narrowed.count_choices()
        table = self.table(NO_ROWS)
        # a list that has become shorter ends earlier
        number = min(page_number(request), max(-(-total // PAGE), 1))
        table.paginate(CountedPages, per_page=PAGE, page=number, total=total)
        table.shown = narrowed.rows(table.order, (number - 1) * PAGE, PAGE)
        return {
            "title": _("Commitments"),
            # of which the table uses the query alone
            "request": request,
            "filter": found,
            "table": table,
            **list_links(request, found, page),
        }

    def listed(self) -> writers.Listing:
        found = ActionFilter(self.request.GET, self.page.rows(), page=self.page)
        return actions_export(self.page, self.table(order_by_urgency(found.qs)).data.data)

    def table(self, rows: QuerySet[Standing]) -> ActionTable:
        return ActionTable(rows, page=self.page, order_by=self.request.GET.get("sort") or "state")


# stands for the rows while a table finds out how they are sorted
NO_ROWS = order_by_urgency(Standing.objects.none())


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


class CommitmentDetail(KeptView):
    public = True
    template_name = "commitments/commitment_detail.html"

    def content(self, number: int) -> dict[str, Any]:
        page = self.page
        read = _commitment()(number=number, **page.slots)
        if not read:
            raise Http404
        (commitment, *_more), rows = (
            read,
            _rows(page.inside, page.lens)(number=number, **page.slots),
        )
        worst, counts = summarise(rows)
        context = {
            "title": f"{number} {labels.text(commitment.title)}",
            "commitment": commitment,
            "state": worst,
            "counts": counts_of(counts, page, commitment=number),
            "rows": rows,
            "aims": [
                {"code": row.aim, "title": json.loads(row.aim_title)} for row in read if row.aim
            ],
        }
        return context | self.more(commitment)

    def more(self, commitment: Commitment) -> dict[str, Any]:
        """What an app above has to add to the page."""
        return {}


@prepared
def _commitment() -> Any:
    """Once for each aim that it serves, or once without."""
    found = Commitment.objects.filter(plan=Slot("plan"), number=Slot("number"))
    return found.annotate(aim=F("aims__code"), aim_title=Cast("aims__title", TextField())).order_by(
        "aims__position"
    )


@prepared
def _rows(inside: bool, lens: Perspective) -> Any:
    rows = actions_on(inside, lens, Slot("plan"), Slot("on")).filter(
        obligation__commitment__number=Slot("number")
    )
    return rows.select_related("obligation__action").order_by("obligation__action__position")


class Mine(KeptView):
    """What my bodies lead or join, by urgency."""

    template_name = "commitments/mine.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(
                request, self.page, lambda: actions_export(self.page, self.rows(), "mine")
            )
        return super().get(request, *args, **kwargs)

    def rows(self) -> QuerySet[Standing]:
        """The standings of the actions that the reader may report on, the most urgent first."""
        page = self.page
        actions = Action.objects.reportable_by(page.rights, page.plan)
        return order_by_urgency(page.rows().filter(obligation__in=actions.values("pk")))

    def content(self) -> dict[str, Any]:
        page = self.page
        return {
            "title": _("My actions"),
            "groups": group_by_urgency(self.rows()),
            "bodies": page.plan.bodies.filter(pk__in=page.rights.bodies),
            "exports": [
                {"format": form, "url": page.url("mine", format=form)} for form in writers.FORMATS
            ],
        }


@dataclass(frozen=True)
class Group:
    """Actions that want the same of their readers."""

    label: str
    rows: list[Standing]


def group_by_urgency(rows: Iterable[Standing]) -> list[Group]:
    """Each action in the first group that it belongs to; groups without an action are left out."""
    headings = {
        "overdue": _("Overdue"),
        "due": _("Due"),
        "awaiting": _("Awaiting somebody"),
        "never": _("Never reported"),
        "stale": _("Stale"),
        "in-hand": _("In hand"),
        "done": _("Done or closed"),
    }
    groups = {name: Group(label, []) for name, label in headings.items()}
    for row in rows:
        groups[_group_of(row)].rows.append(row)
    return [group for group in groups.values() if group.rows]


def _group_of(row: Standing) -> str:
    if row.state == State.OVERDUE:
        return "overdue"
    if row.state in (State.DUE, State.DUE_SOON):
        return "due"
    if row.state == State.AWAITING:
        return "awaiting"
    is_open = row.state not in SETTLED
    if is_open and row.scored and row.never_reported:
        return "never"
    if row.stale_since is not None:
        return "stale"
    return "in-hand" if is_open else "done"


def list_links(request: HttpRequest, found: PlanFilter, page: Page) -> dict[str, Any]:
    """The filters in use, each to be removed on its own, and the exports of what is shown."""

    def changed(name: str, values: list[str]) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query.setlist(name, values)
        return f"?{query.urlencode()}"

    return {
        "chips": [
            {
                "label": label,
                "url": changed(name, [kept for kept in request.GET.getlist(name) if kept != value]),
            }
            for name, value, label in found.chips()
        ],
        "exports": [{"format": form, "url": changed("format", [form])} for form in writers.FORMATS],
        "clear_url": f"{request.path}?{urlencode(page.kept)}",
    }
