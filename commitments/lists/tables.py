"""The list of actions as a table, for the page and for its export."""

from collections.abc import Iterable

import django_tables2 as tables
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from commitments.lists.filters import MOST_URGENT_FIRST
from commitments.models import Standing
from commitments.pages.entries import last_reports
from commitments.pages.page import Page
from commitments.register.histories import read_recurrences
from commitments.rules.recurrence import Recurrence

POSITION = "obligation__action__position"
MOST_ON_A_PAGE = 1000


class ActionTable(tables.Table):
    """Standings, sorted as the address says; its templates need the context of a page."""

    ref = tables.TemplateColumn(
        template_name="commitments/list/action_cell.html",
        verbose_name=gettext_lazy("Action"),
        order_by=POSITION,
    )
    state = tables.TemplateColumn(
        template_name="commitments/list/state_cell.html",
        verbose_name=gettext_lazy("Status"),
        order_by=MOST_URGENT_FIRST,
    )
    deadline = tables.TemplateColumn(
        template_name="commitments/list/deadline_cell.html",
        verbose_name=gettext_lazy("Deadline"),
        order_by=("last_day", POSITION),
    )
    leads = tables.TemplateColumn(
        template_name="commitments/list/leads_cell.html",
        verbose_name=gettext_lazy("Who leads"),
        orderable=False,
    )
    last_report = tables.TemplateColumn(
        template_name="commitments/list/last_report_cell.html",
        verbose_name=gettext_lazy("Last report"),
        orderable=False,
    )

    # stands in the cell of the state, and can still be sorted by
    modality = tables.Column(order_by=("modality", POSITION), visible=False)

    class Meta:
        template_name = "commitments/list/table.html"

    def __init__(
        self,
        standings: QuerySet[Standing],
        *,
        plan_page: Page,
        query: QueryDict,
        is_ranked: bool = False,
    ) -> None:
        """Rows stand by commitment, unless a search ranked them or another order is asked for."""
        super().__init__(standings, order_by=query.get("sort") or ())
        self.plan_page = plan_page
        self.query = query
        self.most_on_a_page = MOST_ON_A_PAGE
        self.is_grouped = not is_ranked and not self.order_by

    @property
    def sorted_standings(self) -> QuerySet[Standing]:
        """All rows in the order of the table."""
        standings: QuerySet[Standing] = self.data.data
        return standings

    def show_page(self, number: str | None, per_page: int) -> None:
        """Show this page of the rows, the nearest one where there is no such page, or all rows."""
        standings = self.sorted_standings.prefetch_related("obligation__action__leads")
        self.data.data = standings
        if number == "all":
            per_page = MOST_ON_A_PAGE
        self.paginate(per_page=per_page)
        self.page = self.paginator.get_page(number)
        shown = [row.record.obligation_id for row in self.page]
        self.last_reports = last_reports(self.plan_page, shown)
        self.recurrences = recurrences_that_fell_short(
            self.plan_page, [row.record for row in self.page]
        )


def recurrences_that_fell_short(page: Page, standings: Iterable[Standing]) -> dict[int, Recurrence]:
    """By obligation, for lists that say how many periods fell short."""
    keys = [standing.obligation_id for standing in standings if standing.fell_short]
    return read_recurrences(page.plan, keys, page.on, page.known_day)
