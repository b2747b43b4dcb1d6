"""Signing in, one's own account, and the way in by an invitation."""

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.account.utils import perform_login
from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST

from actionplan.accounts import (
    admin_services,
    invitations,
    oidc,
    password_reset,
    second_factor,
    sessions,
)
from actionplan.accounts.allauth_internals import record_authentication
from actionplan.accounts.audit_log import log
from actionplan.accounts.forms import JoinForm, PostForm
from actionplan.local import samples
from actionplan.models import User


class SignIn(account.LoginView):
    template_name = "actionplan/sign_in.html"

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context_data(**kwargs)
        context["sample_accounts"] = samples.accounts_to_show(self.request)
        context["organisations"] = list(settings.OIDC)
        return context

    def form_invalid(self, form: object) -> HttpResponse:
        response: HttpResponse = self.render_to_response(
            self.get_context_data(form=form), status=422
        )
        return response


class MyAccount(LoginRequiredMixin, View):
    """What somebody may look after themselves: post, password, second factor, organisation,
    sessions.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        assert request.user.is_authenticated
        return self._show(request.user, PostForm(initial={"post": request.user.post}))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        assert user.is_authenticated
        form = PostForm(request.POST)
        if not form.is_valid():
            return self._show(user, form, status=422)
        admin_services.change_post(user, post=form.cleaned_data["post"], by=user)
        messages.success(
            request,
            _("Your post is changed, also with what you recorded before. The register says so."),
        )
        return redirect("account")

    def _show(self, user: User, form: PostForm, status: int = 200) -> HttpResponse:
        links = SocialAccount.objects.filter(user=user)
        linked_sides = {link.provider.upper() for link in links}
        context = {
            "form": form,
            "browsers": {
                session: sessions.describe_browser(session.user_agent)
                for session in sessions.list_open(user)
            },
            "has_factor": second_factor.has_one(user),
            "needs_factor": second_factor.is_required(user),
            "links": links,
            "organisations": [side for side in settings.OIDC if side not in linked_sides],
        }
        return render(self.request, "actionplan/account.html", context, status=status)


@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all but this one."""
    user = request.user
    assert user.is_authenticated
    chosen = request.POST.get("session", "")
    for session in sessions.list_open(user):
        if not session.is_current() and chosen in ("", str(session.pk)):
            session.end()
    log.info("own_sessions_ended", user=user.pk)
    messages.success(request, _("Ended: who uses that browser must sign in again."))
    return redirect("account")


@login_required
@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether the link is the account's own is checked first, so that nobody is asked to confirm
    who they are for a link of somebody else.
    """
    link = get_object_or_404(SocialAccount, user=request.user, pk=pk)
    response: HttpResponse = _remove_link(request, link)
    return response


@reauthentication_required(app="allauth.socialaccount")
def _remove_link(request: HttpRequest, link: SocialAccount) -> HttpResponse:
    user: User = link.user
    others = SocialAccount.objects.filter(user=user).exclude(pk=link.pk)
    if user.has_usable_password() or others.exists():
        link.delete()
        log.info("organisation_unlinked", user=user.pk)
        messages.success(request, _("You no longer sign in with that organisation."))
    else:
        messages.error(
            request, _("This is your only way to sign in: an administrator can invite you again.")
        )
    return redirect("account")


class NewPassword(account.PasswordResetFromKeyView):
    """The link of a forgotten password. Of two who use it at once, one is told that it is over."""

    def dispatch(
        self, request: HttpRequest, uidb36: str, key: str, **kwargs: object
    ) -> HttpResponseBase:
        with transaction.atomic():
            password_reset.lock_account(uidb36)
            response: HttpResponseBase = super().dispatch(request, uidb36, key, **kwargs)
            return response


class SecondFactor(IndexView):
    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context_data(**kwargs)
        is_required = second_factor.is_required(self.request.user)
        context["must_have_factor"] = is_required and not second_factor.is_proven(self.request)
        return context


class RemovePasskey(RemoveWebAuthnView):
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: object) -> HttpResponse:
        authenticator: Authenticator = self.get_object()
        if not second_factor.may_remove(authenticator):
            messages.error(
                self.request, _("Your role requires a second factor: set up another one first.")
            )
            return redirect("mfa_index")
        response: HttpResponse = super().form_valid(form)
        return response


class Join(View):
    """The page that an invitation's link opens: a password, or the organisation's own sign-in."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        invitation = invitations.find(str(kwargs["token"]))
        if invitation is None:
            return self._answer_over(request)
        self.invitation = invitation
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request, JoinForm(invitation=self.invitation))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        side = request.POST.get("organisation")
        if side:
            request.session["invitation"] = token
            return oidc.leave(request, side)
        form = JoinForm(request.POST, invitation=self.invitation)
        if not form.is_valid():
            return self._show(request, form, status=422)
        user = invitations.accept(token, password=form.cleaned_data["password1"])
        if user is None:
            return self._answer_over(request)
        record_authentication(request, user, "password")
        response: HttpResponse = perform_login(request, user)
        return response

    def _show(self, request: HttpRequest, form: JoinForm, status: int = 200) -> HttpResponse:
        side = self.invitation.side
        context = {
            "invitation": self.invitation,
            "form": form,
            "organisations": [code for code in settings.OIDC if side in ("", code)],
        }
        return render(request, "actionplan/invitation.html", context, status=status)

    def _answer_over(self, request: HttpRequest) -> HttpResponse:
        return render(request, "actionplan/invitation_over.html", status=404)
