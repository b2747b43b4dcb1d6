"""My tokens: made, shown once, and revoked."""

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actionplan.api_tokens import tokens
from actionplan.models import Token, User
from commitments.pages.base import PlanView


def lifetimes() -> list[tuple[int, str]]:
    return [
        (days, ngettext("%(n)s day", "%(n)s days", days) % {"n": days}) for days in tokens.LIFETIMES
    ]


class TokenForm(forms.Form):
    purpose = forms.ChoiceField(label=gettext_lazy("What for"), choices=Token.Purpose.choices)
    label = forms.CharField(
        label=gettext_lazy("Name, to know it again"),
        help_text=gettext_lazy("Such as the program or machine that uses it."),
        max_length=60,
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"), choices=lifetimes, coerce=int, initial=tokens.LIFETIMES[-1]
    )


class Tokens(PlanView):
    def get(self, request: HttpRequest) -> HttpResponse:
        given = {name: text for name, text in request.GET.items() if name in TokenForm.base_fields}
        return self._show(TokenForm(initial=given))

    def post(self, request: HttpRequest) -> HttpResponse:
        if "revoke" in request.POST:
            return self._revoke(request.POST["revoke"])
        form = TokenForm(request.POST)
        if form.is_valid() and is_reauthentication_required(request, app="actionplan"):
            return self._confirm(form)
        if form.is_valid():
            try:
                secret = tokens.make(
                    by=cast(User, self.request.user),
                    plan=self.page.plan,
                    today=self.page.today,
                    **form.cleaned_data,
                )
            except tokens.TooMany:
                form.add_error(
                    None,
                    _("You have %(n)s tokens, and that is the most: revoke one.")
                    % {"n": tokens.MOST},
                )
            else:
                return self._show(
                    TokenForm(),
                    secret=secret,
                    uses=self._uses(form.cleaned_data["purpose"], secret),
                )
        return self._show(form, status=422)

    def _confirm(self, form: TokenForm) -> HttpResponse:
        """A token outlives the session that makes it: first the password or a code, then the form
        as it was.
        """
        back = self.page.url("tokens", **form.cleaned_data)
        messages.info(
            self.request,
            _("Once you have confirmed that it is you, the form opens as you filled it in."),
        )
        return HttpResponseRedirect(
            f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"
        )

    def _revoke(self, number: str) -> HttpResponse:
        known = number.isascii() and number.isdigit() and len(number) < 19
        if known and tokens.revoke(by=cast(User, self.request.user), number=int(number)):
            messages.success(
                self.request, _("The token is revoked; what used it is refused from now on.")
            )
        return HttpResponseRedirect(self.page.url("tokens"))

    def _uses(self, purpose: str, secret: str) -> list[tuple[str, str]]:
        """How the new token is used: a label and an address or a line each."""
        page = self.page

        def address(name: str, **query: str) -> str:
            path = page.url(name).partition("?")[0]
            return (
                settings.SITE_URL
                + path
                + "".join(f"{'&' if n else '?'}{k}={v}" for n, (k, v) in enumerate(query.items()))
            )

        if purpose == Token.Purpose.CALENDAR:
            return [
                (_("All deadlines of the plan"), address("calendar", token=secret)),
                (_("Only what is asked of my bodies"), address("calendar", token=secret, mine="1")),
            ]
        if purpose == Token.Purpose.REGISTER:
            return [(_("Address of the feed"), address("register-feed", token=secret))]
        return [
            (_("In a terminal"), f'curl -H "Authorization: Bearer {secret}" {address("status")}')
        ]

    def _show(self, form: TokenForm, status: int = 200, **more: Any) -> HttpResponse:
        page = self.page
        mine = Token.objects.filter(user=self.request.user.pk, plan=page.plan)
        context = {"page": page, "form": form, "tokens": mine, **more}
        response = render(self.request, "actionplan/tokens.html", context, status=status)
        response["Cache-Control"] = "no-store"
        return response
