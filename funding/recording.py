"""The pages in which a manager records a payment, a refund or spending; each says first what it
will change.
"""

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from commitments.models import Action, Entry
from commitments.views.recording import RecordingView
from funding import services
from funding.forms import MoneyForm, PaymentForm, SpendingForm
from funding.instalments import InstalmentOnDay, currencies_of, instalments_on
from funding.models import Contribution, Fund
from funding.permissions import can_record_payment, can_record_spending
from funding.totals import money_entries, sum_by_currency


class MoneyView(RecordingView):
    """Records money about a contribution or a fund."""

    def get_form_kwargs(self) -> dict[str, object]:
        return {
            **super().get_form_kwargs(),
            "plan": self.page.plan,
            "by": self.request.user.pk,
            "currencies": currencies_of(instalments_on(self.page)),
        }

    def get_success_url(self) -> str:
        return self.page.url("fund")

    def arguments(self, form: Any, *names: str) -> dict[str, Any]:
        names = ("amount", "currency", "effective", "note", "source", *names)
        return {
            **super().arguments(form, *names),
            "plan": self.page.plan,
            "evidence": form.evidence,
        }


class RecordPayment(MoneyView):
    template_name = "funding/payment.html"
    form_class = PaymentForm

    @cached_property
    def subject(self) -> Contribution:
        contributions = Contribution.objects.select_related("fund")
        contribution = get_object_or_404(contributions, plan=self.page.plan, ref=self.kwargs["ref"])
        if not can_record_payment(self.page.rights, contribution, self.page.plan):
            raise PermissionDenied
        return contribution

    def get_form_kwargs(self) -> dict[str, object]:
        return {**super().get_form_kwargs(), "instalments": self._instalments()}

    def record(self, form: MoneyForm, newest_seen: int | None) -> Entry:
        arguments = self.arguments(form, "kind", "instalment")
        return services.record_money(ref=self.subject.ref, seen=newest_seen, **arguments)

    def outcome(self, form: MoneyForm) -> InstalmentOnDay:
        number = form.cleaned_data["instalment"]
        return next(row for row in self._instalments() if row.number == number)

    def _instalments(self) -> list[InstalmentOnDay]:
        instalments = instalments_on(self.page)
        return [instalment for instalment in instalments if instalment.ref == self.subject.ref]


class RecordSpending(MoneyView):
    template_name = "funding/spending.html"
    form_class = SpendingForm

    @cached_property
    def subject(self) -> Fund:
        if not can_record_spending(self.page.rights):
            raise PermissionDenied
        return get_object_or_404(Fund, plan=self.page.plan, code=self.kwargs["code"])

    def get_form_kwargs(self) -> dict[str, object]:
        return {
            **super().get_form_kwargs(),
            "purposes": self.subject.purposes.all(),
            "actions": Action.objects.filter(plan=self.page.plan),
        }

    def record(self, form: MoneyForm, newest_seen: int | None) -> Entry:
        return services.record_money(kind="spent", **self.arguments(form, "purpose", "ref"))

    def outcome(self, form: MoneyForm) -> dict[str, object]:
        purpose = form.cleaned_data["purpose"]
        entries = [entry for entry in money_entries(self.page, "spent") if entry.words == purpose]
        return {"spent": sum_by_currency(entries)}
