"""The list of actions, a commitment, and the actions of the reader's own bodies."""

from collections import defaultdict
from collections.abc import Iterable, Set
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.exports import writers
from commitments.exports.columns import actions_export
from commitments.lists.filters import ActionFilter, order_by_urgency
from commitments.lists.tables import ActionTable, recurrences_that_fell_short
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.pages.counts import counts_of, disputed_by_state, summarise
from commitments.pages.entries import last_reports
from commitments.pages.held import held_rows
from commitments.pages.inbox import inbox, turns
from commitments.register.permissions import is_manager, reportable_actions
from commitments.rules.states import SETTLED, State

HEADINGS = {
    "overdue": gettext_lazy("Overdue"),
    "due": gettext_lazy("Due"),
    "awaiting": gettext_lazy("Waiting for consent or an event"),
    "never": gettext_lazy("Never reported"),
    "stale": gettext_lazy("No recent report"),
    "in-hand": gettext_lazy("Other open actions"),
    "done": gettext_lazy("Done or closed"),
}


class ActionList(writers.ExportedView):
    """All actions, searched, filtered, sorted; and the export of exactly what is shown."""

    public = True
    template_name = "commitments/action_list.html"
    days_in_address: ClassVar[Set[str]] = {"on", "due"}
    per_page = 25

    def content(self) -> dict[str, object]:
        actions = self.filtered_actions()
        actions.show_counts()
        table = self.table(actions)
        table.show_page(self.request.GET.get("page"), self.per_page)
        return {
            "title": actions.page_title(_("Commitments"), table.page),
            "filter": actions,
            "table": table,
            "last_reports": table.last_reports,
            "recurrences": table.recurrences,
            "turns": turns(self.page),
            "refs_to_report": self._refs_to_report(table),
            "exports": writers.FORMATS,
        }

    def _refs_to_report(self, table: ActionTable) -> tuple[str, ...]:
        """The open actions among those shown on which the reader may report."""
        shown = [row.record for row in table.page]
        refs = {row.obligation.ref for row in shown if row.state not in SETTLED}
        actions = reportable_actions(self.page.rights, self.page.plan).filter(ref__in=refs)
        return tuple(actions.order_by("position").values_list("ref", flat=True))

    def export(self) -> writers.Export:
        table = self.table(self.filtered_actions())
        return actions_export(self.page, table.sorted_standings)

    def filtered_actions(self) -> ActionFilter:
        return ActionFilter(self.request.GET, self.page.standings_with_actions(), page=self.page)

    def table(self, actions: ActionFilter) -> ActionTable:
        is_ranked = "q" in actions.active_values
        query = self.request.GET
        return ActionTable(actions.ordered, plan_page=self.page, query=query, is_ranked=is_ranked)


class CommitmentDetail(KeptView):
    """A commitment with its actions and the aims that it serves."""

    public = True
    template_name = "commitments/commitment/body.html"

    def content(self, number: str) -> dict[str, Any]:
        page = self.page
        commitments = page.plan.commitments.prefetch_related("aims")
        commitment = get_object_or_404(commitments, number__iexact=number)
        of_commitment = page.standings_with_actions().filter(obligation__commitment=commitment)
        of_commitment = of_commitment.prefetch_related("obligation__action__leads")
        standings = list(of_commitment.order_by("obligation__action__position"))
        worst_state, counts = summarise(standings)
        return {
            "title": f"{commitment.number} {labels.text(commitment.title)}",
            "commitment": commitment,
            "worst_state": worst_state,
            "counts": counts_of(
                counts, disputed_by_state(standings), page, commitment=commitment.number
            ),
            "standings": standings,
            "last_reports": last_reports(page, [row.obligation_id for row in standings]),
            "recurrences": recurrences_that_fell_short(page, standings),
            "turns": turns(page),
            "aims": commitment.aims.all(),
        }


class Mine(writers.ExportedView):
    """What the reader may report on, by urgency."""

    template_name = "commitments/mine/body.html"

    def export(self) -> writers.Export:
        return actions_export(self.page, self.standings(), "mine")

    def key_parts(self) -> tuple[object, ...]:
        """An official reads what they have written themselves."""
        return (self.request.user.pk,) if self.page.held_version else ()

    def standings(self) -> QuerySet[Standing]:
        """The standings of the actions that the reader may report on, the most urgent first."""
        page = self.page
        actions = reportable_actions(page.rights, page.plan)
        return order_by_urgency(
            page.standings_with_actions().filter(obligation__in=actions.values("pk"))
        )

    def content(self) -> dict[str, object]:
        page = self.page
        lines = inbox(page)
        return {
            "title": _("My actions"),
            "inbox": lines,
            "can_mark": any(line.awaited.act == "confirm" for line in lines),
            "held": held_rows(page, self.request.user.pk),
            "can_release": is_manager(page.rights),
            "groups": group_by_urgency(self.standings()),
            "bodies": page.plan.bodies.filter(pk__in=page.rights.bodies),
            "exports": writers.FORMATS,
        }


def group_by_urgency(standings: Iterable[Standing]) -> dict[str, list[Standing]]:
    """The actions in groups, each in the first that it belongs to; groups without an action are
    left out.
    """
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
