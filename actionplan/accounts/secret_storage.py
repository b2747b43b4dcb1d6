"""The keys of authenticator apps and recovery codes as they lie in the database: sealed by a key
out of SECRET_KEY.
"""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from actionplan.accounts.audit_log import log

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SEALED = "sealed:"
# where each kind of factor keeps its key; a passkey leaves a public one here
KEPT = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


def seal(text: str) -> str:
    return SEALED + _locks()[0].encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """What was sealed, now or by the key before. Of another key nothing is known: then no code is
    right any more.
    """
    found = _opened(text, _locks())
    if found is None:
        log.error("factor_unreadable")
        return str(generate_totp_secret())
    return found


def renew(*, undo: bool = False) -> tuple[int, list[int]]:
    """Seal everything by the key of today, or with `undo` by none. How many were changed; whose
    could not be read.
    """
    locks, changed, lost = _locks(), 0, []
    with transaction.atomic():
        # as they are at this moment: a recovery code that is used meanwhile stays used
        for factor in (
            Authenticator.objects.select_for_update().filter(type__in=KEPT).order_by("pk")
        ):
            name = KEPT[factor.type]
            kept = factor.data[name]
            text = _opened(kept, locks)
            if text is None:
                lost.append(factor.user_id)
            elif kept != text if undo else not _is_current(kept, locks):
                factor.data[name] = text if undo else seal(text)
                factor.save(update_fields=["data"])
                changed += 1
    if lost:
        log.error("factors_unreadable", users=lost)
    return changed, lost


def _locks() -> "list[Fernet]":
    """That of SECRET_KEY, then that of the key before, which only opens."""
    from cryptography.fernet import Fernet  # few requests need it

    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    made = [
        salted_hmac("actionplan.accounts.vault", "", secret=key, algorithm="sha256").digest()
        for key in keys
    ]
    return [Fernet(base64.urlsafe_b64encode(key)) for key in made]


def _opened(text: str, locks: "Sequence[Fernet]") -> str | None:
    """What was kept before there were seals is as it was; None where none of these opens it."""
    from cryptography.fernet import InvalidToken, MultiFernet

    if not text.startswith(SEALED):
        return text
    try:
        return MultiFernet(locks).decrypt(text.removeprefix(SEALED).encode()).decode()
    except InvalidToken:
        return None


def _is_current(text: str, locks: "Sequence[Fernet]") -> bool:
    return text.startswith(SEALED) and _opened(text, locks[:1]) is not None
