"""The pages in which a manager records a payment, a refund or spending; each says first what it
will change.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from commitments.models import Action, Entry
from commitments.views.recording import RecordingView
from funding import services
from funding.forms import MoneyForm, PaymentForm, SpendingForm
from funding.instalments import InstalmentOnDay, instalments_on
from funding.models import Contribution, Fund
from funding.permissions import can_record_payment, can_record_spending
from funding.totals import spending_entries, sum_by_currency


class MoneyView(RecordingView):
    """Records money about a contribution or a fund."""

    def context(self, subject: Any) -> dict[str, Any]:
        return {"subject": subject}

    def done(self, subject: Any) -> str:
        return self.page.url("fund")

    def paid(self, form: MoneyForm, *names: str) -> dict[str, Any]:
        said = self.said(form, "amount", "currency", "effective", "note", "source", *names)
        return {"files": form.evidence, **said}


class RecordPayment(MoneyView):
    template = "funding/payment.html"

    def subject(self, key: str) -> Contribution:
        found = get_object_or_404(
            Contribution.objects.select_related("plan", "fund"), plan=self.page.plan, ref=key
        )
        if not can_record_payment(self.page.rights, found, self.page.plan):
            raise PermissionDenied
        return found

    def lines(self, ref: str) -> list[InstalmentOnDay]:
        return [line for line in instalments_on(self.page) if line.ref == ref]

    def form(self, subject: Contribution, *data: Any) -> PaymentForm:
        lines = self.lines(subject.ref)
        unpaid = next((line.number for line in lines if any(line.outstanding.values())), None)
        return PaymentForm(
            *data,
            plan=self.page.plan,
            by=self.request.user.pk,
            lines=lines,
            seen=self.seen(subject.ref),
            initial=self.initial(instalment=unpaid),
        )

    def record(self, subject: Contribution, form: MoneyForm, seen: int | None) -> Entry:
        return services.record_payment(
            contribution=subject, seen=seen, **self.paid(form, "kind", "instalment")
        )

    def look(self, subject: Contribution, form: MoneyForm) -> InstalmentOnDay:
        (line,) = [
            line
            for line in self.lines(subject.ref)
            if line.number == form.cleaned_data["instalment"]
        ]
        return line


class RecordSpending(MoneyView):
    template = "funding/spending.html"

    def subject(self, key: str) -> Fund:
        if not can_record_spending(self.page.rights):
            raise PermissionDenied
        return get_object_or_404(
            Fund.objects.prefetch_related("purposes"), plan=self.page.plan, code=key
        )

    def form(self, subject: Fund, *data: Any) -> SpendingForm:
        return SpendingForm(
            *data,
            plan=self.page.plan,
            by=self.request.user.pk,
            purposes=list(subject.purposes.all()),
            actions=list(Action.objects.filter(plan=self.page.plan)),
            initial=self.initial(),
        )

    def record(self, subject: Fund, form: MoneyForm, seen: int | None) -> Entry:
        return services.record_spending(plan=self.page.plan, **self.paid(form, "purpose", "ref"))

    def look(self, subject: Fund, form: MoneyForm) -> dict[str, Any]:
        mine = [
            entry
            for entry in spending_entries(self.page)
            if entry.words == form.cleaned_data["purpose"]
        ]
        return {"spent": sum_by_currency(mine)}
