"""The keys of authenticator apps, recovery codes and the secrets of webhooks as they lie in the
database: sealed by a key made of SECRET_KEY.
"""

import base64
import secrets
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from actionplan.accounts.audit_log import log

PREFIX = "sealed:"
# where each kind of factor keeps its secret; a passkey leaves a public key here
SECRET_FIELDS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


@dataclass
class Renewal:
    """How many secrets were written anew, and the accounts whose secrets no key here opens."""

    changed: int = 0
    unreadable: list[int] = field(default_factory=list)


def seal(text: str) -> str:
    return PREFIX + _current_key().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """The secret, opened by today's key or by the one before. What another key has sealed becomes a
    secret that nobody knows, so that no code is right.
    """
    secret = _open(text, _all_keys())
    if secret is None:
        log.error("factor_unreadable")
        return base64.b32encode(secrets.token_bytes(20)).decode()
    return secret


def open_sealed(text: str) -> str | None:
    """What was sealed; None where another key has sealed it."""
    return _open(text, _all_keys())


def renewed(text: str) -> str | None:
    """The same secret sealed by the key of today; None where no key here opens it."""
    secret = open_sealed(text)
    if secret is None or not _needs_writing(text, undo=False):
        return secret and text
    return seal(secret)


@transaction.atomic
def reseal_all(*, undo: bool = False) -> Renewal:
    """Seal every secret by the key of today, or with `undo` by none."""
    renewal = Renewal()
    factors = Authenticator.objects.filter(type__in=SECRET_FIELDS).order_by("pk")
    # Locked, since a recovery code that is used meanwhile must stay used.
    for factor in factors.select_for_update():
        name = SECRET_FIELDS[factor.type]
        secret = _open(factor.data[name], _all_keys())
        if secret is None:
            renewal.unreadable.append(factor.user_id)
        elif _needs_writing(factor.data[name], undo=undo):
            factor.data[name] = secret if undo else seal(secret)
            factor.save(update_fields=["data"])
            renewal.changed += 1
    if renewal.unreadable:
        log.error("factors_unreadable", users=renewal.unreadable)
    return renewal


def _needs_writing(text: str, *, undo: bool) -> bool:
    is_sealed = text.startswith(PREFIX)
    if undo:
        return is_sealed
    return not is_sealed or _open(text, [_current_key()]) is None


def _open(text: str, keys: list[Fernet]) -> str | None:
    """The secret; None where none of the keys opens it. Early versions stored it as it is."""
    if not text.startswith(PREFIX):
        return text
    try:
        return MultiFernet(keys).decrypt(text.removeprefix(PREFIX).encode()).decode()
    except InvalidToken:
        return None


def _all_keys() -> list[Fernet]:
    """The keys that open secrets: today's, then the one before."""
    return [_current_key(), *map(_make_key, settings.SECRET_KEY_FALLBACKS)]


def _current_key() -> Fernet:
    return _make_key(settings.SECRET_KEY)


def _make_key(secret_key: str) -> Fernet:
    # This name goes into the key, so it stays whatever the module is called.
    salt = "actionplan.accounts.vault"
    digest = salted_hmac(salt, "", secret=secret_key, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(digest))
