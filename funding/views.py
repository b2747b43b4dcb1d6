"""The fund page."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.rules.dates import Window
from commitments.views import calendar, commitments
from funding.instalments import InstalmentOnDay, instalments_on
from funding.permissions import can_record_payment
from funding.templatetags.money import money as in_words
from funding.totals import LISTS, fund_totals, funds_on


class CommitmentDetail(commitments.CommitmentDetail):
    """The page of a commitment, with the sums of the funds that belong to it."""

    template_name = "funding/commitment_detail.html"

    def content(self, number: int) -> dict[str, Any]:
        content = super().content(number)
        return {**content, "funds": fund_totals(self.page, content["commitment"].pk)}


class CalendarFeed(calendar.CalendarFeed):
    """The calendar with the instalments of the funds; with `mine=1` those that the account records
    payments of.
    """

    def events(self) -> Iterator[calendar.CalendarEvent]:
        yield from super().events()
        for line in instalments_on(self.page):
            if line.due and self._is_wanted(line):
                yield self._event_of_instalment(line, line.due)

    def _is_wanted(self, line: InstalmentOnDay) -> bool:
        if not self.is_mine:
            return True
        return can_record_payment(self.page.rights, line.contribution, self.page.plan)

    def _event_of_instalment(self, line: InstalmentOnDay, due: date) -> calendar.CalendarEvent:
        ref, side = line.contribution.ref, labels.side(line.contribution.side)
        description = []
        if line.stated:
            description.append(_("Stated: %(amount)s") % {"amount": in_words(line.stated)})
        if line.paid:
            description.append(_("Paid: %(amount)s") % {"amount": in_words(line.paid)})
        return calendar.CalendarEvent(
            name=f"{ref}/{line.number}/",
            window=Window(due, due),
            title=_("%(ref)s Instalment %(n)s, %(side)s")
            % {"ref": ref, "n": line.number, "side": side},
            description=description,
            url=self.absolute_url("fund"),
            state=line.standing.state,
            state_label=labels.state(line.standing.state),
            changes=self.changes_of(ref, line.number),
        )


class FundDetail(KeptView):
    """By year and contributor what was stated, due, paid and is outstanding; spending; figures
    reported elsewhere.
    """

    public = True
    template_name = "funding/fund_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("format") not in writers.FORMATS:
            return super().get(request, *args, **kwargs)
        chosen = request.GET.get("list") or "instalments"
        if chosen not in LISTS:
            raise BadRequest(
                _("“list” can only be one of: %(names)s.") % {"names": ", ".join(LISTS)}
            )
        return writers.respond(request, self.page, lambda: LISTS[chosen](self.page))

    def content(self) -> dict[str, Any]:
        page = self.page
        labels = {
            "instalments": _("Instalments:"),
            "payments": _("Payments:"),
            "spending": _("Spending:"),
        }
        files = [
            {
                "label": label,
                "exports": [
                    {"format": form, "url": page.url("fund", list=name, format=form)}
                    for form in writers.FORMATS
                ],
            }
            for name, label in labels.items()
        ]
        return {"title": _("Fund"), "funds": funds_on(page), "files": files}
