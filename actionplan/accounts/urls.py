"""Addresses of signing in and of accounts.

The names with underscores are those that allauth asks for.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path
from django.views.decorators.http import require_POST

from actionplan.accounts import admin_views, oidc, views

sign_in = views.SignIn.as_view()
sign_out = require_POST(LogoutView.as_view())

urlpatterns = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-in/factor/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/forgotten/", account.password_reset, name="account_reset_password"),
    path(
        "sign-in/forgotten/sent/",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    path(
        "sign-in/forgotten/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9a-z]{1,12})-(?P<key>[0-9A-Za-z-]{1,100})/$",
        views.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("sign-in/with/<slug:side>/", oidc.leave, name="organisation"),
    path("sign-in/with/<slug:provider_id>/back/", oidc.back, name="openid_connect_callback"),
    path("sign-out/", sign_out, name="sign-out"),
    path("sign-out/", sign_out, name="account_logout"),
    path("invitation/<str:token>/", views.Join.as_view(), name="invitation"),
    path("account/", views.MyAccount.as_view(), name="account"),
    # allauth sends here whoever has no password to change
    path("account/", views.MyAccount.as_view(), name="account_set_password"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/sessions/end/", views.end_sessions, name="end-sessions"),
    path("account/organisation/<number:pk>/remove/", views.unlink, name="unlink"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/factor/", views.SecondFactor.as_view(), name="mfa_index"),
    path("account/factor/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/factor/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/factor/passkey/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path(
        "account/factor/passkey/<number:pk>/remove/",
        views.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/factor/codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"
    ),
    path(
        "account/factor/codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/", admin_views.AccountList.as_view(), name="accounts"),
    path("accounts/invite/", admin_views.Invite.as_view(), name="invite"),
    path(
        "accounts/invitations/<number:pk>/resend/",
        admin_views.ResendInvitation.as_view(),
        name="invitation-resend",
    ),
    path(
        "accounts/invitations/<number:pk>/revoke/",
        admin_views.RevokeInvitation.as_view(),
        name="invitation-revoke",
    ),
    path("accounts/<number:pk>/", admin_views.AccountDetail.as_view(), name="account-detail"),
    path(
        "accounts/<number:pk>/correct/",
        admin_views.CorrectAccount.as_view(),
        name="account-correct",
    ),
    path("accounts/<number:pk>/erase/", admin_views.Erase.as_view(), name="account-erase"),
    path("accounts/<number:pk>/<slug:act>/", admin_views.Act.as_view(), name="account-act"),
]
