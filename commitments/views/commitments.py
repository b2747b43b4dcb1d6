"""The list of actions, a commitment, and the actions of the reader's own bodies."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.exports import writers
from commitments.exports.columns import actions_export
from commitments.lists.filters import ActionFilter, order_by_urgency
from commitments.lists.tables import ActionTable
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.counts import counts_of, summarise
from commitments.register.permissions import reportable_actions
from commitments.rules.states import SETTLED, State

HEADINGS = {
    "overdue": gettext_lazy("Overdue"),
    "due": gettext_lazy("Due"),
    "awaiting": gettext_lazy("Awaiting somebody"),
    "never": gettext_lazy("Never reported"),
    "stale": gettext_lazy("Stale"),
    "in-hand": gettext_lazy("In hand"),
    "done": gettext_lazy("Done or closed"),
}


class ActionList(writers.ExportedView):
    """All actions, searched, filtered, sorted; and the export of exactly what is shown."""

    public = True
    template_name = "commitments/action_list.html"
    per_page = 25

    def content(self) -> dict[str, Any]:
        actions = self.filtered_actions()
        actions.show_counts()
        table = self.table(actions)
        table.show_page(self.request.GET.get("page"), self.per_page)
        return {
            "title": _("Commitments"),
            "filter": actions,
            "table": table,
            "exports": writers.FORMATS,
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


class Mine(writers.ExportedView):
    """What the reader may report on, by urgency."""

    template_name = "commitments/mine/body.html"

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
            "exports": writers.FORMATS,
        }


def group_by_urgency(standings: Iterable[Standing]) -> dict[str, list[Standing]]:
    """Each action in the first group that it belongs to; groups without an action are left out."""
    groups: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        groups[_group_of(standing)].append(standing)
    return {str(HEADINGS[name]): groups[name] for name in HEADINGS if name in groups}


def _group_of(standing: Standing) -> str:
    if standing.state == State.OVERDUE:
        return "overdue"
    if standing.state in (State.DUE, State.DUE_SOON):
        return "due"
    if standing.state == State.AWAITING:
        return "awaiting"
    is_settled = standing.state in SETTLED
    if standing.scored and standing.never_reported and not is_settled:
        return "never"
    if standing.stale_since is not None:
        return "stale"
    if is_settled:
        return "done"
    return "in-hand"
