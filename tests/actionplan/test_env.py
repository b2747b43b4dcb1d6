"""Odd values in the environment: refused in one sentence that names the variable and says what
would be right.
"""

import pytest
from django.core.exceptions import ImproperlyConfigured

from actionplan import env

POSTGRES = "postgres://user:p%40ss@db.example.org:5432/plan"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "is not set"),
        ("mysql://host/name", "unknown scheme"),
        ("postgres://host:5432/", "names no database"),
        ("postgres://host:99999/name", "a port"),
        (f"{POSTGRES}?sslmode=require&application_name=x", "'application_name'"),
    ],
)
def test_an_odd_address_of_the_database_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(ImproperlyConfigured, match=f"^DATABASE_URL .*{said}"):
        env.database("DATABASE_URL")


def test_whom_a_connection_trusts_reaches_the_client_of_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", f"{POSTGRES}?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem"
    )
    found = env.database("DATABASE_URL")
    assert found["PASSWORD"] == "p@ss"
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["sslrootcert"] == "/etc/ssl/db.pem"


@pytest.mark.parametrize("value", ["2", "true", "yes", "-1"])
def test_an_odd_flag_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG .* must be 0 or 1"):
        env.boolean("DEBUG")


@pytest.mark.parametrize("value", ["2015-02-30", "12/01/2015", "2015", "２０１５-01-12"])
def test_an_odd_day_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ACTIONPLAN_TODAY", value)
    with pytest.raises(ImproperlyConfigured, match=r"^ACTIONPLAN_TODAY .* such as 2015-01-12"):
        env.day("ACTIONPLAN_TODAY")
