"""The list of actions as a table, for the page and for its export."""

from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.lists.filters import MOST_URGENT_FIRST
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page

POSITION = "obligation__action__position"


class ActionTable(tables.Table):
    """Standings, sorted as the address says; its templates need the context of a page."""

    ref = tables.Column(
        accessor="obligation__ref", verbose_name=gettext_lazy("Ref"), order_by=POSITION
    )
    action = tables.TemplateColumn(
        template_name="commitments/list/action_cell.html",
        verbose_name=gettext_lazy("Action"),
        orderable=False,
    )
    state = tables.TemplateColumn(
        template_name="commitments/list/state_cell.html",
        verbose_name=gettext_lazy("State"),
        order_by=MOST_URGENT_FIRST,
    )
    days = tables.Column(empty_values=(), verbose_name=gettext_lazy("Days"), orderable=False)
    deadline = tables.TemplateColumn(
        template_name="commitments/list/deadline_cell.html",
        verbose_name=gettext_lazy("Deadline"),
        order_by=("last_day", POSITION),
    )
    modality = tables.Column(verbose_name=gettext_lazy("Modality"), order_by=("modality", POSITION))
    notice = tables.Column(empty_values=(), verbose_name=gettext_lazy("Notice"), orderable=False)

    class Meta:
        template_name = "commitments/list/table.html"

    def __init__(self, standings: QuerySet[Standing], *, plan_page: Page, query: QueryDict) -> None:
        super().__init__(standings, order_by=query.get("sort") or "state")
        self.plan_page = plan_page
        self.query = query

    @property
    def sorted_standings(self) -> QuerySet[Standing]:
        """All rows in the order of the table."""
        standings: QuerySet[Standing] = self.data.data
        return standings

    def show_page(self, number: str | None, per_page: int) -> None:
        """Show this page of the rows; the nearest one where there is no such page."""
        self.paginate(per_page=per_page)
        self.page = self.paginator.get_page(number)

    def render_days(self, record: Standing) -> str:
        return labels.days(record, self.plan_page.on)

    def render_modality(self, value: str) -> str:
        return str(labels.MODALITIES.get(value, value))

    def render_notice(self, record: Standing) -> str:
        return ", ".join(notices(record))


def notices(standing: Standing) -> list[str]:
    """What of an action wants a look, in words."""
    conditions: list[tuple[Any, str]] = [
        (standing.stale_since, _("stale")),
        (standing.never_reported and standing.scored, _("never reported")),
        (standing.sides_differ, _("sides differ")),
        (standing.disputed, _("disputed")),
        (standing.moved, _("moved")),
    ]
    return [label for holds, label in conditions if holds]
