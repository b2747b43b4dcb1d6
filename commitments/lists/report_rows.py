"""The rows of the table in which several reports are written at once: an action each, and where it
recurs a period each.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from django.utils.translation import gettext as _

from commitments.lists.filters import order_by_urgency
from commitments.models import Action, Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.histories import read_histories
from commitments.register.permissions import reportable_actions
from commitments.rules.actions import ActionHistory
from commitments.rules.events import Terms
from commitments.rules.recurrence import Period
from commitments.rules.states import SETTLED

MOST_ROWS = 60
PERIODS_OF_AN_ACTION = 12


@dataclass(frozen=True)
class ReportRow:
    """An action on which the reader may report, or one period of it."""

    standing: Standing
    terms: Terms
    period: Period | None = None

    @property
    def action(self) -> Action:
        return self.standing.action

    @property
    def name(self) -> str:
        """The name of the row in the form that is sent."""
        if self.period is None:
            return self.action.ref
        return f"{self.action.ref}@{self.period.name}"

    @property
    def label(self) -> str:
        if self.period is None:
            return self.action.ref
        return f"{self.action.ref}, {labels.edtf(self.period.name)}"

    @property
    def counted(self) -> str:
        """How much of the period is delivered, in words."""
        if self.period is None:
            return ""
        numbers = {"delivered": self.period.delivered, "target": self.period.target}
        return f"{_('%(delivered)s of %(target)s') % numbers} {labels.text(self.action.unit)}"


def list_report_rows(page: Page, refs: Collection[str]) -> list[ReportRow]:
    """The rows to report on, the most urgent first: those of the actions of these refs, or where
    there are none, of all open actions of the reader. Periods that are already met are left out.
    """
    rows = _rows_of(page, refs)
    return [row for row in rows if row.period is None or row.period.state != "met"][:MOST_ROWS]


def find_report_rows(page: Page, names: Collection[str]) -> list[ReportRow]:
    """The rows of these names, in their order, as a form that was opened earlier has them: a period
    may have been met since. A name that is unknown or not the reader's is left out.
    """
    rows = {row.name: row for row in _rows_of(page, {name.partition("@")[0] for name in names})}
    return [rows[name] for name in names if name in rows]


def _rows_of(page: Page, refs: Collection[str]) -> list[ReportRow]:
    actions = reportable_actions(page.rights, page.plan)
    standings = page.standings_with_actions().filter(obligation__in=actions.values("pk"))
    if refs:
        standings = standings.filter(obligation__ref__in=refs)
    else:
        standings = standings.filter(scored=True).exclude(state__in=SETTLED)
    ordered = list(order_by_urgency(standings)[:MOST_ROWS])
    histories = read_histories(page.plan, [standing.obligation for standing in ordered])
    rows = []
    for standing in ordered:
        history = cast("ActionHistory", histories[standing.obligation_id])
        rows += _rows_of_action(page, standing, history)
    return rows


def _rows_of_action(page: Page, standing: Standing, history: ActionHistory) -> list[ReportRow]:
    terms = history.versions[-1].terms
    recurrence = history.recurrence(page.today, page.today)
    if recurrence is None or not recurrence.assessed:
        return [ReportRow(standing, terms)]
    periods = recurrence.assessed[-PERIODS_OF_AN_ACTION:]
    return [ReportRow(standing, terms, period) for period in periods]
