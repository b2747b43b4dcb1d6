"""Accounts and invitations, for administrators; for anybody else these pages do not exist."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from actionplan.accounts import admin_services, invitations, second_factor, sessions
from actionplan.accounts.administrators import AdministratorRequired
from actionplan.accounts.audit_log import log
from actionplan.accounts.forms import AddressForm, InviteForm, MembershipForm
from actionplan.models import Invitation, User
from commitments.models import Plan
from commitments.views.form_page import FormPageView

PAGE_SIZE = 50
MAX_SEARCH_LENGTH = 100


class AdministratorView(AdministratorRequired):
    """`by` is the administrator, who does nothing to their own account."""

    @property
    def by(self) -> User:
        assert self.request.user.is_authenticated
        return self.request.user

    def handle_no_permission(self) -> HttpResponseRedirect:
        if self.request.user.is_authenticated:
            log.warning("refused", user=self.request.user.pk, path=self.request.path)
            raise Http404
        return super().handle_no_permission()

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except admin_services.NotYourself:
            messages.error(
                request, _("This is your own account: another administrator can do that.")
            )
            return redirect("account-detail", self.by.pk)


def list_accounts() -> QuerySet[User]:
    """All that are not erased, each with `has_factor` and its memberships."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.FACTOR_TYPES)
    accounts = User.objects.not_erased().annotate(has_factor=Exists(factors))
    return accounts.prefetch_related("memberships__plan", "memberships__bodies").order_by(
        "-is_active", "email"
    )


def get_account(pk: int) -> User:
    return get_object_or_404(list_accounts(), pk=pk)


class AccountList(AdministratorView):
    def get(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL refuses a text that holds a zero byte
        text = request.GET.get("q", "").replace("\0", "").strip()[:MAX_SEARCH_LENGTH]
        accounts = list_accounts().filter(Q(email__icontains=text) | Q(post__icontains=text))
        context = {
            "page_obj": Paginator(accounts, PAGE_SIZE).get_page(request.GET.get("page")),
            "text": text,
            "invitations": Invitation.objects.select_related("plan").order_by("email"),
        }
        return render(request, "actionplan/accounts.html", context)


class Invite(AdministratorView, FormPageView[InviteForm]):
    """Where there are several plans, one is chosen first: the form has its sides and organisations."""

    template_name = "actionplan/invite.html"
    form_class = InviteForm

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if len(self._plans()) > 1:
            plans = Plan.objects.all()
            return render(request, "actionplan/invite_to_plan.html", {"choices": plans})
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "plans": self._plans()}

    def _plans(self) -> list[Plan]:
        """The plan that was chosen, or all plans."""
        slug = self.request.GET.get("plan")
        if slug:
            return [get_object_or_404(Plan, slug=slug)]
        return list(Plan.objects.all())

    def form_valid(self, form: InviteForm) -> HttpResponse:
        invitation = invitations.invite(by=self.by, **form.cleaned_data)
        send_invitation(self.request, invitation, by=self.by)
        return redirect("accounts")


class ResendInvitation(AdministratorView):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        send_invitation(request, get_object_or_404(Invitation, pk=pk), by=self.by)
        return redirect("accounts")


class RevokeInvitation(AdministratorView):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        invitations.revoke(get_object_or_404(Invitation, pk=pk), by=self.by)
        messages.success(request, _("The invitation is revoked: its link no longer works."))
        return redirect("accounts")


def send_invitation(request: HttpRequest, invitation: Invitation, *, by: User) -> None:
    """Send it, and say on the next page whether it left."""
    if invitations.send(invitation, by=by):
        messages.success(
            request, _("The invitation is on its way; the link works once, within 7 days.")
        )
    else:
        messages.error(
            request, _("The mail could not be handed over: send the invitation again later.")
        )


class AccountDetail(AdministratorView):
    """One account with its rights, a form for each plan."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._show(get_account(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = get_account(pk)
        plan = Plan.objects.filter(slug=request.POST.get("plan", "").replace("\0", "")).first()
        if plan is None:
            raise BadRequest(_("Choose a plan."))
        form = MembershipForm(request.POST, plan=plan, user=user)
        if not form.is_valid():
            return self._show(user, form)
        admin_services.set_membership(user, plan, by=self.by, **form.cleaned_data)
        messages.success(request, _("Rights updated."))
        return redirect("account-detail", pk)

    def _show(self, user: User, invalid: MembershipForm | None = None) -> HttpResponse:
        forms = {plan: MembershipForm(plan=plan, user=user) for plan in Plan.objects.all()}
        if invalid:
            forms[invalid.plan] = invalid
        context = {
            "account": user,
            "forms": list(forms.values()),
            "form": invalid,
            "sessions": sessions.list_open(user),
        }
        status = 422 if invalid else 200
        return render(self.request, "actionplan/account_detail.html", context, status=status)


class CorrectAccount(AdministratorView, FormPageView[AddressForm]):
    """Its address, with a mail to the old one and the new one, and its post."""

    template_name = "actionplan/account_correct.html"
    form_class = AddressForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": get_account(self.kwargs["pk"])}

    def form_valid(self, form: AddressForm) -> HttpResponse:
        user = form.user
        email = form.cleaned_data["email"]
        post = form.cleaned_data["post"]
        admin_services.change_post(user, post=post, by=self.by)
        if email == user.email:
            messages.success(self.request, _("Saved."))
        elif admin_services.change_address(user, email=email, by=self.by):
            messages.success(
                self.request, _("The address is changed. The old one and the new one are told.")
            )
        else:
            messages.error(
                self.request,
                _("The address is changed, but the mail about it could not be handed over."),
            )
        return redirect("account-detail", user.pk)


class Act(AdministratorView):
    """Disable, enable, end the sessions, take all second factors away."""

    SERVICES = {
        "disable": admin_services.disable,
        "enable": admin_services.enable,
        "end": admin_services.end_sessions,
        "factors": admin_services.reset_factors,
    }

    def post(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        user = get_account(pk)
        if act not in self.SERVICES:
            raise Http404
        self.SERVICES[act](user, by=self.by)
        messages.success(request, _("Done."))
        return redirect("account-detail", pk)


class Erase(AdministratorView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return render(request, "actionplan/account_erase.html", {"account": get_account(pk)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        admin_services.erase(get_account(pk), by=self.by)
        messages.success(
            request, _("The account is erased. Its entries stay in the register, without a post.")
        )
        return redirect("accounts")
