"""Invitations, what administrators do with accounts, and what an erased one leaves behind."""

import io
import json
import re
import smtplib
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from actionplan.accounts import admin_services, invitations
from actionplan.digests import outbox
from actionplan.local import samples
from actionplan.models import Digest, Invitation, User
from commitments.models import Action, Entry, Membership, Plan
from commitments.register import services
from tests.actionplan.accounts.conftest import PASSWORD, sign_in, text
from tests.client import Client
from tests.factories import create_plan


def fields(of: Plan, **more: Any) -> dict[str, Any]:
    place = {"plan": str(of.pk), "role": "official", "side": "FR"}
    bodies = list(of.bodies.filter(code="dcpaf").values_list("pk", flat=True))
    return {
        "email": "New@example.org",
        "post": "Agent",
        "language": "fr",
        **place,
        "bodies": bodies,
    } | more


def link() -> str:
    (found,) = re.findall(r"http://localhost:8000(/invitation/\S+)", str(mail.outbox[-1].body))
    return str(found)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "email", ["off\u0131cial@example.org", "official@ex\u0430mple.org", "official@\uff45xample.org"]
)
def test_an_address_that_looks_like_another_is_not_invited(
    admin_client: Client, calais: Plan, email: str
) -> None:
    fields = {"email": email, "post": "A", "language": "en", "role": "viewer", "plan": calais.pk}
    answer = admin_client.post("/accounts/invite/", fields)
    assert answer.status_code == 422
    assert "plain letters only" in text(answer)
    assert not Invitation.objects.exists()


