"""Forms of signing in, of one's own account, and of an administrator's work on accounts."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from actionplan.accounts import password_reset
from actionplan.models import Invitation, User
from commitments.models import Body, Membership, Plan, Role
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


class Plain:
    """allauth's fields in this site's words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, forms.Field] = self.fields  # type: ignore[attr-defined]
        for name, field in fields.items():
            field.label = LABELS.get(name, field.label)
            field.help_text = ""
            field.widget.attrs.pop("placeholder", None)
            if name == "password1":
                field.help_text = _(
                    "12 characters or more; a few words that do not belong together are good."
                )
            if isinstance(field, forms.CharField):
                field.max_length = field.max_length or 1000
                field.widget.attrs["maxlength"] = str(field.max_length)


class SignIn(Plain, account.LoginForm):
    def add_prefix(self, field_name: str) -> str:
        """The address is sent under the name that browsers and scripts have always known."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


class Confirm(Plain, account.ReauthenticateForm):
    pass


class ChangePassword(Plain, account.ChangePasswordForm):
    pass


class NewPassword(Plain, account.ResetPasswordKeyForm):
    pass


class Forgotten(Plain, account.ResetPasswordForm):
    def clean_email(self) -> str:
        """Without looking whether there is such an account."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = str(self.cleaned_data["email"])
        password_reset.ask(email, get_language() or settings.LANGUAGE_CODE)
        return email


class Code(Plain, mfa.AuthenticateForm):
    pass


class ConfirmCode(Plain, mfa.ReauthenticateForm):
    pass


class ActivateApp(Plain, ActivateTOTPForm):
    pass


class AddPasskey(Plain, AddWebAuthnForm):
    pass


class Join(Plain, account.ResetPasswordKeyForm):
    """The first password of an account that is being made."""

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        self.invited = User(email=invitation.email, post=invitation.post)
        super().__init__(*args, user=self.invited, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password, once more")

    def clean_password1(self) -> str:
        password = str(self.cleaned_data["password1"])
        password_validation.validate_password(password, self.invited)
        return password


class _Bodies(forms.ModelMultipleChoiceField[Body]):
    def label_from_instance(self, body: Any) -> str:
        return f"{labels.text(body.name)} ({labels.side(body.side)})"


class PlaceForm(forms.Form):
    """A role in a plan, with a side and bodies."""

    role = forms.ChoiceField(label=_("Role"))
    side = forms.ChoiceField(label=_("Side"), required=False)
    bodies = _Bodies(
        Body.objects.none(), label=_("Bodies for which they report"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sides = sorted({side for plan in plans for side in plan.sides})
        self.fields["side"].choices = [("", "—"), *((side, labels.side(side)) for side in sides)]  # type: ignore[attr-defined]
        bodies = Body.objects.filter(plan__in=plans).order_by("side", "code")
        self.fields["bodies"].queryset = bodies  # type: ignore[attr-defined]

    def of_plan(self) -> Plan | None:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        plan, role, side = self.of_plan(), data.get("role"), data.get("side")
        bodies = list(data.get("bodies") or [])
        if role not in (Role.OFFICIAL, Role.MANAGER) or plan is None:
            return data
        if side not in plan.sides:
            self.add_error(
                "side", _("Choose a side of the plan: an official and a manager speak for one.")
            )
        elif any(body.plan_id != plan.pk or body.side not in (side, "") for body in bodies):
            self.add_error("bodies", _("Choose bodies of the plan and of the chosen side only."))
        elif role == Role.OFFICIAL and not bodies:
            self.add_error(
                "bodies", _("Choose at least one body: an official reports for their bodies.")
            )
        return data


class MembershipForm(PlaceForm):
    def __init__(
        self, *args: Any, plan: Plan, membership: Membership | None, **kwargs: Any
    ) -> None:
        self.plan = plan
        if membership:
            bodies = list(membership.bodies.all())
            kwargs["initial"] = {"role": membership.role, "side": membership.side, "bodies": bodies}
        super().__init__(*args, plans=[plan], **kwargs)
        self.fields["role"].required = False
        none = ("", _("none: the account does not see this plan"))
        self.fields["role"].choices = [none, *Role.choices]  # type: ignore[attr-defined]

    def of_plan(self) -> Plan:
        return self.plan


class InviteForm(PlaceForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    post = forms.CharField(
        label=_("Post"),
        max_length=200,
        help_text=_("What pages show in place of a name: “Official of the Home Office”."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    plan = forms.ChoiceField(label=_("Plan"), required=False)

    field_order = ["email", "post", "language", "plan", "role", "side", "bodies"]

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, plans=plans, **kwargs)
        self.plans = {str(plan.pk): plan for plan in plans}
        choices = [(pk, labels.text(plan.title)) for pk, plan in self.plans.items()]
        self.fields["plan"].choices = choices  # type: ignore[attr-defined]
        self.fields["role"].choices = Invitation._meta.get_field("role").choices  # type: ignore[attr-defined]

    def of_plan(self) -> Plan | None:
        return self.plans.get(self.cleaned_data.get("plan", ""))

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("There is an account with this address: change its rights instead.")
            )
        if Invitation.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("This address is invited already: send the invitation again or revoke it.")
            )
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("role") != Invitation.ADMINISTRATOR and not self.of_plan():
            self.add_error("plan", _("Choose a plan."))
        data["plan"] = self.of_plan()
        return data
