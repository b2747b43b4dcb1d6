"""The pages in which a manager records a payment, a refund or spending; each says first what it will change."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from commitments.models import Action, Entry
from commitments.recording import RecordingView
from funding import services
from funding.forms import PaymentForm, SpendingForm
from funding.instalments import InstalmentLine, instalments
from funding.models import Contribution, Fund
from funding.summaries import added, spending


class RecordPayment(RecordingView):
    template = "funding/payment.html"

    def contribution(self, ref: str) -> Contribution:
        found = get_object_or_404(Contribution.objects.select_related("plan", "fund"), plan=self.page.plan, ref=ref)
        if not services.may_pay(self.page.membership, found):
            raise PermissionDenied
        return found

    def lines(self, ref: str) -> list[InstalmentLine]:
        return [line for line in instalments(self.page) if line.row.obligation.ref == ref]

    def form(self, contribution: Contribution, data: Any = None) -> PaymentForm:
        lines = self.lines(contribution.ref)
        open_lines = [line.number for line in lines if any(line.outstanding.values())]
        initial = {"day": self.page.today, "instalment": open_lines[0] if open_lines else None}
        return PaymentForm(
            data,
            lines=lines,
            adopted_on=self.page.plan.adopted_on,
            seen=self.seen(contribution.ref),
            initial=initial,
        )

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        contribution = self.contribution(ref)
        context = {"page": self.page, "contribution": contribution, "form": self.form(contribution)}
        return render(request, self.template, context)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        contribution = self.contribution(ref)
        form = self.form(contribution, request.POST)

        def record(seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.record_payment(
                contribution=contribution,
                kind=data["kind"],
                instalment=data["instalment"],
                amount=data["amount"],
                currency=data["currency"],
                effective=data["effective"],
                by=self.page.user,
                now=self.moment(),
                key=data["key"],
                seen=seen,
                note=data["note"],
                source=data["source"],
            )

        def look() -> InstalmentLine:
            (line,) = [line for line in self.lines(ref) if line.number == form.cleaned_data["instalment"]]
            return line

        return self.handle(request, form, record, look, self.page.url("fund"), contribution=contribution)


class RecordSpending(RecordingView):
    template = "funding/spending.html"

    def fund(self, code: str) -> Fund:
        if not services.may_spend(self.page.membership):
            raise PermissionDenied
        return get_object_or_404(Fund.objects.prefetch_related("purposes"), plan=self.page.plan, code=code)

    def form(self, fund: Fund, data: Any = None) -> SpendingForm:
        return SpendingForm(
            data,
            purposes=list(fund.purposes.all()),
            actions=list(Action.objects.filter(plan=self.page.plan)),
            adopted_on=self.page.plan.adopted_on,
            initial={"day": self.page.today},
        )

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        fund = self.fund(code)
        return render(request, self.template, {"page": self.page, "fund": fund, "form": self.form(fund)})

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        fund = self.fund(code)
        form = self.form(fund, request.POST)

        def record(_seen: int | None) -> Entry:
            data = form.cleaned_data
            return services.record_spending(
                plan=self.page.plan,
                purpose=data["purpose"],
                ref=data["ref"],
                amount=data["amount"],
                currency=data["currency"],
                effective=data["effective"],
                by=self.page.user,
                now=self.moment(),
                key=data["key"],
                note=data["note"],
                source=data["source"],
            )

        def look() -> dict[str, Any]:
            mine = [entry for entry in spending(self.page) if entry.words == form.cleaned_data["purpose"]]
            return {"spent": added(mine)}

        return self.handle(request, form, record, look, self.page.url("fund"), fund=fund)