def test_an_invitation_becomes_an_account_with_its_rights(
    calais: Plan, admin_client: Client, client: Client
) -> None:
    assert admin_client.post("/accounts/invite/", fields(calais)).status_code == 302
    assert mail.outbox[0].to == ["new@example.org"]
    assert "Vous avez reçu une invitation" in str(mail.outbox[0].body)
    assert User.objects.filter(email="new@example.org").count() == 0
    assert client.get(link()).status_code == 200
    answer = client.post(link(), {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.headers["Location"] == "/"
    user = User.objects.get(email="new@example.org")
    membership = Membership.objects.get(user=user)
    assert (user.post, user.language, membership.role, membership.side) == (
        "Agent",
        "fr",
        "official",
        "FR",
    )
    assert [body.code for body in membership.bodies.all()] == ["dcpaf"]
    assert client.get("/digests/").status_code == 200
    assert Client().get(link()).status_code == 404


def test_an_invitation_offers_the_sides_and_organisations_of_the_chosen_plan(
    calais: Plan, admin_client: Client
) -> None:
    river = create_plan((samples.PLAN_FILE.parent / "river-accord-2024.toml").read_text())
    choice = admin_client.get("/accounts/invite/").content.decode()
    assert f'href="?plan={river.slug}"' in choice and "Home Office" not in choice
    page = admin_client.get(f"/accounts/invite/?plan={river.slug}").content.decode()
    assert "River Office of Westmark" in page and "WEST" in page
    assert "Home Office (United Kingdom)" not in page
    # as somebody who changes the address of the form
    answer = admin_client.post(f"/accounts/invite/?plan={river.slug}", fields(calais))
    assert answer.status_code == 422
    assert admin_client.get("/accounts/invite/?plan=none").status_code == 404


def test_an_invited_manager_comes_to_the_second_factor_first(
    calais: Plan, admin_client: Client, client: Client
) -> None:
    admin_client.post("/accounts/invite/", fields(calais, role="manager", bodies=[]))
    client.post(link(), {"password1": PASSWORD, "password2": PASSWORD})
    assert client.get("/").headers["Location"] == "/account/factor/"


def test_a_weak_password_is_refused_and_the_invitation_still_holds(
    calais: Plan, admin_client: Client, client: Client
) -> None:
    admin_client.post("/accounts/invite/", fields(calais))
    for weak in ("short", "password1234", ""):
        assert client.post(link(), {"password1": weak, "password2": weak}).status_code == 422
    assert client.get(link()).status_code == 200


def test_a_link_ends_with_a_later_one_with_its_week_and_when_it_is_revoked(
    calais: Plan, admin_client: Client
) -> None:
    admin_client.post("/accounts/invite/", fields(calais))
    invitation, links = Invitation.objects.get(), [link()]
    admin_client.post(f"/accounts/invitations/{invitation.pk}/resend/")
    links.append(link())
    assert [Client().get(one).status_code for one in links] == [404, 200]
    Invitation.objects.update(expires=timezone.now())
    assert Client().get(links[1]).status_code == 404
    admin_client.post(f"/accounts/invitations/{invitation.pk}/resend/")
    admin_client.post(f"/accounts/invitations/{invitation.pk}/revoke/")
    assert Client().get(link()).status_code == 404


@pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "é", "x" * 5000, "..%2f"])
def test_a_link_that_is_none_is_answered_clearly(calais: Plan, client: Client, token: str) -> None:
    assert client.get(f"/invitation/{token}/").status_code == 404


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"email": "root@example.org"}, "There is an account with this address"),
        ({"side": ""}, "Choose a side of the plan"),
        ({"side": "GB"}, "of the chosen side only"),
        ({"bodies": []}, "Choose at least one organisation"),
        ({"plan": ""}, "Choose a plan"),
        ({"email": "a\0b@example.org"}, "Null characters are not allowed"),
        ({"post": "a\0b"}, "Null characters are not allowed"),
        ({"bodies": ["x"]}, "is not a valid value"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_what_would_be_right(
    calais: Plan, admin_client: Client, more: dict[str, Any], said: str
) -> None:
    response = admin_client.post("/accounts/invite/", fields(calais, **more))
    assert (response.status_code, said in text(response), mail.outbox) == (422, True, [])


def test_a_mail_that_cannot_leave_is_said_and_the_invitation_kept(
    calais: Plan, admin_client: Client, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = admin_client.post("/accounts/invite/", fields(calais), follow=True)
    assert "could not be handed over" in text(response)
    assert Invitation.objects.count() == 1
    assert issubclass(smtplib.SMTPException, OSError)


def test_the_pages_of_accounts_do_not_exist_for_anybody_else(manager: User, client: Client) -> None:
    client.force_login(manager)
    for path in (
        "/accounts/",
        "/accounts/invite/",
        f"/accounts/{manager.pk}/",
        f"/accounts/{manager.pk}/erase/",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"/accounts/{manager.pk}/disable/").status_code == 404


def test_the_list_of_accounts_says_what_there_is_to_know(
    manager: User, official: User, admin_client: Client
) -> None:
    TOTP.activate(manager, "JBSWY3DPEHPK3PXP")
    said = text(admin_client.get("/accounts/"))
    assert all(one.email in said for one in (manager, official))
    assert "United Kingdom" in said
    assert official.email not in text(admin_client.get(f"/accounts/?q={manager.email}"))
    assert admin_client.get("/accounts/?q=%00&page=x").status_code == 200


def test_a_disabled_account_is_out_at_once_and_can_come_back(
    official: User, admin_client: Client
) -> None:
    client = Client()
    sign_in(client, official.email)
    admin_client.post(f"/accounts/{official.pk}/disable/")
    assert client.get("/").status_code == 302
    assert Session.objects.filter(session_key=client.cookies["session"].value).count() == 0
    admin_client.post(f"/accounts/{official.pk}/enable/")
    assert sign_in(Client(), official.email).headers["Location"] == "/"


def test_nobody_disables_or_erases_themselves(administrator: User, admin_client: Client) -> None:
    for act in ("disable", "erase"):
        admin_client.post(f"/accounts/{administrator.pk}/{act}/")
    assert User.objects.get(pk=administrator.pk).is_active


def test_an_administrator_changes_rights_and_ends_sessions(
    calais: Plan, official: User, admin_client: Client
) -> None:
    client = Client()
    sign_in(client, official.email)
    place = {"plan": calais.slug, "role": "viewer", "side": "", "bodies": []}
    assert admin_client.post(f"/accounts/{official.pk}/", place).status_code == 302
    assert client.get("/actions/4.4/report/").status_code == 403
    assert (
        admin_client.post(f"/accounts/{official.pk}/", place | {"role": "official"}).status_code
        == 422
    )
    admin_client.post(f"/accounts/{official.pk}/end/")
    assert client.get("/").status_code == 302
    admin_client.post(f"/accounts/{official.pk}/", place | {"role": ""})
    assert not Membership.objects.filter(user=official).exists()


def test_an_administrator_corrects_an_address_and_both_addresses_are_told(
    calais: Plan, official: User, admin_client: Client, client: Client
) -> None:
    before = official.email
    EmailAddress.objects.create(user=official, email=before, primary=True)
    address = f"/accounts/{official.pk}/correct/"
    assert f'value="{before}"' in text(admin_client.get(address))
    answer = admin_client.post(address, {"email": "Right@example.org", "post": "Second Secretary"})
    assert answer.headers["Location"] == f"/accounts/{official.pk}/"
    corrected = User.objects.get(pk=official.pk)
    assert (corrected.email, corrected.post) == ("right@example.org", "Second Secretary")
    assert [message.to for message in mail.outbox] == [[before], ["right@example.org"]]
    assert before in str(mail.outbox[0].body) and "right@example.org" in str(mail.outbox[0].body)
    sign_in(client, "right@example.org")
    assert client.get("/account/").status_code == 200
    # the link of a forgotten password goes to no address but the new one
    assert not EmailAddress.objects.filter(email=before).exists()


@pytest.mark.parametrize("email", ["nobody", "admin@example.org", "off\u0131cial@example.org"])
def test_an_address_that_is_none_or_of_another_account_is_refused(
    calais: Plan, official: User, administrator: User, admin_client: Client, email: str
) -> None:
    User.objects.filter(pk=administrator.pk).update(email="admin@example.org")
    answer = admin_client.post(
        f"/accounts/{official.pk}/correct/", {"email": email, "post": official.post}
    )
    assert answer.status_code == 422
    assert User.objects.get(pk=official.pk).email == official.email
    assert mail.outbox == []


def everything() -> str:
    """All that the database holds, as text."""
    rows = [
        json.dumps(list(model._default_manager.values()), default=str)
        for model in apps.get_models()
    ]
    return "".join(rows) + "".join(str(session.get_decoded()) for session in Session.objects.all())


def test_an_erased_account_leaves_no_name_and_no_address_and_the_register_verifies(
    calais: Plan, official: User, administrator: User, settings: Settings
) -> None:
    User.objects.filter(pk=official.pk).update(
        email="ada@ministry.example", post="Desk of the erased"
    )
    official.refresh_from_db()
    action = Action.objects.get(plan=calais, ref="5.3")
    now = timezone.now()
    services.report(
        action=action,
        kind="note",
        effective="2015-01-12",
        by=official,
        now=now,
        key="k",
        note="Kept",
    )
    outbox.queue(calais, timezone.now().date())
    Digest.objects.update(error="550 ada@ministry.example")
    EmailAddress.objects.create(user=official, email=official.email)
    SocialAccount.objects.create(
        user=official, provider="gb", uid="1", extra_data={"email": official.email}
    )
    TOTP.activate(official, "JBSWY3DPEHPK3PXP")
    pending = Client()
    sign_in(pending, official.email)  # stops at the second factor, with the address in its session
    invitations.invite(
        by=administrator,
        email="other@example.org",
        post="x",
        language="en",
        role="viewer",
        plan=calais,
    )
    assert "ada@ministry.example" in everything()
    admin_services.erase(official, by=administrator)
    left = everything()
    assert "ada@ministry.example" not in left
    assert "Desk of the erased" not in left
    out = io.StringIO()
    call_command("verify_register", stdout=out)
    assert Entry.objects.get(code="k").by_id == official.pk
    client = Client()
    client.force_login(administrator)
    assert client.get("/register/").status_code == client.get("/accounts/").status_code == 200


def test_the_log_names_accounts_by_number_alone(
    calais: Plan, official: User, admin_client: Client, caplog: Any
) -> None:
    client = Client()
    sign_in(client, official.email, "a wrong password")
    sign_in(client, official.email)
    admin_client.post("/accounts/invite/", fields(calais))
    admin_client.post(f"/accounts/{official.pk}/disable/")
    admin_client.post(f"/accounts/{official.pk}/erase/")
    said = str([record.msg for record in caplog.records])
    for event in ("sign_in_failed", "signed_in", "invited", "account_disabled", "account_erased"):
        assert event in said
    for secret in ("@", "wrong password", PASSWORD, link().split("/")[2]):
        assert secret not in said
