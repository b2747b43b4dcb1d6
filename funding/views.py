"""The pages and the calendar of a plan with what its funds add."""

from datetime import date

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from commitments.exports import writers
from commitments.pages import labels
from commitments.register.permissions import can_ask
from commitments.rules.dates import Window
from commitments.views import calendar, commitments, text
from funding.columns import EXPORTS
from funding.fund_page import funds_on, funds_with_entries_on
from funding.instalments import InstalmentOnDay, instalments_on
from funding.models import Contribution
from funding.permissions import can_record_payment, can_record_spending
from funding.templatetags.money import money as format_amounts


class CommitmentDetail(commitments.CommitmentDetail):
    """The page of a commitment, with the totals of the funds that belong to it."""

    template_name = "funding/commitment_detail.html"

    def content(self, number: str) -> dict[str, object]:
        content = super().content(number)
        return {**content, "funds": funds_on(self.page, commitment=content["commitment"].pk)}


class Text(text.Text):
    """The text, with the words that promise money."""

    template_name = "funding/text.html"

    def content(self) -> dict[str, object]:
        contributions = Contribution.objects.filter(plan=self.page.plan).exclude(words="")
        return {**super().content(), "contributions": contributions}


class CalendarFeed(calendar.CalendarFeed):
    """The calendar with the instalments of the funds; with `mine=1` those that the account records
    payments of.
    """

    def add_events(self) -> None:
        super().add_events()
        page = self.page
        for instalment in instalments_on(page):
            contribution = instalment.contribution
            if self.is_mine and not can_record_payment(page.rights, contribution, page.plan):
                continue
            if instalment.due:
                self._add_instalment(instalment, instalment.due)

    def _add_instalment(self, instalment: InstalmentOnDay, due: date) -> None:
        ref = instalment.ref
        number = instalment.number
        side = labels.side(instalment.contribution.side)
        description = []
        if instalment.stated:
            amount = format_amounts(instalment.stated)
            description.append(_("Stated: %(amount)s") % {"amount": amount})
        if instalment.paid:
            amount = format_amounts(instalment.paid)
            description.append(_("Paid: %(amount)s") % {"amount": amount})
        self.add_event(
            ref,
            f"{number}/",
            Window(due, due),
            title=_("%(ref)s Instalment %(n)s, %(side)s") % {"ref": ref, "n": number, "side": side},
            description=description,
            url=self.absolute_url("fund"),
            state=instalment.standing.state,
            state_label=labels.state(instalment.standing.state),
            instalment=number,
        )


class FundDetail(writers.ExportedView):
    """By year and contributor what was stated, due, paid and is outstanding; spending; figures
    reported elsewhere.
    """

    public = True
    template_name = "funding/fund_detail.html"

    def export(self) -> writers.Export:
        name = self.request.GET.get("list") or "instalments"
        if name not in EXPORTS:
            raise BadRequest(
                _("“list” can only be one of: %(names)s.") % {"names": ", ".join(EXPORTS)}
            )
        return EXPORTS[name](self.page)

    def content(self) -> dict[str, object]:
        return {
            "title": _("Fund"),
            "funds": funds_with_entries_on(self.page),
            "can_spend": can_record_spending(self.page.rights),
            "can_ask": can_ask(self.page.rights, self.page.plan),
            "exports": writers.FORMATS,
        }
