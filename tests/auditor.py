"""A second verifier of exports, written from docs/reference/checkpoints.md and canonical-form.md
alone: it shares no line with the product nor with deploy/actionplan_witness.
"""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Object = dict[str, Any]
HEX = "0123456789abcdef"
ESCAPES = {'"': '\\"', "\\": "\\\\"} | dict(
    zip("\b\f\n\r\t", ("\\b", "\\f", "\\n", "\\r", "\\t"), strict=True)
)


def write(value: object, comma: str = ",", colon: str = ":") -> str:
    """The canonical form, by hand."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f'"{"".join(map(escape, value))}"'
    if isinstance(value, list):
        return f"[{comma.join(write(item, comma, colon) for item in value)}]"
    assert isinstance(value, dict), value
    pairs = (f"{write(key)}{colon}{write(value[key], comma, colon)}" for key in sorted(value))
    return f"{{{comma.join(pairs)}}}"


def escape(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    number = ord(character)
    return f"\\u00{HEX[number // 16]}{HEX[number % 16]}" if number < 0x20 else character


def digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def is_signed(text: str, line: str, public: str) -> bool:
    name, identity, encoded = public.split("+", 2)
    key = base64.b64decode(encoded)
    assert key[0] == 1
    assert hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == identity
    dash, signer, signature = line.split(" ")
    content = base64.b64decode(signature)
    if dash != "—" or signer != name or content[:4].hex() != identity:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(content[4:], text.encode())
    except InvalidSignature:
        return False
    return True


def find_faults(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    entries = [
        json.loads(line) for line in files["proof/entries.jsonl"].decode().split("\n") if line
    ]
    faults = check_manifest(files, manifest)
    faults += check_chain(entries, manifest)
    faults += check_texts(entries)
    faults += check_contents(entries, files, manifest)
    faults += check_seals(entries)
    return faults + check_checkpoints(entries, json.loads(files["proof/checkpoints.json"]))


def check_manifest(files: dict[str, bytes], manifest: Object) -> list[str]:
    listed = manifest["files"]
    strays = files.keys() - listed.keys() - {"manifest.json", "LACKING.txt"}
    faults = [f"{name} is not listed" for name in strays]
    for name, stated in listed.items():
        if name not in files or digest(files[name]) != stated:
            faults.append(f"{name} is not the one listed")
    return faults


def check_chain(entries: list[Object], manifest: Object) -> list[str]:
    faults: list[str] = []
    previous = "0" * 64
    for number, entry in enumerate(entries, start=1):
        content = entry["content"]
        if content["number"] != number:
            return [*faults, f"entry {number} is missing"]
        if content["previous"] != previous or content["plan"] != manifest["plan"]:
            faults.append(f"entry {number} does not follow")
        previous = digest(write(content))
        if previous != entry["hash"]:
            faults.append(f"entry {number} has another hash")
    if len(entries) != manifest["entries"] or entries[-1]["hash"] != manifest["head"]:
        faults.append("the head is another")
    return faults


def removed_by(entries: list[Object], part: str) -> set[int]:
    contents = [entry["content"] for entry in entries]
    return {
        content["to"]
        for content in contents
        if content["kind"] in ("redacted", "hidden") and content["words"] in (part, "all")
    }


def check_texts(entries: list[Object]) -> list[str]:
    faults = []
    without_text, without_files = removed_by(entries, "text"), removed_by(entries, "files")
    for entry in entries:
        content, text = entry["content"], entry["text"]
        number = content["number"]
        if text is not None:
            said = {name: text[name] for name in ("decided_by", "note", "reason", "source")}
            own = digest(text["salt"] + write(said, ", ", ": ")) if any(said.values()) else ""
            if own != content["text"]:
                faults.append(f"the text of entry {number} is another")
        elif content["text"] and number not in without_text:
            faults.append(f"the text of entry {number} is gone")
        for file, name in zip(content.get("evidence", []), entry["names"], strict=True):
            if content.get("form") != 2 or not file["name"]:
                continue
            if name is None and number not in without_files:
                faults.append(f"a name in entry {number} is gone")
            if name is not None and digest(name["salt"] + name["name"]) != file["name"]:
                faults.append(f"a name in entry {number} is another")
    return faults


def check_contents(entries: list[Object], files: dict[str, bytes], manifest: Object) -> list[str]:
    faults = []
    plan_files = {step["sha256"]: step["file"] for step in manifest["steps"] if "sha256" in step}
    evidence = {row["sha256"]: row["file"] for row in manifest["evidence"] if row["file"]}
    for entry in entries:
        content = entry["content"]
        number = content["number"]
        for file in content.get("evidence", []):
            stated = file if isinstance(file, str) else file["sha256"]
            if stated in evidence and digest(files[evidence[stated]]) != stated:
                faults.append(f"a file of entry {number} is another")
        if content["kind"] not in ("plan", "sealed"):
            continue
        plan_file = plan_files.get(content["words"])
        if plan_file and digest(files[plan_file]) != content["words"]:
            faults.append(f"the plan file of entry {number} is another")
        signed = content["terms"]["signed_text"] if content["terms"] else ""
        if signed and digest(files.get(f"signed-texts/{signed}.txt", b"")) != signed:
            faults.append(f"the signed text of entry {number} is another")
    return faults


def check_seals(entries: list[Object]) -> list[str]:
    faults = []
    contents = {entry["content"]["number"]: entry["content"] for entry in entries}
    seals = [content for content in contents.values() if content["kind"] == "sealed"]
    for seal in seals:
        for row in seal["terms"]["evidence"]:
            carried = contents[row["entry"]].get("evidence", [])
            if carried[row["position"] - 1 : row["position"]] != [row["sha256"]]:
                faults.append(f"entry {row['entry']} is not as it was sealed")
    last = max((seal["number"] for seal in seals), default=0)
    for number, content in contents.items():
        if last and number > last and "form" not in content:
            faults.append(f"entry {number} has the first form behind a seal")
    return faults


def check_checkpoints(entries: list[Object], proof: Object) -> list[str]:
    faults = []
    site = [row["key"] for row in proof["keys"]]
    for before, row in zip(site, proof["keys"][1:], strict=False):
        text, _gap, lines = row["statement"].rpartition("\n\n")
        stated = text.split("\n")
        is_named = stated[0] == "actionplan key rotation" and stated[2] == row["key"]
        if not is_named or not is_signed(text + "\n", lines.strip(), before):
            faults.append(f"{row['key']} is named by nobody")
    witnesses = [row["key"] for row in proof["witnesses"]]
    hashes = {entry["content"]["number"]: entry["hash"] for entry in entries}
    for note in proof["checkpoints"]:
        text, _gap, lines = note.rpartition("\n\n")
        origin, number, stated, _time = text.split("\n")
        if origin != proof["origin"] or hashes.get(int(number)) != stated:
            faults.append(f"checkpoint {number} is not of this register")
        signed_by = [
            [key for key in (*site, *witnesses) if is_signed(text + "\n", line, key)]
            for line in lines.strip().split("\n")
        ]
        if not all(signed_by) or not any(key in site for keys in signed_by for key in keys):
            faults.append(f"checkpoint {number} has a signature of nobody")
    return faults
