"""What an insider does to a register is named by the next run of a witness, with the entry."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from pytest_django import Settings

from actionplan.integrity.verify import verify_plan
from actionplan.models import Checkpoint, User, WitnessKey, WitnessSignature
from actionplan.witnesses import checkpoints, site_key
from commitments import clock
from commitments.findings import Finding
from commitments.models import Entry, EntryText, Plan
from tests.attacks import insider
from tests.factories import create_manager, create_official, report_entry
from tests.witness import ClientSite, Witness, program

pytestmark = [pytest.mark.sqlite, pytest.mark.attacks]


@pytest.fixture(autouse=True)
def _key(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_KEY = tmp_path / "checkpoint.key"
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)


@pytest.fixture
def official(calais: Plan) -> User:
    return create_official(calais, bodies=["nca"])


@pytest.fixture
def manager(calais: Plan) -> User:
    return create_manager(calais)


@pytest.fixture
def witness(calais: Plan, official: User, manager: User, tmp_path: Path) -> Witness:
    for number in range(4):
        report_entry("5.3", by=official, note=f"note {number}")
    witness = Witness(calais, manager, tmp_path / "witness")
    assert witness.run() == 0, witness.said
    return witness


def head(plan: Plan) -> int:
    return plan.entries.count()


def test_a_witness_signs_what_it_has_seen_and_the_site_keeps_it(
    calais: Plan, witness: Witness, official: User
) -> None:
    assert f"seen up to entry {head(calais)}" in witness.said
    report_entry("5.3", by=official)
    assert witness.run("--new") == 0
    assert f"seen up to entry {head(calais)}, 1 of them new" in witness.said
    (british, french) = checkpoints.sightings(calais, clock.now(calais.timezone))
    if british.side != "GB":
        british, french = french, british
    assert (british.number, british.is_late, french.has_witness) == (head(calais), False, False)


def rewrite_everything_after(plan: Plan, number: int) -> None:
    insider.change(plan, number, effective="2015-01-01")
    insider.compute_hashes_anew(plan)


def rewrite_alone(plan: Plan, number: int) -> None:
    insider.change(plan, number, effective="2015-01-01")


def take_out(plan: Plan, number: int) -> None:
    insider.remove(plan, number)


def take_out_and_close_up(plan: Plan, number: int) -> None:
    insider.remove(plan, number)
    insider.compute_hashes_anew(plan)


def cut_off(plan: Plan, number: int) -> None:
    insider.remove(plan, *range(number, head(plan) + 1))


def alter_text(plan: Plan, number: int) -> None:
    EntryText.objects.filter(entry__plan=plan, entry__number=number).update(note="another")


def remove_text(plan: Plan, number: int) -> None:
    EntryText.objects.filter(entry__plan=plan, entry__number=number).delete()


def swap(plan: Plan, number: int) -> None:
    insider.swap(plan, number, number + 1)
    insider.compute_hashes_anew(plan)


ATTACKS = {
    "fork": (rewrite_everything_after, "entry {n} is another than this witness has seen"),
    "rewritten": (rewrite_alone, "entry {n} (key-{n}) does not match its hash"),
    "missing": (take_out, "entry {n} is missing"),
    "missing, closed up": (take_out_and_close_up, "entry {n} is another than"),
    "rollback": (cut_off, "entry {n}, which this witness has seen, is no longer there"),
    "text": (alter_text, "the text of entry {n}"),
    "text gone": (remove_text, "the text of entry {n}"),
    "reordered": (swap, "entry {n} is another than this witness has seen"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_insider_did_is_named_by_the_next_run(
    calais: Plan, witness: Witness, attack: str
) -> None:
    act, message = ATTACKS[attack]
    number = head(calais) - 1
    code = Entry.objects.get(plan=calais, number=number).code
    with insider.without_triggers():
        act(calais, number)
    assert witness.run() == 1
    assert message.format(n=number).replace(f"key-{number}", code) in witness.said
    assert not WitnessSignature.objects.filter(checkpoint__number__gt=number + 1).exists()


@pytest.mark.parametrize("attack", ["fork", "missing", "missing, closed up", "rollback"])
def test_the_same_is_seen_from_new_entries_alone(
    calais: Plan, witness: Witness, official: User, attack: str
) -> None:
    act, _message = ATTACKS[attack]
    with insider.without_triggers():
        act(calais, head(calais))
    report_entry("5.3", by=official)
    assert witness.run("--new") == 1, witness.said


def test_a_fork_leaves_two_signed_checkpoints_that_cannot_both_be_true(
    calais: Plan, witness: Witness
) -> None:
    with insider.without_triggers():
        rewrite_everything_after(calais, head(calais))
    assert witness.run() == 1
    (proof,) = (witness.folder / "proofs").iterdir()
    notes = [
        program.parse_checkpoint((proof / name).read_text())
        for name in ("seen-before.note", "said-now.note")
    ]
    key = program.parse_verifier(json.loads((proof / "keys.json").read_text())[0]["key"])
    assert all(note.is_signed_by([key]) for note in notes)
    assert notes[0].number == notes[1].number
    assert notes[0].hash != notes[1].hash
    assert "réécrite" in (proof / "findings.fr.txt").read_text()
    values = {"number": notes[0].number, "hash": notes[0].hash}
    assert Finding("expected", values) in verify_plan(calais, chain_only=True).findings


def test_a_witness_that_was_alarmed_stays_so(calais: Plan, witness: Witness) -> None:
    with insider.without_triggers():
        rewrite_everything_after(calais, head(calais))
    assert [witness.run(), witness.run("--new"), witness.run()] == [1, 1, 1]


def test_a_key_that_the_old_one_names_is_followed(
    calais: Plan, witness: Witness, official: User
) -> None:
    for _ in range(2):
        call_command("rotate_key")
    report_entry("5.3", by=official)
    assert witness.run() == 0, witness.said
    assert "from now on the key" in witness.said
    call_command("rotate_key")
    report_entry("5.3", by=official)
    assert witness.run() == 0, witness.said


def test_a_key_that_no_old_one_names_is_an_alarm_until_it_is_trusted(
    calais: Plan, witness: Witness, official: User
) -> None:
    Path(django_settings.CHECKPOINT_KEY).unlink()
    report_entry("5.3", by=official)
    assert witness.run() == 2
    assert "did not sign" in witness.said
    call_command("rotate_key", lost=True)
    assert witness.run() == 1
    assert "not signed by a key of the site that is trusted" in witness.said
    witness.trust(checkpoints.describe_site_keys()[-1]["key"])
    assert witness.run() == 0, witness.said


def test_another_key_in_the_file_signs_nothing(calais: Plan, witness: Witness) -> None:
    path = Path(django_settings.CHECKPOINT_KEY)
    path.unlink()
    path.write_bytes((witness.folder / "key.pem").read_bytes())
    Checkpoint.objects.filter(signatures=None).delete()
    with pytest.raises(site_key.KeyUnusable, match="is not"):
        site_key.load(clock.now(calais.timezone))


def move_to_head(plan: Plan) -> None:
    """The signature of an earlier checkpoint, put under one that the site signed since."""
    checkpoint = checkpoints.sign_head(plan, clock.now(plan.timezone))
    WitnessSignature.objects.update(checkpoint=checkpoint)


def renumber_checkpoint(plan: Plan) -> None:
    """The checkpoint that the witness signed, said to be that of the head; its note stays."""
    entry = plan.entries.get(number=head(plan))
    Checkpoint.objects.filter(plan=plan).update(number=entry.number, hash=entry.hash)


def give_to_another_side(plan: Plan) -> None:
    """Under a key of France, which signed nothing."""
    renumber_checkpoint(plan)
    stranger = str(program.verifier_of("fr-witness", program.Ed25519PrivateKey.generate()))
    manager = create_manager(plan, side="FR")
    now = clock.now(plan.timezone)
    key = checkpoints.register_key(plan, side="FR", text=stranger, by=manager, now=now)
    WitnessSignature.objects.update(key=key)


@pytest.mark.parametrize(
    ("forge", "also_named"),
    [
        (move_to_head, []),
        (renumber_checkpoint, ["checkpoint"]),
        (give_to_another_side, ["checkpoint"]),
    ],
)
def test_a_signature_under_what_was_not_signed_counts_for_nothing_and_is_named(
    calais: Plan,
    witness: Witness,
    official: User,
    forge: Callable[[Plan], None],
    also_named: list[str],
) -> None:
    assert not verify_plan(calais, chain_only=True).findings
    report_entry("5.3", by=official)
    with insider.without_triggers():
        forge(calais)
    seen = checkpoints.sightings(calais, clock.now(calais.timezone))
    assert [sighting.number for sighting in seen] == [0, 0]
    *others, finding = verify_plan(calais, chain_only=True).findings
    assert [other.kind for other in others] == also_named
    key = WitnessSignature.objects.get().key
    assert finding == Finding("signature", {"key": key.verifier, "number": head(calais)})
    report_entry("5.3", by=official)
    assert witness.run() == 0, witness.said
    seen = checkpoints.sightings(calais, clock.now(calais.timezone))
    assert max(sighting.number for sighting in seen) == head(calais)


def test_a_forged_signature_keeps_no_genuine_one_away(
    calais: Plan, witness: Witness, official: User
) -> None:
    report_entry("5.3", by=official)
    with insider.without_triggers():
        move_to_head(calais)
    assert witness.run() == 0, witness.said
    seen = checkpoints.sightings(calais, clock.now(calais.timezone))
    assert max(sighting.number for sighting in seen) == head(calais)
    assert [finding.kind for finding in verify_plan(calais, chain_only=True).findings] == [
        "signature"
    ]
    assert witness.run() == 0, witness.said
    assert WitnessSignature.objects.count() == 2


def resign(plan: Plan) -> None:
    """By a key that the site never had."""
    checkpoint = Checkpoint.objects.get()
    text = checkpoint.note.partition("\n\n")[0] + "\n"
    line = program.sign(text, site_key.site_name(), program.Ed25519PrivateKey.generate())
    Checkpoint.objects.update(note=f"{text}\n{line}\n")


def give_to_another_plan(plan: Plan) -> None:
    note = Checkpoint.objects.get().note
    Checkpoint.objects.update(note=note.replace(plan.slug, "river-accord-2024"))


@pytest.mark.parametrize("forge", [resign, give_to_another_plan])
def test_a_checkpoint_that_this_site_did_not_sign_is_named(
    calais: Plan, witness: Witness, forge: Callable[[Plan], None]
) -> None:
    number = head(calais)
    WitnessSignature.objects.all()._raw_delete("default")
    assert not verify_plan(calais, chain_only=True).findings
    forge(calais)
    (finding,) = verify_plan(calais, chain_only=True).findings
    assert finding == Finding("checkpoint", {"number": number})


def test_checkpoints_of_a_site_that_moved_and_changed_its_key_stay_genuine(
    calais: Plan, witness: Witness, official: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://new.example.org"
    report_entry("5.3", by=official)
    assert checkpoints.sign_head(calais, clock.now(calais.timezone))
    site_key.rotate(clock.now(calais.timezone))
    report_entry("5.3", by=official)
    assert checkpoints.sign_head(calais, clock.now(calais.timezone))
    assert not verify_plan(calais, chain_only=True).findings


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.replace("\n\n", "\nmore\n\n"),
        lambda note: "",
        lambda note: note.replace("— gb-witness ", "— fr-witness "),
        lambda note: note[:-12] + note[-12].swapcase() + "xx" + note[-9:],
        lambda note: "x" * 20_000,
    ],
)
def test_a_signature_of_anything_else_is_not_taken(
    calais: Plan, witness: Witness, spoil: Callable[[str], str]
) -> None:
    folder = program.Folder(witness.folder)
    checkpoint = folder.last
    WitnessSignature.objects.all()._raw_delete("default")
    line = program.sign(checkpoint.text, "gb-witness", folder.key)
    site = _site_of(witness)
    note = checkpoint.note + line + "\n"
    with pytest.raises(program.NotDone, match="422"):
        site.hand_back(spoil(note))
    assert not WitnessSignature.objects.exists()
    site.hand_back(note)
    assert WitnessSignature.objects.count() == 1


def test_an_ended_key_signs_nothing_more(
    calais: Plan, witness: Witness, manager: User, official: User
) -> None:
    key = WitnessKey.objects.get()
    checkpoints.end_key(key, by=manager, now=clock.now(calais.timezone))
    report_entry("5.3", by=official)
    assert witness.run() == 2
    assert "a manager registers its key" in witness.said


HASHED = {
    "code": "another",
    "kind": "note",
    "ref": "1.1",
    "effective": "2014-12-01",
    "recorded_day": date(2014, 12, 1),
    "loaded_at": datetime(2014, 12, 1, tzinfo=UTC),
    "side": "XX",
    "by": None,
    "to": None,
    "when": "2016",
    "words": "another",
    "quantity": 9,
    "amount": 9,
    "terms": {"a": 1},
    "text_digest": "f" * 64,
    "previous_hash": "f" * 64,
    "hash": "f" * 64,
}


@pytest.mark.slow
@pytest.mark.parametrize("column", HASHED)
def test_a_change_of_any_column_is_an_alarm(
    calais: Plan, witness: Witness, official: User, column: str
) -> None:
    entry = Entry.objects.filter(plan=calais, by=official).last()
    assert entry
    value = HASHED[column]
    if getattr(entry, column) == value:
        value = Entry.objects.get(plan=calais, number=1)
    more = {"currency": "EUR"} if column == "amount" else {}
    with insider.without_triggers():
        insider.change(calais, entry.number, **{column: value}, **more)
    assert witness.run() == 1, witness.said


def _site_of(witness: Witness) -> ClientSite:
    token = (witness.folder / "token").read_text()
    return ClientSite(f"http://localhost:8000{witness.path}", token)
