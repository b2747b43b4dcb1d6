"""Watches a register of Actionplan from outside, and checks an export of it offline.

One file that needs `cryptography` and nothing of Actionplan, so that an administration can read it,
install it on a machine of its own and need not believe the site. docs/reference/checkpoints.md and
docs/reference/canonical-form.md describe what it reads. `actionplan-witness --help`,
`actionplan-verify --help`.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_HASH = "0" * 64
TEXTS = ("decided_by", "note", "reason", "source")
ROTATION = "actionplan key rotation"
LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
# bytes of one answer, and of one file of an export
LARGEST_ANSWER = 200 * 1024 * 1024
OK, ALARM, NOT_DONE = 0, 1, 2

# What is said, in English and French; `actionplan-witness --lang fr`.
WORDS = {
    "missing": (
        "entry {number} is missing",
        "l’inscription n° {number} manque",
    ),
    "hash": (
        "entry {number} ({code}) does not match its hash",
        "l’inscription n° {number} ({code}) ne correspond pas à son empreinte",
    ),
    "previous": (
        "entry {number} ({code}) does not follow the entry before it",
        "l’inscription n° {number} ({code}) ne suit pas l’inscription précédente",
    ),
    "plan": (
        "entry {number} ({code}) is of another plan",
        "l’inscription n° {number} ({code}) est d’un autre plan",
    ),
    "text": (
        "the text of entry {number} ({code}) is not the one recorded",
        "le texte de l’inscription n° {number} ({code}) n’est pas celui qui a été enregistré",
    ),
    "name": (
        "the name of file {position} of entry {number} is not the one recorded",
        "le nom du fichier {position} de l’inscription n° {number} n’est pas celui qui a été enregistré",
    ),
    "evidence": (
        "file {position} of entry {number} is not the one recorded",
        "le fichier {position} de l’inscription n° {number} n’est pas celui qui a été enregistré",
    ),
    "evidence_absent": (
        "file {position} of entry {number} is not in the export",
        "le fichier {position} de l’inscription n° {number} n’est pas dans l’exportation",
    ),
    "plan_file": (
        "the plan file of entry {number} is not the one recorded",
        "le fichier de plan de l’inscription n° {number} n’est pas celui qui a été enregistré",
    ),
    "signed_text": (
        "the signed text that entry {number} names is not in the export",
        "le texte signé que nomme l’inscription n° {number} n’est pas dans l’exportation",
    ),
    "seal": (
        "entry {number} is not what entry {seal} has sealed",
        "l’inscription n° {number} n’est pas ce que l’inscription n° {seal} a scellé",
    ),
    "form": (
        "entry {number} has the old form behind a seal",
        "l’inscription n° {number} a l’ancienne forme après un scellé",
    ),
    "file": (
        "the file {name} is not the one that the manifest lists",
        "le fichier {name} n’est pas celui que liste le manifeste",
    ),
    "stray": (
        "the file {name} is not in the manifest",
        "le fichier {name} n’est pas dans le manifeste",
    ),
    "rollback": (
        "the site now says {number} entries, and had signed {seen} before: entries were taken away",
        "le site dit maintenant {number} inscriptions et en avait signé {seen} : des inscriptions ont été retirées",
    ),
    "fork": (
        "entry {number} is another than this witness has seen: history was rewritten from there",
        "l’inscription n° {number} est une autre que celle que ce témoin a vue : l’histoire y a été réécrite",
    ),
    "lost": (
        "entry {number}, which this witness has seen, is no longer there",
        "l’inscription n° {number}, que ce témoin a vue, n’est plus là",
    ),
    "checkpoint_entry": (
        "the site signed another hash for entry {number} than the entry has",
        "le site a signé pour l’inscription n° {number} une autre empreinte que celle de l’inscription",
    ),
    "checkpoint_ahead": (
        "the site signed {number} entries, and there are {last}",
        "le site a signé {number} inscriptions, et il y en a {last}",
    ),
    "checkpoint_time": (
        "the checkpoint of entry {number} was signed before that of an earlier entry",
        "le point de contrôle de l’inscription n° {number} a été signé avant celui d’une inscription antérieure",
    ),
    "checkpoint_key": (
        "the checkpoint of entry {number} is not signed by a key of the site that is trusted",
        "le point de contrôle de l’inscription n° {number} n’est signé par aucune clé du site qui soit de confiance",
    ),
    "no_checkpoint": (
        "the site did not sign its head",
        "le site n’a pas signé sa tête",
    ),
    "origin": (
        "the checkpoint is of {origin} and not of {expected}",
        "le point de contrôle est de {origin} et non de {expected}",
    ),
    "site_key": (
        "the key {key} of the site is not named by the one before",
        "la clé {key} du site n’est pas nommée par la précédente",
    ),
    "witness_line": (
        "a signature of a witness under checkpoint {number} is by no registered key, or false",
        "une signature de témoin sous le point de contrôle {number} n’est d’aucune clé enregistrée, ou est fausse",
    ),
    "expected": (
        "entry {number} has not the hash {hash} that was expected",
        "l’inscription n° {number} n’a pas l’empreinte {hash} qui était attendue",
    ),
    "export": (
        "this is no export with proofs: {what}",
        "ce n’est pas une exportation avec preuves : {what}",
    ),
    "sound": (
        "{plan}: {number} entries, head {hash}: the chain is sound",
        "{plan} : {number} inscriptions, tête {hash} : la chaîne est intacte",
    ),
    "signed": (
        "the site signed {count} checkpoints, the last up to entry {number} on {time}",
        "le site a signé {count} points de contrôle, le dernier jusqu’à l’inscription n° {number} le {time}",
    ),
    "seen": (
        "seen by {side} up to entry {number}, by the key {key}",
        "vu par {side} jusqu’à l’inscription n° {number}, par la clé {key}",
    ),
    "unseen": (
        "{side} has signed nothing with the key {key}",
        "{side} n’a rien signé avec la clé {key}",
    ),
    "removed": (
        "removed for good, by entries that say so: {count} texts or files",
        "retirés définitivement, par des inscriptions qui le disent : {count} textes ou fichiers",
    ),
    "trust": (
        "compare these keys of the site with what you were given: {keys}",
        "comparez ces clés du site avec celles que l’on vous a données : {keys}",
    ),
    "wrong": (
        "WRONG: {count} faults, the first ones first",
        "FAUX : {count} défauts, les premiers d’abord",
    ),
    "alarm": (
        "ALARM: {origin} contradicts what this witness knows. Nothing was signed. The proof is in {folder}",
        "ALARME : {origin} contredit ce que sait ce témoin. Rien n’a été signé. La preuve est dans {folder}",
    ),
    "done": (
        "{origin}: seen up to entry {number}, {new} of them new",
        "{origin} : vu jusqu’à l’inscription n° {number}, dont {new} nouvelles",
    ),
    "nothing": (
        "{origin}: there is no entry yet",
        "{origin} : il n’y a pas encore d’inscription",
    ),
    "not_taken": (
        "the register is as it should be, but the site did not take the signature: {why}",
        "le registre est comme il doit être, mais le site n’a pas pris la signature : {why}",
    ),
    "unreachable": (
        "the site could not be asked, so nothing is known: {why}",
        "le site n’a pas pu être interrogé, donc rien n’est connu : {why}",
    ),
    "unreadable": (
        "what was read is not as it should be, so nothing is known: {why}",
        "ce qui a été lu n’est pas comme il doit être, donc rien n’est connu : {why}",
    ),
    "set_up": (
        "set up in {folder}. A manager of your side registers this key on the page of the witnesses:",
        "installé dans {folder}. Un responsable de votre partie enregistre cette clé sur la page des témoins :",
    ),
    "trusted": (
        "from now on the key {key} of the site is trusted",
        "à partir de maintenant, la clé {key} du site est de confiance",
    ),
}
# what does not tell that a register was touched, only that something is not there to be looked at
NOTES = {"evidence_absent", "no_checkpoint"}


@dataclass(frozen=True)
class Finding:
    kind: str
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, language: str) -> str:
        english, french = WORDS[self.kind]
        return (french if language == "fr" else english).format(**self.values)


class NotDone(Exception):
    """Why nothing could be said, in a sentence or as a finding."""

    def say(self, language: str) -> str:
        (reason,) = self.args
        return reason.say(language) if isinstance(reason, Finding) else str(reason)


# Notes and keys


@dataclass(frozen=True)
class Verifier:
    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public_key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(b"\x01" + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def has_signed(self, text: str, line: str) -> bool:
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
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        decoded = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NotDone(f"this is no public key: {text!r}") from None
    verifier = Verifier(name, decoded[1:])
    if len(decoded) != 33 or decoded[:1] != b"\x01" or verifier.key_id.hex() != key_id:
        raise NotDone(f"this is no public key: {text!r}")
    return verifier


def verifier_of(name: str, key: Ed25519PrivateKey) -> Verifier:
    return Verifier(name, key.public_key().public_bytes_raw())


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    signature = verifier_of(name, key).key_id + key.sign(text.encode())
    return f"— {name} {base64.b64encode(signature).decode()}"


@dataclass(frozen=True)
class Checkpoint:
    """What the site said, with the note in which it did."""

    origin: str
    number: int
    hash: str
    time: datetime
    text: str
    lines: list[str]

    @property
    def note(self) -> str:
        return self.text + "\n" + "".join(f"{line}\n" for line in self.lines)

    def is_signed_by(self, verifiers: Iterable[Verifier]) -> bool:
        keys = list(verifiers)
        return any(key.has_signed(self.text, line) for key in keys for line in self.lines)


def split_note(note: object) -> tuple[str, list[str]]:
    """The text and the lines with signatures."""
    text, gap, lines = str(note).rpartition("\n\n")
    if not gap:
        raise NotDone("a note has no signature")
    return text + "\n", lines.splitlines()


def parse_checkpoint(note: object) -> Checkpoint:
    text, lines = split_note(note)
    try:
        origin, number, own_hash, time = text.splitlines()
        moment = datetime.fromisoformat(time)
        is_sound = moment.tzinfo is not None and re.fullmatch("[0-9a-f]{64}", own_hash)
        if not is_sound or str(int(number)) != number:
            raise ValueError
    except ValueError:
        raise NotDone("a checkpoint cannot be read") from None
    return Checkpoint(origin, int(number), own_hash, moment, text, lines)


def follow_keys(trusted: Verifier, keys: Iterable[dict[str, Any]]) -> list[Verifier]:
    """The key that is trusted, and those that its statements lead to."""
    known = [trusted]
    for row in keys:
        if not row.get("statement"):
            continue
        text, lines = split_note(row["statement"])
        fields = text.splitlines()
        is_statement = len(fields) == 4 and fields[0] == ROTATION and fields[2] == row["key"]
        # only the newest of them may name the next
        if is_statement and any(known[-1].has_signed(text, line) for line in lines):
            known.append(parse_verifier(fields[2]))
    return known


# Entries


def canonical(content: object) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def digest_of_text(text: dict[str, str] | None) -> str:
    if text is None:
        return ""
    texts = {name: text[name] for name in TEXTS}
    if not any(texts.values()):
        return ""
    return sha256(text["salt"] + json.dumps(texts, sort_keys=True, ensure_ascii=False))


@dataclass
class Chain:
    """Entries read one after the other; `number` and `hash` are those of the last one read."""

    plan: str
    number: int = 0
    hash: str = FIRST_HASH
    # of entries without a text or a name: they must be named by a redaction, which comes later
    without_text: dict[int, str] = field(default_factory=dict)
    without_names: dict[int, list[int]] = field(default_factory=dict)
    removed_text: set[int] = field(default_factory=set)
    removed_files: set[int] = field(default_factory=set)
    hashes: list[str] = field(default_factory=list)

    def read(self, entry: dict[str, Any]) -> Iterator[Finding]:
        content = entry["content"]
        number, code = content["number"], content["code"]
        name = {"number": number, "code": code}
        for missing in range(self.number + 1, min(number, self.number + 11)):
            yield Finding("missing", {"number": missing})
        if content["plan"] != self.plan:
            yield Finding("plan", name)
        if content["previous"] != self.hash:
            yield Finding("previous", name)
        if sha256(canonical(content)) != entry["hash"]:
            yield Finding("hash", name)
        self.number, self.hash = number, entry["hash"]
        self.hashes.append(entry["hash"])
        yield from self._read_texts(entry, name)
        if content["kind"] in ("redacted", "hidden") and content["to"]:
            if content["words"] in ("text", "all"):
                self.removed_text.add(content["to"])
            if content["words"] in ("files", "all"):
                self.removed_files.add(content["to"])

    def _read_texts(self, entry: dict[str, Any], name: dict[str, Any]) -> Iterator[Finding]:
        content, text = entry["content"], entry["text"]
        if text is None and content["text"]:
            self.without_text[name["number"]] = name["code"]
        elif digest_of_text(text) != content["text"]:
            yield Finding("text", name)
        for position, file in enumerate(content.get("evidence", []), start=1):
            if not isinstance(file, dict) or not file["name"]:
                continue
            kept = entry["names"][position - 1] if position <= len(entry["names"]) else None
            if kept is None:
                self.without_names.setdefault(name["number"], []).append(position)
            elif sha256(kept["salt"] + kept["name"]) != file["name"]:
                yield Finding("name", {"position": position, "number": name["number"]})

    def finish(self) -> Iterator[Finding]:
        """What is missing without an entry that says so."""
        for number, code in self.without_text.items():
            if number not in self.removed_text:
                yield Finding("text", {"number": number, "code": code})
        for number, positions in self.without_names.items():
            if number not in self.removed_files:
                for position in positions:
                    yield Finding("name", {"position": position, "number": number})


# The witness


class NoRedirect(HTTPRedirectHandler):
    """The token is for the address that was given, and for no other."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Site:
    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token
        self.opener = build_opener(NoRedirect)

    def read(self, after: int) -> dict[str, Any]:
        answer = self._ask(f"{self.address}?after={after}", None)
        if not isinstance(answer, dict) or answer.get("format") != 1:
            raise NotDone("the answer is not of a kind that this program knows")
        return answer

    def hand_back(self, note: str) -> None:
        self._ask(self.address, note.encode())

    def _ask(self, address: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        request = Request(address, body, headers)  # noqa: S310 only https, see check_address
        try:
            with self.opener.open(request, timeout=120) as response:
                content = response.read(LARGEST_ANSWER)
            return json.loads(content)
        except HTTPError as error:
            text = error.read(2000).decode("utf-8", "replace")
            raise NotDone(Finding("unreachable", {"why": f"{error.code} {text}"})) from None
        except (URLError, OSError, ValueError) as error:
            raise NotDone(Finding("unreachable", {"why": error})) from None


def check_address(address: str) -> str:
    parts = urlsplit(address)
    is_local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not (parts.scheme == "https" or is_local) or not parts.path.endswith("/witness.json"):
        raise NotDone("give the address as https://HOST/plans/SLUG/witness.json")
    return address


class Folder:
    """What a witness keeps: its key, what it trusts, what it has seen, and proofs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.settings: dict[str, str] = json.loads((path / "witness.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise NotDone(f"{path} holds no witness: set one up first") from None
        hashes = path / "seen.txt"
        # the hash of each entry that was seen, a line each
        self.seen = hashes.read_text().split() if hashes.exists() else []
        last = path / "checkpoint.note"
        self.last = parse_checkpoint(last.read_text("utf-8")) if last.exists() else None

    @property
    def key(self) -> Ed25519PrivateKey:
        key = serialization.load_pem_private_key((self.path / "key.pem").read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return key

    def token(self) -> str:
        given = os.environ.get("ACTIONPLAN_TOKEN")
        if given:
            return given
        try:
            return (self.path / "token").read_text("utf-8").strip()
        except OSError:
            raise NotDone(
                f"there is no token: put it into {self.path / 'token'}, or into ACTIONPLAN_TOKEN"
            ) from None

    def trust(self, verifier: Verifier) -> None:
        self.settings["site_key"] = str(verifier)
        write_whole(self.path / "witness.json", json.dumps(self.settings, indent=1) + "\n")

    def remember(self, checkpoint: Checkpoint, hashes: list[str]) -> None:
        """Hashes first: a checkpoint is never ahead of them."""
        write_whole(self.path / "seen.txt", "".join(f"{each}\n" for each in hashes))
        write_whole(self.path / "checkpoint.note", checkpoint.note)
        self.seen, self.last = hashes, checkpoint

    def keep_proof(self, findings: list[Finding], answer: dict[str, Any]) -> Path:
        """The two checkpoints side by side, and what was found, in both languages."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        proof = self.path / "proofs" / moment
        proof.mkdir(parents=True)
        if self.last:
            (proof / "seen-before.note").write_text(self.last.note, "utf-8")
        if answer.get("checkpoint"):
            (proof / "said-now.note").write_text(answer["checkpoint"], "utf-8")
        (proof / "keys.json").write_text(json.dumps(answer.get("keys"), indent=1), "utf-8")
        for language in ("en", "fr"):
            text = "".join(f"{finding.say(language)}\n" for finding in findings)
            (proof / f"findings.{language}.txt").write_text(text, "utf-8")
        return proof


def write_whole(path: Path, text: str) -> None:
    """Replace the file at once, so that no half of it is ever read."""
    unfinished = path.with_name(path.name + ".new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


@dataclass
class Reading:
    """A reading of the register from the site, from the first entry or from the last one seen."""

    site: Site
    folder: Folder
    everything: bool
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> tuple[dict[str, Any], Checkpoint | None, Chain]:
        """Read up to the checkpoint of the first answer, and compare with what was seen."""
        seen = self.folder.seen
        start = 0 if self.everything or not seen else len(seen)
        answer = self.site.read(start)
        checkpoint = self._check_checkpoint(answer)
        slug = str(answer["origin"]).partition("/")[2]
        chain = Chain(slug, start, seen[start - 1] if start else FIRST_HASH, hashes=seen[:start])
        if checkpoint is None or self.findings:
            return answer, None, chain
        self._read_entries(chain, answer["entries"], checkpoint.number)
        self._compare(chain, checkpoint)
        return answer, checkpoint, chain

    def _check_checkpoint(self, answer: dict[str, Any]) -> Checkpoint | None:
        origin = self.folder.settings["origin"]
        last = self.folder.last
        if answer["checkpoint"] is None:
            if self.folder.seen:
                has_entries = bool(self.site.read(0)["entries"])
                kind = "no_checkpoint" if has_entries else "lost"
                self.findings.append(Finding(kind, {"number": 1}))
            return None
        checkpoint = parse_checkpoint(answer["checkpoint"])
        trusted = parse_verifier(self.folder.settings["site_key"])
        keys = follow_keys(trusted, answer["keys"])
        if not checkpoint.is_signed_by(keys):
            self._find("checkpoint_key", number=checkpoint.number)
            return None
        if checkpoint.origin != origin:
            self._find("origin", origin=checkpoint.origin, expected=origin)
        # what signed now is trusted from now on, and what it replaced no longer
        self.newest_key = next(key for key in keys if checkpoint.is_signed_by([key]))
        if last and checkpoint.number < last.number:
            self._find("rollback", number=checkpoint.number, seen=last.number)
            self._name_difference()
        return checkpoint

    def _read_entries(self, chain: Chain, entries: list[dict[str, Any]], until: int) -> None:
        while entries and chain.number < until:
            for entry in entries:
                if chain.number >= until:
                    break
                self.findings.extend(chain.read(entry))
            if self.findings:
                break
            if chain.number < until:
                entries = self.site.read(chain.number)["entries"]
        # a redaction may be younger than the checkpoint
        if (chain.without_text or chain.without_names) and not self.findings:
            rest = Chain(chain.plan, chain.number, chain.hash)
            for entry in self._iter_entries(chain.number):
                list(rest.read(entry))
            chain.removed_text |= rest.removed_text
            chain.removed_files |= rest.removed_files
        self.findings.extend(chain.finish())

    def _iter_entries(self, after: int) -> Iterator[dict[str, Any]]:
        while entries := self.site.read(after)["entries"]:
            yield from entries
            last = entries[-1]["content"]["number"]
            if last <= after:
                # a site that repeats itself would keep the witness busy for ever
                return
            after = last

    def _compare(self, chain: Chain, checkpoint: Checkpoint) -> None:
        seen = self.folder.seen
        is_same = chain.hashes[: len(seen)] == seen[: len(chain.hashes)]
        if not is_same or any(finding.kind == "previous" for finding in self.findings):
            self._name_difference()
        if self.findings:
            return
        if chain.number < checkpoint.number:
            self._find("checkpoint_ahead", number=checkpoint.number, last=chain.number)
        elif chain.hash != checkpoint.hash:
            self._find("checkpoint_entry", number=checkpoint.number)

    def _name_difference(self) -> None:
        """The first entry that is another than this witness has seen, or is gone."""
        number = 0
        for entry in self._iter_entries(0):
            number += 1
            if number > len(self.folder.seen):
                return
            if entry["content"]["number"] != number:
                break
            if entry["hash"] != self.folder.seen[number - 1]:
                self.findings.insert(0, Finding("fork", {"number": number}))
                return
        else:
            number += 1
        if number <= len(self.folder.seen):
            self.findings.insert(0, Finding("lost", {"number": number}))

    def _find(self, kind: str, **values: object) -> None:
        self.findings.append(Finding(kind, values))


def set_up(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    address = check_address(options.address)
    verifier = parse_verifier(options.site_key)
    slug = urlsplit(address).path.split("/")[-2]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "witness.json").exists():
        raise NotDone(f"{folder} holds a witness already: name another folder")
    if not re.fullmatch(r"[^\s+]{1,80}", options.name):
        raise NotDone("give it a name without spaces and plus signs")
    key = Ed25519PrivateKey.generate()
    descriptor = os.open(folder / "key.pem", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    settings = {
        "address": address,
        "name": options.name,
        "origin": f"{options.origin or urlsplit(address).netloc}/{slug}",
        "site_key": str(verifier),
    }
    write_whole(folder / "witness.json", json.dumps(settings, indent=1) + "\n")
    say("set_up", options.lang, folder=folder)
    print(verifier_of(options.name, key))  # noqa: T201
    return OK


def run(options: argparse.Namespace) -> int:
    folder = Folder(options.folder)
    site = Site(folder.settings["address"], folder.token())
    reading = Reading(site, folder, everything=not options.new)
    answer, checkpoint, chain = reading.run()
    origin = folder.settings["origin"]
    for finding in reading.findings:
        print(finding.say(options.lang), file=sys.stderr)  # noqa: T201
    if any(finding.kind not in NOTES for finding in reading.findings):
        proof = folder.keep_proof(reading.findings, answer)
        say("alarm", options.lang, sys.stderr, origin=origin, folder=proof)
        return ALARM
    if reading.findings:
        return NOT_DONE
    if checkpoint is None:
        say("nothing", options.lang, origin=origin)
        return OK
    new = len(chain.hashes) - len(folder.seen)
    line = sign(checkpoint.text, folder.settings["name"], folder.key)
    folder.remember(checkpoint, chain.hashes)
    if str(reading.newest_key) != folder.settings["site_key"]:
        folder.trust(reading.newest_key)
        say("trusted", options.lang, key=reading.newest_key)
    try:
        site.hand_back(checkpoint.note + line + "\n")
    except NotDone as error:
        say("not_taken", options.lang, sys.stderr, why=error.say(options.lang))
        return NOT_DONE
    say("done", options.lang, origin=origin, number=checkpoint.number, new=new)
    return OK


def trust(options: argparse.Namespace) -> int:
    folder = Folder(options.folder)
    verifier = parse_verifier(options.site_key)
    folder.trust(verifier)
    say("trusted", options.lang, key=verifier)
    return OK


# The verifier of exports


@dataclass
class Export:
    """Checks the ZIP file of a whole plan, without any network."""

    archive: zipfile.ZipFile
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    lines: list[Finding] = field(default_factory=list)

    def check(self, expected: tuple[int, str] | None) -> None:
        self.manifest = self._read_json("manifest.json")
        proof = self._read_json("proof/checkpoints.json")
        self._check_files()
        entries = list(self._iter_entries())
        chain = Chain(self.manifest["plan"])
        for entry in entries:
            self.findings.extend(chain.read(entry))
        self.findings.extend(chain.finish())
        self.contents = {entry["content"]["number"]: entry["content"] for entry in entries}
        self._check_evidence(entries, chain)
        self._check_plan_files()
        self._check_seals(entries)
        self._check_head(chain, expected)
        if not self.findings:
            values = {"plan": chain.plan, "number": chain.number, "hash": chain.hash}
            self.lines.append(Finding("sound", values))
        removed = len(chain.removed_text) + len(chain.removed_files)
        if removed:
            self.lines.append(Finding("removed", {"count": removed}))
        self._check_checkpoints(proof, chain)

    def _read(self, name: str) -> bytes:
        try:
            return self.archive.read(name)
        except KeyError:
            raise NotDone(Finding("export", {"what": name})) from None

    def _read_json(self, name: str) -> Any:
        try:
            return json.loads(self._read(name))
        except ValueError:
            raise NotDone(Finding("export", {"what": name})) from None

    def _iter_entries(self) -> Iterator[dict[str, Any]]:
        self._read("proof/entries.jsonl")
        with self.archive.open("proof/entries.jsonl") as file:
            for line in file:
                yield json.loads(line)

    def _check_files(self) -> None:
        listed: dict[str, str] = self.manifest["files"]
        names = self.archive.namelist()
        for name, digest in listed.items():
            if names.count(name) != 1 or sha256(self.archive.read(name)) != digest:
                self.findings.append(Finding("file", {"name": name}))
        for name in sorted(set(names) - listed.keys() - {"manifest.json", "LACKING.txt"}):
            self.findings.append(Finding("stray", {"name": name}))

    def _check_evidence(self, entries: list[dict[str, Any]], chain: Chain) -> None:
        kept: dict[str, list[dict[str, Any]]] = {}
        for row in self.manifest["evidence"]:
            kept.setdefault(row["sha256"], []).append(row)
        for entry in entries:
            content = entry["content"]
            for position, file in enumerate(content.get("evidence", []), start=1):
                digest = file["sha256"] if isinstance(file, dict) else file
                name = next((row["file"] for row in kept.get(digest, []) if row["file"]), "")
                values = {"position": position, "number": content["number"]}
                if not name:
                    if content["number"] not in chain.removed_files:
                        self.notes.append(Finding("evidence_absent", values))
                elif sha256(self._read(name)) != digest:
                    self.findings.append(Finding("evidence", values))

    def _check_plan_files(self) -> None:
        files = {
            step["sha256"]: step["file"] for step in self.manifest["steps"] if "sha256" in step
        }
        names = set(self.archive.namelist())
        for number, content in self.contents.items():
            if content["kind"] not in ("plan", "sealed"):
                continue
            if content["kind"] == "plan":
                name = files.get(content["words"], "")
                is_absent = not name and content.get("form") is None
                if not is_absent and (not name or sha256(self._read(name)) != content["words"]):
                    self.findings.append(Finding("plan_file", {"number": number}))
            digest = (content["terms"] or {}).get("signed_text")
            text = f"signed-texts/{digest}.txt"
            if digest and (text not in names or sha256(self._read(text)) != digest):
                self.findings.append(Finding("signed_text", {"number": number}))

    def _check_seals(self, entries: list[dict[str, Any]]) -> None:
        """What entries of the first form left out is in the entry that sealed them."""
        seals = [content for content in self.contents.values() if content["kind"] == "sealed"]
        last = max((content["number"] for content in seals), default=0)
        names = {entry["content"]["number"]: entry["names"] for entry in entries}
        for content in self.contents.values():
            if content.get("form") is None and 0 < last < content["number"]:
                self.findings.append(Finding("form", {"number": content["number"]}))
        for seal in seals:
            for row in seal["terms"]["evidence"]:
                if not self._is_sealed_file(row, names):
                    values = {"number": row["entry"], "seal": seal["number"]}
                    self.findings.append(Finding("seal", values))

    def _is_sealed_file(self, row: dict[str, Any], names: dict[int, list[Any]]) -> bool:
        content = self.contents.get(row["entry"])
        place = row["position"] - 1
        if not content or place >= len(content.get("evidence", [])):
            return False
        if content["evidence"][place] != row["sha256"]:
            return False
        kept = names[row["entry"]][place] if place < len(names[row["entry"]]) else None
        return kept is None or not row["name"] or sha256(kept["salt"] + kept["name"]) == row["name"]

    def _check_head(self, chain: Chain, expected: tuple[int, str] | None) -> None:
        head = (self.manifest["entries"], self.manifest["head"])
        for number, own_hash in filter(None, (head if head[0] else None, expected)):
            is_there = 0 < number <= len(chain.hashes) and chain.hashes[number - 1] == own_hash
            if not is_there:
                self.findings.append(Finding("expected", {"number": number, "hash": own_hash}))
        if head[0] != chain.number:
            self.findings.append(Finding("missing", {"number": chain.number + 1}))

    def _check_checkpoints(self, proof: dict[str, Any], chain: Chain) -> None:
        keys = [parse_verifier(row["key"]) for row in proof["keys"]]
        for row, before in zip(proof["keys"][1:], keys, strict=False):
            if len(follow_keys(before, [row])) == 1:
                self.findings.append(Finding("site_key", {"key": row["key"]}))
        witnesses = {row["key"]: row["side"] for row in proof["witnesses"]}
        seen = dict.fromkeys(witnesses, 0)
        latest: Checkpoint | None = None
        for note in proof["checkpoints"]:
            checkpoint = parse_checkpoint(note)
            self._check_checkpoint(checkpoint, latest, keys, proof["origin"], chain)
            for line in checkpoint.lines:
                if any(key.has_signed(checkpoint.text, line) for key in keys):
                    continue
                signers = [key for key in witnesses if _has_signed(key, checkpoint.text, line)]
                if not signers:
                    self.findings.append(Finding("witness_line", {"number": checkpoint.number}))
                for key in signers:
                    seen[key] = max(seen[key], checkpoint.number)
            latest = checkpoint
        if latest is None:
            if chain.number:
                self.notes.append(Finding("no_checkpoint"))
            return
        count, time = len(proof["checkpoints"]), latest.time.isoformat()
        values = {"count": str(count), "number": str(latest.number), "time": time}
        self.lines.append(Finding("signed", values))
        for key, side in witnesses.items():
            kind = "seen" if seen[key] else "unseen"
            self.lines.append(Finding(kind, {"side": side, "number": seen[key], "key": key}))
        self.lines.append(Finding("trust", {"keys": ", ".join(map(str, keys))}))

    def _check_checkpoint(
        self,
        checkpoint: Checkpoint,
        before: Checkpoint | None,
        keys: list[Verifier],
        origin: str,
        chain: Chain,
    ) -> None:
        number = checkpoint.number
        if not checkpoint.is_signed_by(keys):
            self.findings.append(Finding("checkpoint_key", {"number": number}))
        if checkpoint.origin != origin:
            origins = {"origin": checkpoint.origin, "expected": origin}
            self.findings.append(Finding("origin", origins))
        if number > len(chain.hashes):
            numbers = {"number": number, "last": len(chain.hashes)}
            self.findings.append(Finding("checkpoint_ahead", numbers))
        elif chain.hashes[number - 1] != checkpoint.hash:
            self.findings.append(Finding("checkpoint_entry", {"number": number}))
        if before and checkpoint.time < before.time:
            self.findings.append(Finding("checkpoint_time", {"number": number}))


def _has_signed(key: str, text: str, line: str) -> bool:
    return parse_verifier(key).has_signed(text, line)


def verify(options: argparse.Namespace) -> int:
    expected = (int(options.expect[0]), options.expect[1]) if options.expect else None
    try:
        with zipfile.ZipFile(options.export) as archive:
            export = Export(archive)
            export.check(expected)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, IndexError) as error:
        what = f"{type(error).__name__} {error}"
        raise NotDone(Finding("export", {"what": what})) from None
    if export.findings:
        say("wrong", options.lang, count=len(export.findings))
    for finding in [*export.findings, *export.lines, *export.notes]:
        print(finding.say(options.lang))  # noqa: T201
    return ALARM if export.findings else OK


# Commands


def say(kind: str, language: str, target: Any = None, **values: object) -> None:
    print(Finding(kind, values).say(language), file=target or sys.stdout)


def _language() -> str:
    return "fr" if os.environ.get("LANG", "").startswith("fr") else "en"


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("en", "fr"), default=_language())


def finish(options: argparse.Namespace) -> None:
    try:
        code: int = options.act(options)
    except NotDone as error:
        print(error.say(options.lang), file=sys.stderr)  # noqa: T201
        code = NOT_DONE
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # of what was read; whatever it was, nothing was signed
        say("unreadable", options.lang, sys.stderr, why=f"{type(error).__name__} {error}")
        code = NOT_DONE
    sys.exit(code)


def witness_main(arguments: list[str] | None = None) -> None:
    """Exit code 0: seen and signed; 1: alarm; 2: nothing could be said."""
    parser = argparse.ArgumentParser(prog="actionplan-witness", description=__doc__)
    add_common(parser)
    parser.add_argument("--folder", type=Path, required=True, help="what the witness keeps")
    acts = parser.add_subparsers(required=True)
    one = acts.add_parser("set-up", help="make a key, and say which site is watched")
    one.add_argument("address", help="https://HOST/plans/SLUG/witness.json")
    one.add_argument("--name", required=True, help="of the key, such as home-office")
    one.add_argument("--site-key", required=True, help="public key of the site, as it was given")
    one.add_argument("--origin", default="", help="host of the site, where it is another")
    one.set_defaults(act=set_up)
    two = acts.add_parser("run", help="read, check, sign, hand back")
    two.add_argument("--new", action="store_true", help="read what is new alone, not everything")
    two.set_defaults(act=run)
    three = acts.add_parser("trust", help="trust a key of the site that no statement names")
    three.add_argument("site_key")
    three.set_defaults(act=trust)
    finish(parser.parse_args(arguments))


def verify_main(arguments: list[str] | None = None) -> None:
    """Exit code 0: sound; 1: something is wrong; 2: not an export that can be read."""
    parser = argparse.ArgumentParser(
        prog="actionplan-verify", description="Checks the export of a whole plan offline."
    )
    add_common(parser)
    parser.add_argument("export", type=Path)
    parser.add_argument(
        "--expect", nargs=2, metavar=("NUMBER", "HASH"), help="a head that somebody kept"
    )
    parser.set_defaults(act=verify)
    finish(parser.parse_args(arguments))


if __name__ == "__main__":
    witness_main()
