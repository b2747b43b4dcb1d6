"""The list of actions, a commitment, and the actions of the reader's own bodies."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.exports.columns import actions_export
from commitments.lists.facets import label_choices_with_counts
from commitments.lists.filters import ActionFilter, order_by_urgency
from commitments.lists.tables import ActionTable
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.counts import counts_of, summarise
from commitments.register.permissions import reportable_actions
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

    def export(self) -> writers.Export:
        table = self.table(self.filtered_actions())
        return actions_export(self.page, table.sorted_standings)

    def filtered_actions(self) -> ActionFilter:
        return ActionFilter(self.request.GET, self.page.standings_with_actions(), page=self.page)

    def table(self, actions: ActionFilter) -> ActionTable:
        standings = order_by_urgency(actions.qs)
        return ActionTable(standings, plan_page=self.page, query=self.request.GET)


class CommitmentDetail(KeptView):
    """A commitment with its actions and the aims that it serves."""

    public = True
    template_name = "commitments/commitment/body.html"

    def content(self, number: int) -> dict[str, Any]:
        page = self.page
        commitments = page.plan.commitments.prefetch_related("aims")
        commitment = get_object_or_404(commitments, number=number)
        of_commitment = page.standings_with_actions().filter(obligation__commitment=commitment)
        standings = list(of_commitment.order_by("obligation__action__position"))
        worst_state, counts = summarise(standings)
        return {
            "title": f"{number} {labels.text(commitment.title)}",
            "commitment": commitment,
            "worst_state": worst_state,
            "counts": counts_of(counts, page, commitment=number),
            "standings": standings,
            "aims": commitment.aims.all(),
        }


class Mine(KeptView):
    """What the reader may report on, by urgency."""

    template_name = "commitments/mine/body.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(request, self.page, self.export)
        return super().get(request, *args, **kwargs)

    def export(self) -> writers.Export:
        return actions_export(self.page, self.standings(), "mine")

    def standings(self) -> QuerySet[Standing]:
        """The standings of the actions that the reader may report on, the most urgent first."""
        page = self.page
        actions = reportable_actions(page.rights, page.plan)
        return order_by_urgency(
            page.standings_with_actions().filter(obligation__in=actions.values("pk"))
        )

    def content(self) -> dict[str, Any]:
        page = self.page
        return {
            "title": _("My actions"),
            "groups": group_by_urgency(self.standings()),
            "bodies": page.plan.bodies.filter(pk__in=page.rights.bodies),
            "exports": writers.export_links(self.request.GET),
        }


@dataclass(frozen=True)
class Group:
    """Actions that want the same of their readers."""

    label: str
    standings: list[Standing]


def group_by_urgency(standings: Iterable[Standing]) -> list[Group]:
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
    for standing in standings:
        groups[_group_of(standing)].standings.append(standing)
    return [group for group in groups.values() if group.standings]


def _group_of(standing: Standing) -> str:
    if standing.state == State.OVERDUE:
        return "overdue"
    if standing.state in (State.DUE, State.DUE_SOON):
        return "due"
    if standing.state == State.AWAITING:
        return "awaiting"
    is_open = standing.state not in SETTLED
    if is_open and standing.scored and standing.never_reported:
        return "never"
    if standing.stale_since is not None:
        return "stale"
    return "in-hand" if is_open else "done"
