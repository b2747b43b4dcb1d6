"""The fund page."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from commitments import exports
from commitments.pages import PlanView
from funding.summaries import EXPORTED, exported, funds


class FundDetail(PlanView):
    """By year and contributor what was stated, due, paid and is outstanding; spending; figures reported elsewhere."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page, form = self.page, request.GET.get("format", "")
        if form in exports.FORMATS:
            return exports.respond(EXPORTED, exported(page), form, f"{page.plan.slug}-fund-{page.on}")
        links = [{"format": form, "url": page.url("fund", format=form)} for form in exports.FORMATS]
        return render(request, "funding/fund_detail.html", {"page": page, "funds": funds(page), "exports": links})
