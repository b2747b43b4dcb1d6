"""Accounts and invitations, for administrators; for anybody else these pages do not exist."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from actionplan.accounts import admin_services, invitations, second_factor, sessions
from actionplan.accounts.audit_log import log
from actionplan.accounts.forms import InviteForm, MembershipForm
from actionplan.models import Invitation, User
from commitments.models import Plan

PAGE = 50


class ForAdministrators(AccessMixin, View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not request.user.is_superuser:
            log.warning("refused", user=request.user.pk, path=request.path)
            raise Http404
        self.by: User = request.user
        return super().dispatch(request, *args, **kwargs)


def accounts() -> Any:
    real = Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.REAL)
    found = User.objects.exclude(email__endswith="@erased.invalid").annotate(
        has_factor=Exists(real)
    )
    return found.prefetch_related("memberships__plan", "memberships__bodies").order_by(
        "-is_active", "email"
    )


class AccountList(ForAdministrators):
    def get(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("q", "").replace("\0", "").strip()[:100]
        found = accounts().filter(Q(email__icontains=text) | Q(post__icontains=text))
        context = {
            "page_obj": Paginator(found, PAGE).get_page(request.GET.get("page")),
            "text": text,
            "invitations": Invitation.objects.select_related("plan").order_by("email"),
        }
        return render(request, "actionplan/accounts.html", context)


class Invite(ForAdministrators):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(
            request, "actionplan/invite.html", {"form": InviteForm(plans=list(Plan.objects.all()))}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        form = InviteForm(request.POST, plans=list(Plan.objects.all()))
        if not form.is_valid():
            return render(request, "actionplan/invite.html", {"form": form}, status=422)
        say_sent(request, invitations.invite(by=self.by, **form.cleaned_data), self.by)
        return redirect("accounts")


class Resend(ForAdministrators):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        say_sent(request, get_object_or_404(Invitation, pk=pk), self.by)
        return redirect("accounts")


class Revoke(ForAdministrators):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        invitations.revoke(get_object_or_404(Invitation, pk=pk), by=self.by)
        messages.success(request, _("The invitation is revoked: its link no longer works."))
        return redirect("accounts")


def say_sent(request: HttpRequest, invitation: Invitation, by: User) -> None:
    if invitations.send(invitation, by=by):
        messages.success(
            request, _("The invitation is on its way; the link works once, within 7 days.")
        )
    else:
        messages.error(
            request, _("The mail could not be handed over: send the invitation again later.")
        )


class AccountDetail(ForAdministrators):
    """One account with its rights, a form for each plan."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._show(request, get_object_or_404(accounts(), pk=pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = get_object_or_404(accounts(), pk=pk)
        plan = Plan.objects.filter(slug=request.POST.get("plan", "").replace("\0", "")).first()
        if plan is None:
            raise BadRequest(_("Choose a plan."))
        form = self._form(user, plan, request.POST)
        if not form.is_valid():
            return self._show(request, user, form)
        data = form.cleaned_data
        admin_services.set_membership(
            user, plan, role=data["role"], side=data["side"], bodies=data["bodies"], by=self.by
        )
        messages.success(request, _("The rights are changed, and count from the next page on."))
        return redirect("account-detail", pk)

    def _form(self, user: User, plan: Plan, data: Any = None) -> MembershipForm:
        membership = next((one for one in user.memberships.all() if one.plan_id == plan.pk), None)
        return MembershipForm(
            data, plan=plan, membership=membership, prefix=None, auto_id=f"id_{plan.pk}_%s"
        )

    def _show(
        self, request: HttpRequest, user: User, wrong: MembershipForm | None = None
    ) -> HttpResponse:
        shown = [
            wrong if wrong and wrong.plan == plan else self._form(user, plan)
            for plan in Plan.objects.all()
        ]
        context = {"account": user, "forms": shown, "form": wrong, "sessions": sessions.of(user)}
        return render(
            request, "actionplan/account_detail.html", context, status=422 if wrong else 200
        )


class Act(ForAdministrators):
    """Disable, enable, end the sessions, take all second factors away."""

    ACTS = {
        "disable": admin_services.disable,
        "enable": admin_services.enable,
        "end": admin_services.end_sessions,
        "factors": admin_services.reset_factors,
    }

    def post(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        user = get_object_or_404(accounts(), pk=pk)
        if act not in self.ACTS:
            raise Http404
        try:
            self.ACTS[act](user, by=self.by)
        except admin_services.NotYourself:
            messages.error(
                request, _("This is your own account: another administrator can do that.")
            )
        else:
            messages.success(request, _("Done."))
        return redirect("account-detail", pk)


class Erase(ForAdministrators):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return render(
            request,
            "actionplan/account_erase.html",
            {"account": get_object_or_404(accounts(), pk=pk)},
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            admin_services.erase(get_object_or_404(accounts(), pk=pk), by=self.by)
        except admin_services.NotYourself:
            messages.error(
                request, _("This is your own account: another administrator can do that.")
            )
        else:
            messages.success(
                request,
                _("The account is erased. Its entries stay in the register, without a post."),
            )
        return redirect("accounts")
