"""Forms of signing in, of one's own account, and of an administrator's work on accounts."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from actionplan.accounts import password_reset, second_factor
from actionplan.models import Invitation, User
from actionplan.models.accounts import check_plain_address
from commitments.models import Body, Plan, Role
from commitments.pages import labels

LABELS = {
    "login": _("E-mail address"),
    "email": _("E-mail address"),
    "password": _("Password"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
    "code": _("Code"),
    "name": _("Name of the passkey"),
    "passwordless": _("Also sign in without a password, with this passkey alone"),
}
PASSWORD_HELP = _("At least 12 characters. Try three random words.")
MAX_TEXT_LENGTH = 1000


class OwnWords(forms.Form):
    """A mixin for forms of allauth: gives their fields this site's words and a longest length."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.help_text = PASSWORD_HELP if name == "password1" else ""
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.CharField):
                field.max_length = field.max_length or MAX_TEXT_LENGTH
                field.widget.attrs["maxlength"] = str(field.max_length)


class SignInForm(OwnWords, account.LoginForm):
    def add_prefix(self, field_name: str) -> str:
        """The address is sent under the name that browsers and scripts have always known."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class ConfirmPasswordForm(OwnWords, account.ReauthenticateForm):
    pass


class ChangePasswordForm(OwnWords, account.ChangePasswordForm):
    pass


class NewPasswordForm(OwnWords, account.ResetPasswordKeyForm):
    pass


class ForgottenPasswordForm(OwnWords, account.ResetPasswordForm):
    def clean_email(self) -> str:
        """Accept any address, so that the answer does not tell whether there is such an account."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: object) -> str:
        email = str(self.cleaned_data["email"])
        password_reset.send_later(email, get_language() or settings.LANGUAGE_CODE)
        return email


class SingleUse(forms.Form):
    """A mixin for a form with a code: a right code is accepted once."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if not second_factor.use_code_once(self.user, code):  # type: ignore[attr-defined]
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(SingleUse, OwnWords, mfa.AuthenticateForm):
    pass


class ConfirmCodeForm(SingleUse, OwnWords, mfa.ReauthenticateForm):
    pass


class ActivateAppForm(SingleUse, OwnWords, ActivateTOTPForm):
    pass


class AddPasskeyForm(OwnWords, AddWebAuthnForm):
    pass


class JoinForm(OwnWords, account.ResetPasswordKeyForm):
    """The first password of an account that is being made."""

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        invited = User(email=invitation.email, post=invitation.post)
        super().__init__(*args, user=invited, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password, once more")


class BodiesField(forms.ModelMultipleChoiceField[Body]):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, body: Body) -> str:
        """With its side, unless the name says that itself: Ministère de l’Intérieur (France)."""
        name, side = labels.text(body.name), f"({labels.side(body.side)})"
        return name if name.endswith(side) else f"{name} {side}"


class PlanField(forms.ModelChoiceField[Plan]):
    def label_from_instance(self, plan: Plan) -> str:
        return labels.plan_title(plan)


class RightsForm(forms.Form):
    """A role in a plan, with a side and bodies."""

    role = forms.ChoiceField(label=_("Role"))
    side = forms.ChoiceField(label=_("Side"), required=False)
    bodies = BodiesField(
        Body.objects.none(), label=_("Organisations for which they report"), required=False
    )

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sides = {side for plan in plans for side in plan.sides}
        side_choices = [(side, labels.side(side)) for side in sorted(sides)]
        self.fields["side"].choices = [("", "—"), *side_choices]  # type: ignore[attr-defined]
        bodies = Body.objects.filter(plan__in=plans).order_by("side", "code")
        self.fields["bodies"].queryset = bodies  # type: ignore[attr-defined]

    def check_place(self, plan: Plan) -> None:
        """An official and a manager speak for a side, an official also for bodies of it."""
        data = self.cleaned_data
        if data.get("role") not in (Role.OFFICIAL, Role.MANAGER):
            return
        side = data.get("side")
        bodies = list(data.get("bodies") or [])
        if side not in plan.sides:
            self.add_error(
                "side", _("Choose a side of the plan: an official and a manager speak for one.")
            )
        elif any(body.plan_id != plan.pk or body.side not in (side, "") for body in bodies):
            self.add_error(
                "bodies", _("Choose organisations of the plan and of the chosen side only.")
            )
        elif data["role"] == Role.OFFICIAL and not bodies:
            self.add_error(
                "bodies",
                _("Choose at least one organisation: an official reports for their organisations."),
            )


class MembershipForm(RightsForm):
    """The rights of an account in one plan."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("none: the account does not see this plan")), *Role.choices],
        required=False,
    )

    def __init__(self, *args: Any, plan: Plan, user: User, **kwargs: Any) -> None:
        self.plan = plan
        membership = user.memberships.filter(plan=plan).first()
        if membership:
            kwargs["initial"] = model_to_dict(membership, ["role", "side", "bodies"])
        # a page has a form for each plan
        super().__init__(*args, plans=[plan], auto_id=f"id_{plan.pk}_%s", **kwargs)

    def clean(self) -> None:
        self.check_place(self.plan)


class PostForm(forms.Form):
    post = forms.CharField(
        label=_("Post"),
        max_length=200,
        help_text=_("What pages show in place of a name: “Official of the Home Office”."),
    )


class AddressForm(PostForm):
    """The address and the post of an account that exists."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    field_order = ["email", "post"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        kwargs["initial"] = {"email": user.email, "post": user.post}
        super().__init__(*args, **kwargs)

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        check_plain_address(email)
        if User.objects.filter(email=email).exclude(pk=self.user.pk).exists():
            raise forms.ValidationError(_("Another account has this address."))
        if Invitation.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("This address is invited already: revoke the invitation first.")
            )
        return email


class InviteForm(PostForm, RightsForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[*Role.choices, (Invitation.ADMINISTRATOR, _("administrator"))],
    )
    plan = PlanField(Plan.objects.all(), label=_("Plan"), required=False, empty_label=None)

    field_order = ["email", "post", "language", "plan", "role", "side", "bodies"]

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, plans=plans, **kwargs)
        chosen = Plan.objects.filter(pk__in=[plan.pk for plan in plans])
        self.fields["plan"].queryset = chosen  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        check_plain_address(email)
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("There is an account with this address: change its rights instead.")
            )
        if Invitation.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("This address is invited already: send the invitation again or revoke it.")
            )
        return email

    def clean(self) -> None:
        plan = self.cleaned_data.get("plan")
        if plan:
            self.check_place(plan)
        elif self.cleaned_data.get("role") != Invitation.ADMINISTRATOR:
            self.add_error("plan", _("Choose a plan."))
