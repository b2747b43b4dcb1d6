"""The page of webhooks: addresses are added, tested, switched off and removed; the last deliveries."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionplan.models import User, Webhook, WebhookDelivery
from actionplan.webhooks import services
from actionplan.webhooks.addresses import ForbiddenNetwork, NoAddress, read_address
from commitments.pages.base import PlanView
from commitments.register.permissions import can_manage_webhooks

DELIVERIES_SHOWN = 30


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Such as https://example.org/actionplan"),
        max_length=500,
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            read_address(url)
        except NoAddress:
            raise forms.ValidationError(
                _("Enter an address that begins with https://, without a name, password or “#”.")
            ) from None
        except ForbiddenNetwork:
            raise forms.ValidationError(
                _("This address is in a private network, to which nothing is delivered.")
            ) from None
        return url


class Webhooks(PlanView):
    def get(self, request: HttpRequest) -> HttpResponse:
        self._check_permission()
        return self._show(WebhookForm())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        self._check_permission()
        acts = {
            "switch": self._switch,
            "remove": self._remove,
            "test": self._test,
            "resend": self._resend,
        }
        for name, act in acts.items():
            if name in request.POST:
                act(self._webhook(request.POST.get("webhook", "")))
                return HttpResponseRedirect(self.page.url("webhooks"))
        return self._add()

    def _check_permission(self) -> None:
        if not can_manage_webhooks(self.page.rights):
            raise PermissionDenied

    @property
    def _user(self) -> User:
        user = self.request.user
        assert user.is_authenticated
        return user

    def _webhook(self, number: str) -> Webhook:
        for webhook in services.webhooks_of(self.page.rights, self.page.plan):
            if str(webhook.pk) == number:
                return webhook
        raise Http404

    def _add(self) -> HttpResponse:
        form = WebhookForm(self.request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        page = self.page
        url = form.cleaned_data["url"]
        try:
            secret = services.add(plan=page.plan, side=page.rights.side, url=url, by=self._user)
        except services.TooManyWebhooks:
            text = _("There are %(n)s addresses, and that is the most: remove one.")
            form.add_error(None, text % {"n": services.MAX_WEBHOOKS})
            return self._show(form, status=422)
        return self._show(WebhookForm(), secret=secret)

    def _switch(self, webhook: Webhook) -> None:
        active = self.request.POST["switch"] == "on"
        services.switch(webhook, active=active, by=self._user)
        if active:
            messages.success(self.request, _("The address hears of what is recorded from now on."))
        else:
            messages.success(self.request, _("Nothing is delivered to this address any more."))

    def _remove(self, webhook: Webhook) -> None:
        services.remove(webhook, by=self._user)
        messages.success(self.request, _("The address is removed, and its secret with it."))

    def _test(self, webhook: Webhook) -> None:
        services.send_test(webhook, by=self._user)
        messages.success(self.request, _("A test is on its way: reload this page in a minute."))

    def _resend(self, webhook: Webhook) -> None:
        try:
            delivery = UUID(self.request.POST["resend"])
        except ValueError:
            raise Http404 from None
        services.resend(webhook, delivery, by=self._user)
        messages.success(
            self.request, _("It is delivered once more: reload this page in a minute.")
        )

    def _show(self, form: WebhookForm, status: int = 200, secret: str = "") -> HttpResponse:
        page = self.page
        webhooks = services.webhooks_of(page.rights, page.plan)
        deliveries = WebhookDelivery.objects.filter(webhook__in=webhooks)
        context = {
            "page": page,
            "form": form,
            "secret": secret,
            "webhooks": webhooks,
            "deliveries": deliveries.select_related("webhook")[:DELIVERIES_SHOWN],
        }
        response = render(self.request, "actionplan/webhooks.html", context, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response
