"""What the settings read from the environment: typed; an odd value is refused in a sentence that
names the variable.

Not django-environ: it takes an odd value for another one, or ends in a traceback.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from commitments import clock

# What a page may ask of PostgreSQL before it gives up (503); see docs/reference/bounds.md. Times in
# seconds; those in `options` in milliseconds: a statement, a wait for somebody else's lock, a
# transaction in which nothing happens.
POSTGRESQL_BOUNDS: dict[str, str | int] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=30000 -c lock_timeout=10000 "
    "-c idle_in_transaction_session_timeout=300000",
    # a server that is gone without a word is noticed within a minute
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60000,
}
# how a connection to PostgreSQL is encrypted and whom it trusts, in libpq's own words
TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
DATABASE_EXAMPLE = "postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
EMAIL_EXAMPLE = "smtp://host:25 or smtp+tls://user:password@host:587"

# some of Django's settings, by their names
Settings = dict[str, Any]

load_dotenv(Path(__file__).parent.parent / ".env")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def boolean(name: str) -> bool:
    """False where it is not set."""
    value = text(name, "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be 0 or 1.")
    return value == "1"


def words(name: str, default: str = "") -> list[str]:
    parts = [part.strip() for part in text(name, default).split(",")]
    return [part for part in parts if part]


def day(name: str) -> date | None:
    value = text(name)
    if not value:
        return None
    parsed = clock.parse_day(value)
    if parsed is None:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: it must be a day such as 2015-01-12, or be left out."
        )
    return parsed


def url(name: str, schemes: tuple[str, ...], example: str, default: str = "") -> str:
    value = text(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} has an unknown scheme: it must look like {example}.")
    return value


def database(name: str) -> Settings:
    """Django's database settings from an address as in DATABASE_EXAMPLE."""
    value = url(name, ("sqlite", "postgres", "postgresql"), DATABASE_EXAMPLE)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: it must look like {DATABASE_EXAMPLE}.")
    parts = urlsplit(value)
    path = unquote(parts.path.removeprefix("/"))
    if not path:
        raise ImproperlyConfigured(
            f"{name} names no database: it must look like {DATABASE_EXAMPLE}."
        )
    if parts.scheme == "sqlite":
        return _sqlite(path)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": path,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(_port(name, parts) or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**POSTGRESQL_BOUNDS, **_tls_options(name, parts.query)},
    }


def _sqlite(path: str) -> Settings:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "timeout": 20,
            # writers queue for the lock at BEGIN instead of failing half-way through a transaction
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def _port(name: str, parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} has a port that is not a number from 1 to 65535."
        ) from None


def _tls_options(name: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option in sorted(options):
        if option not in TLS_OPTIONS:
            raise ImproperlyConfigured(
                f"{name} has {option!r} after its question mark: "
                f"only {', '.join(TLS_OPTIONS)} can stand there."
            )
    return options


def email(name: str) -> Settings:
    """Django's e-mail settings from smtp://, smtp+tls://, console: or file:///FOLDER."""
    value = url(name, ("smtp", "smtp+tls", "console", "file"), EMAIL_EXAMPLE, "console:")
    parts = urlsplit(value)
    backends = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": f"{backends}.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    if not parts.hostname:
        raise ImproperlyConfigured(f"{name} names no host: it must look like {EMAIL_EXAMPLE}.")
    with_tls = parts.scheme == "smtp+tls"
    default_port = 587 if with_tls else 25
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": _port(name, parts) or default_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": with_tls,
        "EMAIL_TIMEOUT": 10,
    }


def identity_providers() -> dict[str, dict[str, str]]:
    """Each side's own identity provider, from OIDC_SIDE_ISSUER, _CLIENT_ID and _SECRET."""
    names = sorted(name for name in os.environ if name.startswith("OIDC_"))
    for name in names:
        if not re.fullmatch(r"OIDC_[A-Z]{2,8}_(ISSUER|CLIENT_ID|SECRET)", name):
            raise ImproperlyConfigured(
                f"{name} is unknown: it must look like OIDC_GB_ISSUER, _CLIENT_ID or _SECRET."
            )
    sides = {name.split("_")[1] for name in names if text(name)}
    return {side: _identity_provider(side) for side in sorted(sides)}


def _identity_provider(side: str) -> dict[str, str]:
    provider = {}
    for part in ("ISSUER", "CLIENT_ID", "SECRET"):
        name = f"OIDC_{side}_{part}"
        provider[part] = text(name)
        if not provider[part]:
            raise ImproperlyConfigured(f"{name} is not set: a side's sign-in needs all three.")
    _check_issuer(f"OIDC_{side}_ISSUER", provider["ISSUER"])
    return provider


def _check_issuer(name: str, value: str) -> None:
    parts = urlsplit(value)
    is_local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    is_safe = parts.scheme == "https" or is_local
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must look like https://login.example.org.")


def fingerprint(paths: Iterable[Path]) -> str:
    """Tells one state of these files from another by their names, sizes and times of change."""
    states = []
    for path in sorted(paths):
        stat = path.stat()
        states.append((str(path), stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]
