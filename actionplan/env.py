"""What the settings read from the environment: typed; an odd value is refused in a sentence that
names it.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

# What a page may ask of PostgreSQL before it gives up (503); see docs/reference/bounds.md. Times in
# seconds; those in `options` in milliseconds: a statement, a wait for somebody else's lock, a
# transaction in which nothing happens.
BOUNDS: dict[str, Any] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=300000",
    # a server that is gone without a word is noticed within a minute
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60000,
}

load_dotenv(Path(__file__).parent.parent / ".env")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "1" if default else "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be 0 or 1.")
    return value == "1"


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def day(name: str) -> date | None:
    value = text(name)
    if not value:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: it must be a day such as 2015-01-12, or be left out."
        ) from None


def url(name: str, schemes: tuple[str, ...], example: str, default: str = "") -> str:
    value = text(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} has an unknown scheme: it must look like {example}.")
    return value


def _port(name: str, value: str) -> int | None:
    try:
        return urlsplit(value).port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} has a port that is not a number from 1 to 65535."
        ) from None


# how a connection to PostgreSQL is encrypted and whom it trusts, in libpq's own words
TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def database(name: str) -> dict[str, Any]:
    """Django's database settings from sqlite:///FILE or
    postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full.
    """
    example = "postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
    value = url(name, ("sqlite", "postgres", "postgresql"), example)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: it must look like {example}.")
    parts = urlsplit(value)
    path = unquote(parts.path.removeprefix("/"))
    if not path:
        raise ImproperlyConfigured(f"{name} names no database: it must look like {example}.")
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            # writers queue for the lock at BEGIN instead of failing half-way through a transaction
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": path,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(_port(name, value) or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": BOUNDS | _tls(name, parts.query),
    }


def _tls(name: str, query: str) -> dict[str, str]:
    found = dict(parse_qsl(query, keep_blank_values=True))
    if odd := sorted(set(found) - set(TLS)):
        raise ImproperlyConfigured(
            f"{name} has {odd[0]!r} after its question mark: only {', '.join(TLS)} can stand there."
        )
    return found


def email(name: str) -> dict[str, Any]:
    """Django's e-mail settings from smtp://, smtp+tls://, console: or file:///FOLDER."""
    example = "smtp://host:25 or smtp+tls://user:password@host:587"
    value = url(name, ("smtp", "smtp+tls", "console", "file"), example, "console:")
    parts = urlsplit(value)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file":
        backend = "django.core.mail.backends.filebased.EmailBackend"
        return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": unquote(parts.path)}
    if not parts.hostname:
        raise ImproperlyConfigured(f"{name} names no host: it must look like {example}.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": _port(name, value) or (587 if parts.scheme == "smtp+tls" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 10,
    }


def identity_providers() -> dict[str, dict[str, str]]:
    """ISSUER, CLIENT_ID and SECRET of each side's own identity provider, from OIDC_SIDE_ISSUER and
    so on.
    """
    found: dict[str, dict[str, str]] = {}
    for name in sorted(os.environ):
        if parts := re.fullmatch(r"OIDC_([A-Z]{2,8})_(ISSUER|CLIENT_ID|SECRET)", name):
            if value := text(name):
                found.setdefault(parts[1], {})[parts[2]] = value
        elif name.startswith("OIDC_"):
            raise ImproperlyConfigured(
                f"{name} is unknown: it must look like OIDC_GB_ISSUER, _CLIENT_ID or _SECRET."
            )
    for side, given in found.items():
        for part in ("ISSUER", "CLIENT_ID", "SECRET"):
            if part not in given:
                raise ImproperlyConfigured(
                    f"OIDC_{side}_{part} is not set: a side's sign-in needs all three."
                )
        _check_issuer(f"OIDC_{side}_ISSUER", given["ISSUER"])
    return found


def _check_issuer(name: str, value: str) -> None:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    if (
        not (parts.scheme == "https" or local)
        or not parts.hostname
        or parts.query
        or parts.fragment
    ):
        raise ImproperlyConfigured(f"{name} must look like https://login.example.org.")


def fingerprint(folder: Path, patterns: Sequence[str]) -> str:
    """What tells one state of these files from another: their names, sizes and times of change."""
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    told = [
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in found
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
