"""The pages of a plan: list, commitment, action, mine, register, text."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.exports.columns import actions_export
from commitments.lists.facets import label_choices_with_counts
from commitments.lists.filters import ActionFilter, order_by_urgency
from commitments.lists.tables import ActionTable
from commitments.models import Commitment, Standing
from commitments.models.prepared import Slot, prepared
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.counts import counts_of, summarise
from commitments.pages.page import actions_on
from commitments.register.permissions import reportable_actions
from commitments.rules.events import Perspective
from commitments.rules.states import SETTLED, State


class ActionList(KeptView):
    """All actions, searched, filtered, sorted; and the export of exactly what is shown."""

    public = True
    template_name = "commitments/action_list.html"
    per_page = 25

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(request, self.page, self.export)
        return super().get(request, *args, **kwargs)

    def content(self) -> dict[str, Any]:
        actions = self.filtered_actions()
        label_choices_with_counts(actions)
        table = self.table(actions)
        table.show_page(self.request.GET.get("page"), self.per_page)
        return {
            "title": _("Commitments"),
            "filter": actions,
            "table": table,
            "exports": writers.export_links(self.request.GET),
        }

    def export(self) -> writers.Listing:
        table = self.table(self.filtered_actions())
        return actions_export(self.page, table.sorted_standings)

    def filtered_actions(self) -> ActionFilter:
        return ActionFilter(self.request.GET, self.page.rows(), page=self.page)

    def table(self, actions: ActionFilter) -> ActionTable:
        standings = order_by_urgency(actions.qs)
        return ActionTable(standings, plan_page=self.page, query=self.request.GET)


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
        actions = reportable_actions(page.rights, page.plan)
        return order_by_urgency(page.rows().filter(obligation__in=actions.values("pk")))

    def content(self) -> dict[str, Any]:
        page = self.page
        return {
            "title": _("My actions"),
            "groups": group_by_urgency(self.rows()),
            "bodies": page.plan.bodies.filter(pk__in=page.rights.bodies),
            "exports": writers.export_links(self.request.GET),
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
