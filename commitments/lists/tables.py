"""The list of actions, for the page and for its export."""

from collections.abc import Iterator, Sequence
from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.lists.filters import MOST_URGENT_FIRST
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.templatetags.plan import localized


class ActionTable(tables.Table):
    ref = tables.Column(
        accessor="obligation__ref",
        verbose_name=gettext_lazy("Ref"),
        order_by="obligation__action__position",
    )
    action = tables.Column(
        accessor="obligation__action__title", verbose_name=gettext_lazy("Action"), orderable=False
    )
    state = tables.Column(verbose_name=gettext_lazy("State"), order_by=MOST_URGENT_FIRST)
    days = tables.Column(accessor="pk", verbose_name=gettext_lazy("Days"), orderable=False)
    deadline = tables.Column(
        accessor="words",
        verbose_name=gettext_lazy("Deadline"),
        order_by=("last_day", "obligation__action__position"),
    )
    modality = tables.Column(
        verbose_name=gettext_lazy("Modality"), order_by=("modality", "obligation__action__position")
    )
    notice = tables.Column(accessor="pk", verbose_name=gettext_lazy("Notice"), orderable=False)

    class Meta:
        attrs = {"class": "table"}
        order_by = "state"

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_ = page
        self.shown: Sequence[Standing] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which its rows are sorted."""
        return tuple(self.data.data.query.order_by)

    def lines(self) -> Iterator[SafeString]:
        """The rows of the page in one format each: cell by cell they would cost ten times as much."""
        page, language = self.page_, self.page_.plan.languages[0]
        for row in self.shown:
            yield format_html(
                LINE,
                row.obligation.ref,
                page.url("action", row.obligation.ref),
                localized(row.action.title),
                row.state,
                labels.state(row.state),
                labels.days(row, page.on),
                format_html('<q lang="{}">{}</q> ', language, row.words) if row.words else "",
                format_html("<span>{}</span>", labels.short_day(row.last_day))
                if row.last_day
                else "",
                labels.MODALITIES.get(row.modality, row.modality),
                ", ".join(notices(row)),
            )


LINE = (
    '<tr role="row"><td role="cell">{}</td><td role="cell"><a href="{}">{}</a></td>'
    '<td role="cell"><span class="state state-{}">{}</span></td><td role="cell">{}</td>'
    '<td role="cell">{}{}</td><td role="cell">{}</td><td role="cell">{}</td></tr>\n'
)


def notices(row: Standing) -> Iterator[str]:
    """What of an action wants a look, in words."""
    if row.stale_since:
        yield _("stale")
    if row.never_reported and row.scored:
        yield _("never reported")
    if row.sides_differ:
        yield _("sides differ")
    if row.disputed:
        yield _("disputed")
    if row.moved:
        yield _("moved")
