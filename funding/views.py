"""The fund page."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from commitments import exports
from commitments import views as commitments
from commitments.models import Commitment
from commitments.pages import PlanView
from funding.summaries import EXPORTED, exported, funds


class CommitmentDetail(commitments.CommitmentDetail):
    """The page of a commitment, with the sums of the funds that belong to it."""

    template = "funding/commitment_detail.html"

    def more(self, commitment: Commitment) -> dict[str, Any]:
        mine = commitment.funds.exists()
        return {
            "funds": [line for line in funds(self.page) if line.fund.commitment_id == commitment.pk] if mine else []
        }


class FundDetail(PlanView):
    """By year and contributor what was stated, due, paid and is outstanding; spending; figures reported elsewhere."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page, form = self.page, request.GET.get("format", "")
        if form in exports.FORMATS:
            return exports.respond(EXPORTED, exported(page), form, f"{page.plan.slug}-fund-{page.on}")
        links = [{"format": form, "url": page.url("fund", format=form)} for form in exports.FORMATS]
        return render(request, "funding/fund_detail.html", {"page": page, "funds": funds(page), "exports": links})
