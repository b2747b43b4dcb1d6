import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from actionplan.accounts import password_reset
from actionplan.models import User
from commitments.models import Plan
from tests.factories import create_manager, create_official

PASSWORD = "four words of the tests"


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
