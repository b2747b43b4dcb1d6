"""Sign-in with a side's own identity provider, over HTTP to one of our own: by issuer and subject,
by invitation.
"""

from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from actionplan import env
from actionplan.accounts import invitations
from actionplan.models import User
from commitments.models import Membership, Plan
from tests.actionplan.accounts.conftest import is_in, sign_in
from tests.client import Client
from tests.identity import Provider


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def provider(server: Provider, settings: Settings) -> Provider:
    server.claims, server.key = {}, server.published
    use(settings, server.settings("GB"), server.settings("FR"))
    return server


def use(settings: Settings, *apps: dict[str, Any]) -> None:
    found = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"] | {"APPS": list(apps)}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": found}
    settings.OIDC = {app["name"]: {} for app in apps}


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def there_and_back(client: Client, response: Any, subject: str) -> Any:
    """What a browser does: to the provider, which asks who it is, and back to the site."""
    assert response.status_code == 200, response.content
    there = response.headers["Refresh"].removeprefix("0; url=")
    try:
        build_opener(_Stay).open(f"{there}&subject={subject}")
    except HTTPError as error:
        with error:
            back = urlsplit(error.headers["Location"])
    return client.get(back.path, {name: values[0] for name, values in parse_qs(back.query).items()})


def visit(client: Client, subject: str, side: str = "gb") -> Any:
    return there_and_back(client, client.post(f"/sign-in/with/{side}/"), subject)


def invite(plan: Plan, administrator: User) -> str:
    """The path of an invitation for a viewer of the British side."""
    invitation = invitations.invite(
        by=administrator,
        email="new@example.org",
        post="New",
        language="en",
        role="viewer",
        side="GB",
        plan=plan,
    )
    return f"/invitation/{invitations.make_token(invitation)}/"


def linked(provider: Provider, user: User, subject: str, client: Client) -> None:
    sign_in(client, user.email)
    assert visit(client, subject).headers["Location"] == "/account/"
    client.post("/sign-out/")


def test_who_was_not_invited_gets_a_clear_page_and_no_account(
    provider: Provider, official: User, client: Client
) -> None:
    provider.claims = {"email": official.email}
    response = visit(client, "u-1")
    assert response.status_code == 403
    assert "Accounts come by invitation" in response.content.decode()
    assert (is_in(client), SocialAccount.objects.count(), User.objects.count()) == (False, 0, 1)


def test_an_invitation_is_accepted_with_the_organisation_and_then_signs_in(
    provider: Provider, calais: Plan, administrator: User, client: Client
) -> None:
    path = invite(calais, administrator)
    answer = there_and_back(client, client.post(path, {"organisation": "gb"}), "u-2")
    assert (answer.status_code, is_in(client)) == (302, True)
    assert not User.objects.get(email="new@example.org").has_usable_password()
    link = SocialAccount.objects.get()
    assert (link.extra_data, "u-2" in link.uid) == ({}, False)
    again = Client()
    assert visit(again, "u-2").headers["Location"] == "/"
    assert is_in(again)
    assert client.get("/account/password/").headers["Location"] == "/account/"


def test_an_invitation_of_one_side_is_not_accepted_with_the_other(
    provider: Provider, calais: Plan, administrator: User, client: Client
) -> None:
    path = invite(calais, administrator)
    answer = there_and_back(client, client.post(path, {"organisation": "fr"}), "u-2")
    assert (answer.status_code, User.objects.filter(email="new@example.org").exists()) == (
        403,
        False,
    )


def test_an_account_is_linked_while_signed_in_and_unlinked_again(
    provider: Provider, official: User, client: Client
) -> None:
    linked(provider, official, "u-3", client)
    assert visit(client, "u-3").status_code == 302
    assert is_in(client)
    assert (
        client.post(f"/account/organisation/{SocialAccount.objects.get().pk}/remove/").status_code
        == 302
    )
    assert visit(Client(), "u-3").status_code == 403


def test_an_official_links_only_the_provider_of_their_side(
    provider: Provider, official: User, client: Client
) -> None:
    sign_in(client, official.email)
    assert visit(client, "u-4", "fr").status_code == 403


def test_the_same_subject_of_another_issuer_is_somebody_else(
    provider: Provider, official: User, client: Client, settings: Settings
) -> None:
    linked(provider, official, "u-5", client)
    other = Provider()
    use(settings, other.settings("GB"))
    assert visit(Client(), "u-5").status_code == 403
    other.stop()


def test_a_manager_still_needs_the_second_factor_of_the_site(
    provider: Provider, official: User, client: Client
) -> None:
    linked(provider, official, "u-6", client)
    Membership.objects.filter(user=official).update(role="manager")
    fresh = Client()
    visit(fresh, "u-6")
    assert fresh.get("/").headers["Location"] == "/account/factor/"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere.example"},
        {"aud": "another site"},
        {"exp": 1},
        {"sub": ""},
        {"sub": 7},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_us_signs_nobody_in(
    provider: Provider, official: User, client: Client, claims: dict[str, Any]
) -> None:
    linked(provider, official, "u-7", client)
    provider.claims = claims
    assert (visit(client, "u-7").status_code, is_in(client)) == (400, False)


def test_a_token_signed_by_somebody_else_signs_nobody_in(
    provider: Provider, official: User, client: Client
) -> None:
    linked(provider, official, "u-8", client)
    provider.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert (visit(client, "u-8").status_code, is_in(client)) == (400, False)


def test_an_answer_without_our_question_or_with_a_used_code_signs_nobody_in(
    provider: Provider, official: User, client: Client
) -> None:
    linked(provider, official, "u-9", client)
    for query in (
        {},
        {"code": "x", "state": "x"},
        {"code": "\0", "state": "\0"},
        {"error": "access_denied"},
    ):
        assert client.get("/sign-in/with/gb/back/", query).status_code == 400
    assert visit(client, "nobody").status_code == 400
    assert not is_in(client)


def test_a_provider_that_does_not_answer_is_said(
    provider: Provider, calais: Plan, client: Client, settings: Settings
) -> None:
    use(settings, provider.settings("GB") | {"settings": {"server_url": "http://127.0.0.1:1"}})
    assert client.post("/sign-in/with/gb/").status_code == 400
    assert client.post("/sign-in/with/us/").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"OIDC_GB_ISSUER": "https://login.example.org"}, "OIDC_GB_CLIENT_ID is not set"),
        ({"OIDC_ISSUER": "https://login.example.org"}, "OIDC_ISSUER is unknown"),
        (
            {
                "OIDC_FR_ISSUER": "http://login.example.org",
                "OIDC_FR_CLIENT_ID": "a",
                "OIDC_FR_SECRET": "b",
            },
            "OIDC_FR_ISSUER must look like https://",
        ),
    ],
)
def test_odd_settings_of_a_provider_are_refused_in_a_sentence(
    given: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=said):
        env.identity_providers()
