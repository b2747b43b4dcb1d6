"""My tokens: made, shown once, and revoked."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actionplan.api_tokens import tokens
from actionplan.models import Token, User
from commitments.pages.base import PlanView
from commitments.register.permissions import can_manage_webhooks


def lifetime_choices() -> list[tuple[int, str]]:
    return [
        (days, ngettext("%(n)s day", "%(n)s days", days) % {"n": days}) for days in tokens.LIFETIMES
    ]


class TokenForm(forms.Form):
    purpose = forms.ChoiceField(label=gettext_lazy("What for"), choices=Token.Purpose.choices)
    label = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Such as the program or machine that uses it."),
        max_length=60,
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"),
        choices=lifetime_choices,
        coerce=int,
        initial=tokens.LIFETIMES[-1],
    )


class Tokens(PlanView):
    @property
    def _user(self) -> User:
        user = self.request.user
        assert user.is_authenticated
        return user

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(TokenForm(initial=request.GET.dict()))

    def post(self, request: HttpRequest) -> HttpResponse:
        if "revoke" in request.POST:
            return self._revoke(request.POST["revoke"])
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            secret = self._create(request, form.cleaned_data)
        except ReauthenticationRequired:
            return self._confirm_first(form.cleaned_data)
        except tokens.TooManyTokens:
            text = _("You have %(n)s tokens, and that is the most: revoke one.")
            form.add_error(None, text % {"n": tokens.MAX_TOKENS})
            return self._show(form, status=422)
        purpose = form.cleaned_data["purpose"]
        address = self._address(purpose)
        return self._show(TokenForm(), secret=secret, purpose=purpose, address=address)

    # a token outlives the session that makes it
    @method_decorator(reauthentication_required(app="actionplan"))
    def _create(self, request: HttpRequest, fields: dict[str, Any]) -> str:
        page = self.page
        return tokens.create(by=self._user, plan=page.plan, today=page.today, **fields)

    def _confirm_first(self, fields: dict[str, Any]) -> HttpResponse:
        """Ask for the password or a code, and come back to the form as it was filled in."""
        messages.info(
            self.request,
            _("Once you have confirmed that it is you, the form opens as you filled it in."),
        )
        back = self.page.url("tokens", **fields)
        query = urlencode({"next": back})
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{query}")

    def _revoke(self, number: str) -> HttpResponse:
        for token in Token.objects.filter(user=self._user):
            if str(token.pk) == number:
                token.delete()
                messages.success(
                    self.request, _("The token is revoked; what used it is refused from now on.")
                )
        return HttpResponseRedirect(self.page.url("tokens"))

    def _address(self, purpose: str) -> str:
        """The address that a token of this purpose opens, without a day."""
        name = next(name for name, opened_by in tokens.PURPOSES.items() if opened_by == purpose)
        path = self.page.url(name).partition("?")[0]
        return settings.SITE_URL + path

    def _show(self, form: TokenForm, status: int = 200, **context: object) -> HttpResponse:
        page = self.page
        context |= {
            "page": page,
            "form": form,
            "can_manage_webhooks": can_manage_webhooks(page.rights),
            "tokens": Token.objects.filter(user=self._user, plan=page.plan),
        }
        response = render(self.request, "actionplan/tokens.html", context, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response
