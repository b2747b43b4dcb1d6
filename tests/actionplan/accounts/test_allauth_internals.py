"""What accounts/allauth_internals.py takes from allauth still does what this site needs of it."""

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.http import HttpRequest
from django.test import RequestFactory

from actionplan.accounts import allauth_internals
from actionplan.models import User
from tests.identity import Provider

LIMIT = {"guess": "2/m/key"}


@pytest.fixture
def request_with_session(rf: RequestFactory, official: User) -> HttpRequest:
    request = rf.get("/")
    request.session = SessionStore()
    request.user = official
    return request


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.stop()


def test_an_authentication_that_is_recorded_is_among_the_records(
    request_with_session: HttpRequest, official: User
) -> None:
    allauth_internals.record_authentication(request_with_session, official, "password")
    (record,) = get_authentication_records(request_with_session, official)
    assert record["method"] == "password"
    assert record["at"] > 0


def use(request: HttpRequest) -> allauth_internals.RateLimitUsage | None:
    return allauth_internals.consume(
        request, app="actionplan", action="guess", config=LIMIT, key="k", limit_get=True
    )


def test_a_limit_is_reached_and_a_use_can_be_taken_back(request_with_session: HttpRequest) -> None:
    cache.clear()
    first = use(request_with_session)
    assert first
    assert use(request_with_session)
    assert use(request_with_session) is None
    first.rollback()
    assert use(request_with_session)


def verify(provider: Provider, token: str) -> Any:
    return allauth_internals.verify_and_decode(
        credential=token,
        keys_url=f"{provider.issuer}/keys",
        issuer=provider.issuer,
        audience="us",
        lookup_kid=allauth_internals.lookup_kid_jwk,
    )


def signed(provider: Provider, key: rsa.RSAPrivateKey, audience: str = "us") -> str:
    expires = int(time.time()) + 60
    claims = {"iss": provider.issuer, "aud": audience, "exp": expires, "sub": "u-1"}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "1"})


def test_a_token_is_read_if_the_provider_signed_it_for_us(provider: Provider) -> None:
    assert verify(provider, signed(provider, provider.key))["sub"] == "u-1"


def test_a_token_for_another_site_or_by_another_key_is_refused(provider: Provider) -> None:
    foreign_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        signed(provider, provider.key, audience="them"),
        signed(provider, foreign_key),
    ):
        with pytest.raises(OAuth2Error):
            verify(provider, token)
