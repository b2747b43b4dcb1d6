"""Signing in, one's own account, and the way in by an invitation."""

from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.account.models import Login
from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST

from actionplan.accounts import invitations, oidc, second_factor, sessions
from actionplan.accounts.audit_log import log
from actionplan.accounts.forms import Join
from actionplan.local import samples
from commitments.pages import labels


def organisations(only: str = "") -> list[dict[str, str]]:
    """Those sides whose people can sign in with their organisation."""
    return [
        {"side": side.lower(), "label": labels.side(side)}
        for side in settings.OIDC
        if only in ("", side)
    ]


class SignIn(account.LoginView):
    template_name = "actionplan/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {
            "sample_accounts": samples.accounts_to_show(self.request),
            "organisations": organisations(),
        }
        return {**super().get_context_data(**kwargs), **more}

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(
            self.get_context_data(form=form), status=422
        )
        return response


class MyAccount(LoginRequiredMixin, View):
    """What somebody may look after themselves: password, second factor, organisation, sessions."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        links = list(SocialAccount.objects.filter(user=user))
        linked = {link.provider for link in links}
        context = {
            "sessions": sessions.of(user),
            "this": request.session.get("opened"),
            "has_factor": second_factor.has_one(user),
            "needs_factor": second_factor.is_required(user),
            "links": [
                {"pk": link.pk, "label": labels.side(link.provider.upper())} for link in links
            ],
            "organisations": [found for found in organisations() if found["side"] not in linked],
            "memberships": user.memberships.select_related("plan").prefetch_related("bodies"),
        }
        return render(request, "actionplan/account.html", context)


@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """One of one's own, or all but this."""
    user: Any = request.user
    found = user.open_sessions.exclude(pk=request.session.get("opened"))
    wanted = request.POST.get("session", "")
    if wanted:
        found = found.filter(
            pk=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
        )
    sessions.end(found)
    log.info("own_sessions_ended", user=user.pk)
    messages.success(request, _("Ended: who uses that browser must sign in again."))
    return redirect("account")


@login_required
@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    link = get_object_or_404(SocialAccount, user=user, pk=pk)
    raise_if_reauthentication_required(request, app="allauth.socialaccount")
    if user.has_usable_password() or SocialAccount.objects.filter(user=user).count() > 1:
        link.delete()
        log.info("organisation_unlinked", user=user.pk)
        messages.success(request, _("You no longer sign in with that organisation."))
    else:
        messages.error(
            request, _("This is your only way to sign in: an administrator can invite you again.")
        )
    return redirect("account")


@method_decorator(login_required, name="dispatch")
class ChangePassword(account.PasswordChangeView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_usable_password():  # type: ignore[union-attr]
            return redirect("account")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


@method_decorator(login_required, name="dispatch")
class SecondFactor(IndexView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        must = second_factor.is_required(self.request.user) and not second_factor.is_proven(
            self.request
        )
        return {**super().get_context_data(**kwargs), "must_have_factor": must}


class RemovePasskey(RemoveWebAuthnView):
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        found: Authenticator = self.get_object()
        if not second_factor.may_remove(found):
            messages.error(
                self.request, _("Your role requires a second factor: set up another one first.")
            )
            return redirect("mfa_index")
        response: HttpResponse = super().form_valid(form)
        return response


class Invited(View):
    """The page that an invitation's link opens: a password, or the organisation's own sign-in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.invitation = invitations.find(kwargs["token"])
        if self.invitation is None:
            return render(request, "actionplan/invitation_over.html", status=404)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        assert self.invitation
        if side := request.POST.get("organisation"):
            request.session["invitation"] = token
            return oidc.leave(request, side)
        form = Join(request.POST, invitation=self.invitation)
        if not form.is_valid():
            return self._show(request, form)
        user = invitations.accept(token, password=form.cleaned_data["password1"])
        if user is None:
            return render(request, "actionplan/invitation_over.html", status=404)
        record_authentication(request, user, "password")
        return perform_login(request, Login(user=user))  # type: ignore[no-any-return]

    def _show(self, request: HttpRequest, form: Join | None = None) -> HttpResponse:
        assert self.invitation
        context = {
            "invitation": self.invitation,
            "form": form or Join(invitation=self.invitation),
            "organisations": organisations(self.invitation.side),
        }
        return render(request, "actionplan/invitation.html", context, status=422 if form else 200)
