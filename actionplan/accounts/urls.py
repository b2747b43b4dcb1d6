"""Addresses of signing in and of accounts; the names with underscores are those that allauth asks
for.

Their views are imported when one of them is first asked for: they bring cryptography, passkeys and
an HTTP client, a quarter of what a start took, and most pages do without.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.contrib.auth.views import LogoutView
from django.http import HttpResponseBase
from django.urls import path, re_path
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]


def later(module: str) -> Callable[[str], View]:
    """What makes a view of the name of a function or a class in that module."""

    def named(name: str) -> View:
        @cache
        def found() -> View:
            view: Any = getattr(import_module(module), name)
            return view.as_view() if isinstance(view, type) else view  # type: ignore[attr-defined,no-any-return]

        return lambda request, **kwargs: found()(request, **kwargs)

    return named


account, mfa = later("allauth.account.views"), later("allauth.mfa.base.views")
codes, totp = later("allauth.mfa.recovery_codes.views"), later("allauth.mfa.totp.views")
passkeys, oidc = later("allauth.mfa.webauthn.views"), later("actionplan.accounts.oidc")
views, administrators = later("actionplan.accounts.views"), later("actionplan.accounts.admin_views")
sign_in, sign_out = views("SignIn"), require_POST(LogoutView.as_view())

urlpatterns = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-in/factor/", mfa("authenticate"), name="mfa_authenticate"),
    path("sign-in/passkey/", passkeys("login_webauthn"), name="mfa_login_webauthn"),
    path("sign-in/forgotten/", account("password_reset"), name="account_reset_password"),
    path(
        "sign-in/forgotten/sent/",
        account("password_reset_done"),
        name="account_reset_password_done",
    ),
    path(
        "sign-in/forgotten/done/",
        account("password_reset_from_key_done"),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9a-z]{1,12})-(?P<key>[0-9A-Za-z-]{1,100})/$",
        account("password_reset_from_key"),
        name="account_reset_password_from_key",
    ),
    path("sign-in/with/<slug:side>/", oidc("start"), name="organisation"),
    path("sign-in/with/<slug:side>/back/", oidc("back"), name="organisation-back"),
    path("sign-out/", sign_out, name="sign-out"),
    path("sign-out/", sign_out, name="account_logout"),
    path("invitation/<str:token>/", views("Invited"), name="invitation"),
    path("account/", views("MyAccount"), name="account"),
    path("account/password/", views("ChangePassword"), name="account_change_password"),
    path("account/sessions/end/", views("end_sessions"), name="end-sessions"),
    path("account/organisation/<int:pk>/remove/", views("unlink"), name="unlink"),
    path("account/confirm/", account("reauthenticate"), name="account_reauthenticate"),
    path("account/confirm/code/", mfa("reauthenticate"), name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        passkeys("reauthenticate_webauthn"),
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/factor/", views("SecondFactor"), name="mfa_index"),
    path("account/factor/app/", totp("activate_totp"), name="mfa_activate_totp"),
    path("account/factor/app/remove/", totp("deactivate_totp"), name="mfa_deactivate_totp"),
    path("account/factor/passkey/", passkeys("add_webauthn"), name="mfa_add_webauthn"),
    path(
        "account/factor/passkey/<int:pk>/remove/",
        views("RemovePasskey"),
        name="mfa_remove_webauthn",
    ),
    path("account/factor/codes/", codes("view_recovery_codes"), name="mfa_view_recovery_codes"),
    path(
        "account/factor/codes/new/",
        codes("generate_recovery_codes"),
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/", administrators("AccountList"), name="accounts"),
    path("accounts/invite/", administrators("Invite"), name="invite"),
    path(
        "accounts/invitations/<int:pk>/resend/", administrators("Resend"), name="invitation-resend"
    ),
    path(
        "accounts/invitations/<int:pk>/revoke/", administrators("Revoke"), name="invitation-revoke"
    ),
    path("accounts/<int:pk>/", administrators("AccountDetail"), name="account-detail"),
    path("accounts/<int:pk>/erase/", administrators("Erase"), name="account-erase"),
    path("accounts/<int:pk>/<slug:act>/", administrators("Act"), name="account-act"),
]
