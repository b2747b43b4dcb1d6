import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache

from actionplan.accounts import password_reset
from actionplan.models import User
from commitments.models import Plan
from tests.client import Client
from tests.factories import create_manager, create_official

PASSWORD = "four words of the tests"
# of an authenticator app
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _awaited(db: None) -> Iterator[None]:
    """What goes on after an answer."""
    yield
    for thread in threading.enumerate():
        if thread.name == password_reset.THREAD_NAME:
            thread.join()


@pytest.fixture
def official(calais: Plan) -> User:
    return with_password(create_official(calais))


@pytest.fixture
def manager(calais: Plan) -> User:
    return with_password(create_manager(calais))


@pytest.fixture
def administrator(calais: Plan) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD, post="Administrator")


@pytest.fixture
def admin_client(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in/", {"username": email, "password": password}, **more)


@pytest.fixture
def signed_out() -> Iterator[Client]:
    cache.clear()
    yield Client()


@pytest.fixture
def with_app(manager: User) -> User:
    TOTP.activate(manager, KEY)
    RecoveryCodes.activate(manager)
    return manager


def code(moment: float | None = None) -> str:
    return str(format_hotp_value(hotp_value(KEY, int((moment or time.time()) // 30))))


def is_in(client: Client) -> bool:
    return client.get("/digests/").status_code == 200


def text(response: Any) -> str:
    return str(response.content.decode())
