"""The page of the witnesses, what a program may read and hand back, and what overview and digests
say of it.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from actionplan.api_tokens import tokens
from actionplan.models import User, WitnessKey
from actionplan.witnesses import checkpoints, notes, site_key
from commitments.models import Plan
from tests.client import Client
from tests.factories import (
    ask_for_redaction,
    create_administrator,
    create_manager,
    create_official,
    create_viewer,
    report_entry,
    sign_in,
)
from tests.witness import Witness, program

TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _key(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_KEY = tmp_path / "checkpoint.key"
    settings.ACTIONPLAN_TODAY = TODAY


@pytest.fixture
def manager(calais: Plan) -> User:
    return create_manager(calais)


def make_key(name: str = "gb-witness") -> str:
    return str(program.verifier_of(name, program.Ed25519PrivateKey.generate()))


def test_a_manager_registers_the_witness_of_their_side_and_ends_it(
    calais: Plan, manager: User
) -> None:
    client = sign_in(manager)
    assert client.post("/witnesses/", {"key": make_key()}).status_code == 302
    key = WitnessKey.objects.get()
    assert (key.side, key.by, key.ended) == ("GB", manager, None)
    assert str(key).encode() in client.get("/witnesses/").content
    assert client.post("/witnesses/", {"end": str(key.pk)}).status_code == 302
    key.refresh_from_db()
    assert key.ended is not None


def test_the_other_side_ends_nothing(calais: Plan, manager: User) -> None:
    key = checkpoints.register_key(calais, side="GB", text=make_key(), by=manager, now=NOW)
    french = sign_in(create_manager(calais, side="FR"))
    assert french.post("/witnesses/", {"end": str(key.pk)}).status_code == 404
    assert sign_in(create_viewer(calais)).post("/witnesses/", {"key": "a"}).status_code == 403


@pytest.mark.parametrize("text", ["", "a", "a+b+c", "gb+00000000+AfTcdZCp87Kd84cuVtq6A3RoMSk="])
def test_what_is_no_key_is_refused(calais: Plan, manager: User, text: str) -> None:
    assert sign_in(manager).post("/witnesses/", {"key": text}).status_code == 422
    assert not WitnessKey.objects.exists()


def test_the_key_of_the_site_is_no_witness(calais: Plan, manager: User) -> None:
    checkpoints.sign_head(calais, NOW)
    own = checkpoints.describe_site_keys()[0]["key"]
    assert sign_in(manager).post("/witnesses/", {"key": own}).status_code == 422


def test_a_head_is_signed_once_by_the_key_of_the_page(calais: Plan, manager: User) -> None:
    first = checkpoints.sign_head(calais, NOW)
    again = checkpoints.sign_head(calais, NOW + timedelta(days=1))
    assert first
    assert first == again
    text, lines = notes.split_note(first.note)
    assert text.splitlines()[:2] == ["localhost:8000/calais-2014", str(first.number)]
    verifier = notes.parse_verifier(checkpoints.describe_site_keys()[0]["key"])
    assert verifier.has_signed(text, lines[0])
    assert str(verifier).encode() in sign_in(manager).get("/witnesses/").content


def test_the_key_lies_in_a_file_for_its_owner_alone(calais: Plan, settings: Settings) -> None:
    checkpoints.sign_head(calais, NOW)
    assert settings.CHECKPOINT_KEY.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.CHECKPOINT_KEY.parent.iterdir()] == ["checkpoint.key"]


def test_without_its_key_the_site_signs_nothing_and_says_so(
    calais: Plan, manager: User, settings: Settings
) -> None:
    checkpoints.sign_head(calais, NOW)
    report_entry("5.3", by=create_official(calais, bodies=["nca"]))
    settings.CHECKPOINT_KEY.unlink()
    assert checkpoints.sign_head(calais, NOW) is None
    assert b"cannot read its key" in sign_in(manager).get("/witnesses/").content
    assert not settings.CHECKPOINT_KEY.exists()
    with pytest.raises(site_key.KeyUnusable, match="is missing"):
        site_key.rotate(NOW)


def test_a_session_hands_nothing_back_and_a_token_writes_nowhere_else(
    calais: Plan, manager: User
) -> None:
    assert sign_in(manager).post("/witness.json", b"", content_type="text/plain").status_code == 405
    secret = tokens.create(
        by=manager, plan=calais, purpose="read", label="witness", days=30, today=TODAY
    )
    headers = {"Authorization": f"Bearer {secret}"}
    answers = {
        path: Client().post(path, {}, headers=headers).status_code
        for path in ("/witness.json", "/status.json", "/witnesses/")
    }
    assert answers == {"/witness.json": 422, "/status.json": 405, "/witnesses/": 403}


def test_entries_are_read_in_parts(calais: Plan, manager: User) -> None:
    client = sign_in(manager)
    number = calais.entries.count()
    answer = json.loads(client.get(f"/witness.json?after={number - 2}").content)
    assert [entry["content"]["number"] for entry in answer["entries"]] == [number - 1, number]
    assert json.loads(client.get("/witness.json?after=x").content)["entries"]


def test_a_hidden_text_is_not_read_and_raises_no_alarm(
    calais: Plan, manager: User, tmp_path: Path
) -> None:
    entry = report_entry("5.3", by=create_official(calais, bodies=["nca"]), note="a secret")
    witness = Witness(calais, manager, tmp_path / "witness")
    assert witness.run() == 0
    assert b"a secret" in sign_in(manager).get("/witness.json").content
    ask_for_redaction(entry, by=create_administrator(), now=NOW, hide=True)
    assert b"a secret" not in sign_in(manager).get("/witness.json").content
    assert witness.run() == 0, witness.said


def test_overview_says_how_far_each_side_has_seen_and_who_is_late(
    calais: Plan, manager: User, tmp_path: Path, settings: Settings
) -> None:
    witness = Witness(calais, manager, tmp_path / "witness")
    assert witness.run() == 0
    number = calais.entries.count()
    page = sign_in(manager).get("/").content.decode()
    assert f"seen up to entry {number}, on 12 January 2015" in page
    assert "no witness" in page
    report_entry("5.3", by=create_official(calais, bodies=["nca"]))
    loaded = calais.entries.order_by("-number")[0].loaded_at
    for days, is_late in ((1, False), (3, True)):
        sightings = checkpoints.sightings(calais, loaded + timedelta(days=days))
        assert [each.is_late for each in sightings if each.side == "GB"] == [is_late]
