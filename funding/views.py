"""The fund page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from commitments.pages import PlanView
from funding.summaries import funds


class FundDetail(PlanView):
    """By year and contributor what was stated, due, paid and is outstanding; spending; figures reported elsewhere."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "fund.html", {"page": self.page, "funds": funds(self.page)})
