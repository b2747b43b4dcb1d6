"""Signed notes, as https://c2sp.org/signed-note has them: a text, and lines with Ed25519 signatures.

No library of ours reads them, and the format is a page long. The reference has it in
docs/reference/checkpoints.md; deploy/actionplan_witness reads and writes the same by itself.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")


class NoNote(ValueError):
    """A text that is no signed note, or a key that is none."""


@dataclass(frozen=True)
class Verifier:
    """The public half of a key, under a name without spaces and plus signs."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first bytes of a signature say by which key it is."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def has_signed(self, text: str, line: str) -> bool:
        """Whether the line is this key's signature of the text."""
        match = LINE.fullmatch(line)
        if not match or match["name"] != self.name:
            return False
        try:
            decoded = base64.b64decode(match["signature"], validate=True)
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(decoded[4:], text.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return decoded[:4] == self.key_id


def parse_verifier(text: str) -> Verifier:
    """Read NAME+ID+KEY; raises NoNote."""
    parts = text.strip().split("+", 2)
    try:
        name, key_id, encoded = parts
        decoded = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NoNote from None
    verifier = Verifier(name, decoded[1:])
    is_sound = re.fullmatch(r"[^\s+]{1,80}", name) and len(decoded) == 33
    if not is_sound or decoded[:1] != ED25519 or verifier.key_id.hex() != key_id:
        raise NoNote
    return verifier


def verifier_of(name: str, key: Ed25519PrivateKey) -> Verifier:
    return Verifier(name, key.public_key().public_bytes_raw())


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The line with the signature."""
    signature = verifier_of(name, key).key_id + key.sign(text.encode())
    return f"— {name} {base64.b64encode(signature).decode()}"


def write_note(text: str, *lines: str) -> str:
    return text + "\n" + "".join(f"{line}\n" for line in lines)


def split_note(note: str) -> tuple[str, list[str]]:
    """The text, which ends with a line, and the lines with signatures; raises NoNote."""
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines()
    if not gap or not lines or not all(LINE.fullmatch(line) for line in lines):
        raise NoNote
    return text + "\n", lines
