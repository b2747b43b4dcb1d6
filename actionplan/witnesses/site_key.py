"""The key that signs this site's checkpoints: in a file outside the database, its public half in it."""

import contextlib
import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from actionplan.models import SigningKey
from actionplan.witnesses import notes

ROTATION = "actionplan key rotation"


class KeyUnusable(Exception):
    """Why nothing can be signed, in a sentence that says what would be right."""


def site_name() -> str:
    """The host of this site: the name of its key, and the beginning of each origin."""
    return urlsplit(settings.SITE_URL).netloc


def load(now: datetime) -> Ed25519PrivateKey:
    """The key in use, made and written down where this site never had one; raises KeyUnusable."""
    path = settings.CHECKPOINT_KEY
    newest = SigningKey.objects.last()
    if newest is None and not path.exists():
        _write(path, Ed25519PrivateKey.generate())
    key = _read(path)
    verifier = str(notes.verifier_of(site_name(), key))
    if newest is None:
        SigningKey.objects.get_or_create(verifier=verifier, defaults={"since": now})
    elif notes.parse_verifier(newest.verifier).public_key != key.public_key().public_bytes_raw():
        raise KeyUnusable(
            f"the key in {path} is not {newest.verifier}: put that one back, or see `rotate_key --lost`"
        )
    return key


def rotate(now: datetime) -> SigningKey:
    """Make a new key, which the old one names; raises KeyUnusable."""
    old = load(now)
    newest = SigningKey.objects.last()
    assert newest
    new = Ed25519PrivateKey.generate()
    verifier = str(notes.verifier_of(site_name(), new))
    text = f"{ROTATION}\n{site_name()}\n{verifier}\n{now.isoformat()}\n"
    old_name = notes.parse_verifier(newest.verifier).name
    statement = notes.write_note(text, notes.sign(text, old_name, old))
    return _replace(new, statement, now)


def replace_lost(now: datetime) -> SigningKey:
    """Go on with the key of the file, or with a new one where there is none. No old key names it, so
    that each witness must be told to trust it.
    """
    path = settings.CHECKPOINT_KEY
    key = _read(path) if path.exists() else Ed25519PrivateKey.generate()
    return _replace(key, "", now)


@transaction.atomic
def _replace(key: Ed25519PrivateKey, statement: str, now: datetime) -> SigningKey:
    verifier = str(notes.verifier_of(site_name(), key))
    if SigningKey.objects.filter(verifier=verifier).exists():
        raise KeyUnusable("this key was in use before: nothing is lost")
    row = SigningKey.objects.create(verifier=verifier, since=now, statement=statement)
    path = settings.CHECKPOINT_KEY
    new_path = path.with_name(f"{path.name}.new")
    new_path.unlink(missing_ok=True)
    _write(new_path, key)
    new_path.replace(path)
    return row


def _write(path: Path, key: Ed25519PrivateKey) -> None:
    """Write the file unless it is there, as another process may just have done."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(unfinished)
        unfinished.unlink()
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}") from None


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise KeyUnusable(
            f"{path} is missing: put it back from its copy, or see `rotate_key --lost`"
        ) from None
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise KeyUnusable(f"{path} is no key: put its copy back") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} is no Ed25519 key: put its copy back")
    return key
