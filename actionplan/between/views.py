"""The page of two days compared, and the same as JSON and as a table."""

from collections.abc import Set
from datetime import date
from typing import ClassVar
from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from actionplan.between.content import Change, TwoDays, compare, comparison_as_json, two_days
from actionplan.papers.writers import can_write_papers
from commitments.exports import writers
from commitments.pages import labels
from commitments.pages.base import day_asked_for
from commitments.pages.etag import respond_if_changed
from commitments.pages.meetings import Meeting, meetings_on
from commitments.pages.page import Page

MEETINGS_OFFERED = 5
COLUMNS: writers.Columns = {
    "ref": "ref",
    "instalment": "instalment",
    "state_then": "state_then",
    "state_now": "state_now",
    "last_day_then": "last_day_then",
    "last_day_now": "last_day_now",
    "days_moved": "days_moved",
    "newly_disputed": "newly_disputed",
    "dispute_settled": "dispute_settled",
    "entries": lambda change: " | ".join(str(row.entry.number) for row in change.entries),
}


class Between(writers.ExportedView):
    """What changed from one day to another; everything on it leads to where it is written."""

    public = True
    template_name = "actionplan/between/body.html"
    days_in_address: ClassVar[Set[str]] = {"on", "from", "to"}

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.GET.get("format") == "json":
            return respond_if_changed(self.page, request, self._write_json)
        return super().get(request, *args, **kwargs)

    def _write_json(self) -> HttpResponseBase:
        content = comparison_as_json(compare(self.days))
        return JsonResponse(content, json_dumps_params={"ensure_ascii": False})

    @cached_property
    def days(self) -> TwoDays:
        """By default the last month, or the time since the plan was adopted if that is shorter."""
        page = self.page
        later = self._day("to", page.on)
        default = max(later - relativedelta(months=1), page.plan.adopted_on)
        earlier = self._day("from", min(default, later))
        if earlier > later:
            raise BadRequest(
                _("“from” must not be after “to”: %(from)s comes after %(to)s.")
                % {"from": labels.day(earlier), "to": labels.day(later)}
            )
        return two_days(page, earlier, later, corrected=page.known is None)

    def _day(self, name: str, default: date) -> date:
        text = self.request.GET.get(name)
        return day_asked_for(text, self.page.plan, self.page.today) if text else default

    def content(self) -> dict[str, object]:
        days = self.days
        return {
            # links lead to the later day
            **days.later.context,
            "title": _("From %(from)s to %(to)s")
            % {"from": labels.day(days.earlier.on), "to": labels.day(days.later.on)},
            "comparison": compare(days),
            "days": days,
            "permanent_url": self._permanent_url(),
            "meetings": self._meetings_before(days.later)[:MEETINGS_OFFERED],
            "can_write_papers": can_write_papers(),
            "language": labels.language(),
            "exports": writers.FORMATS,
        }

    def _permanent_url(self) -> str:
        days = self.days
        query = {"from": days.earlier.on.isoformat(), "to": days.later.on.isoformat()}
        if days.is_corrected:
            query["known"] = "now"
        return f"{self.request.path}?{urlencode(query)}"

    def _meetings_before(self, page: Page) -> list[Meeting]:
        return [each for each in meetings_on(page) if each.is_on_or_before(page.on)]

    def export(self) -> writers.Export:
        comparison = compare(self.days)
        changes: list[Change] = [*comparison.actions, *comparison.contributions]
        return writers.Export("between", self.days.later, COLUMNS, changes)
