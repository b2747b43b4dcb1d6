"""The fund page."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.models import Commitment
from commitments.pages import labels
from commitments.pages.base import KeptView
from commitments.rules.dates import Window
from commitments.rules.states import State
from commitments.views import commitments, feeds
from funding.instalments import InstalmentOnDay, instalments_on
from funding.permissions import can_record_payment
from funding.templatetags.money import money as in_words
from funding.totals import LISTS, fund_totals, funds_on


class CommitmentDetail(commitments.CommitmentDetail):
    """The page of a commitment, with the sums of the funds that belong to it."""

    template_name = "funding/commitment_detail.html"

    def more(self, commitment: Commitment) -> dict[str, Any]:
        return {"funds": fund_totals(self.page, commitment.pk)}


class CalendarFeed(feeds.CalendarFeed):
    """The calendar with the instalments of the funds; with `mine=1` those that the account records
    payments of.
    """

    def events(self) -> Iterator[feeds.CalendarEvent]:
        yield from super().events()
        for line in instalments_on(self.page):
            contribution = line.contribution
            if line.due and (
                not self.mine or can_record_payment(self.page.rights, contribution, self.page.plan)
            ):
                yield self._instalment(line, contribution.ref, labels.side(contribution.side))

    def _instalment(self, line: InstalmentOnDay, ref: str, side: str) -> feeds.CalendarEvent:
        assert line.due
        changed, sequence = self.changes_of(ref, line.number)
        of = {"ref": ref, "n": line.number, "side": side}
        amounts = [(_("Stated: %(amount)s"), line.stated), (_("Paid: %(amount)s"), line.paid)]
        return feeds.CalendarEvent(
            name=f"{ref}/{line.number}/",
            window=Window(line.due, line.due),
            title=_("%(ref)s Instalment %(n)s, %(side)s") % of,
            lines=[text % {"amount": in_words(found)} for text, found in amounts if found],
            url=self.link("fund"),
            state=line.standing.state,
            label=str(labels.STATES[State(line.standing.state)]),
            changed=changed,
            sequence=sequence,
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
