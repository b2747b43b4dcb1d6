"""What accounts/allauth_internals.py takes from allauth still does what this site needs of it."""

import pytest
from allauth.account.authentication import get_authentication_records
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.http import HttpRequest
from django.test import RequestFactory

from actionplan.accounts import allauth_internals
from actionplan.models import User

LIMIT = {"guess": "2/m/key"}


@pytest.fixture
def request_with_session(rf: RequestFactory, official: User) -> HttpRequest:
    request = rf.get("/")
    request.session = SessionStore()
    request.user = official
    return request


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
