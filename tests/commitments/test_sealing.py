"""What the first form of hashing left out is sealed by one entry, and covered from then on."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from actionplan.plan_transfer import load
from commitments.evidence import storage
from commitments.findings import Finding
from commitments.models import Entry, Plan, SignedText
from commitments.register import hash_chain, sealing
from commitments.register.hash_chain import verify_chain
from tests.behind_the_back import behind_the_back
from tests.factories import ADOPTED, NOW, create_manager, report_entry, sign_in, uploaded_file
from tests.plans import SMALL

pytestmark = pytest.mark.sqlite
TEXT = "The office will begin in October."


def kinds(plan: Plan) -> list[str]:
    return [finding.kind for finding in verify_chain(plan)]


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch, db: None) -> Plan:
    """A plan as 1.0.0 wrote it: a signed text, and a report with a file."""
    monkeypatch.setattr("commitments.register.entries.FORM", None)
    monkeypatch.setattr("commitments.register.entries.give_digest_of_name", lambda file: None)
    load.load_plan(SMALL.encode(), now=ADOPTED)
    plan = Plan.objects.get(slug="small")
    Plan.objects.filter(pk=plan.pk).update(signed_text=TEXT)
    file = storage.store(uploaded_file())
    report_entry("1.1", by=create_manager(plan), evidence=[file])
    monkeypatch.undo()
    # that version left no word of the signed text
    behind_the_back("UPDATE commitments_entry SET terms = NULL WHERE kind = 'plan'")
    plan_file = Entry.objects.get(plan=plan, kind="plan")
    for entry in Entry.objects.filter(plan=plan).order_by("number"):
        _hash_anew(entry)
    assert plan_file.number == 1
    return Plan.objects.get(pk=plan.pk)


def _hash_anew(entry: Entry) -> None:
    before = Entry.objects.filter(plan=entry.plan, number=entry.number - 1).first()
    entry.previous_hash = before.hash if before else hash_chain.FIRST_HASH
    own = hash_chain.hash_of(entry, list(entry.evidence.all()))
    behind_the_back(
        "UPDATE commitments_entry SET previous_hash = %s, hash = %s WHERE id = %s",
        entry.previous_hash,
        own,
        entry.pk,
    )


def test_entries_of_the_first_form_verify_until_they_are_sealed_and_after(old: Plan) -> None:
    assert kinds(old) == []
    heads = list(Entry.objects.filter(plan=old).values_list("hash", flat=True))
    seal = sealing.seal(old, NOW)
    assert seal is not None
    assert (seal.kind, seal.form, kinds(old)) == ("sealed", 2, [])
    assert list(Entry.objects.filter(plan=old).values_list("hash", flat=True))[:-1] == heads
    assert SignedText.objects.get(entry=seal).content == TEXT


def test_the_last_step_of_an_upgrade_seals_once_and_says_so(old: Plan) -> None:
    said = StringIO()
    call_command("finish_upgrade", stdout=said)
    call_command("finish_upgrade", stdout=said)
    number = Entry.objects.get(plan=old, kind="sealed").number
    lines = [line for line in said.getvalue().splitlines() if line.startswith("small: ")]
    assert [line for line in lines if "seal" in line] == [
        f"small: entry {number} seals the {number - 1} before it",
        "small: its register is sealed already",
    ]


def test_the_page_of_a_seal_says_what_it_is(old: Plan) -> None:
    seal = sealing.seal(old, NOW)
    assert seal is not None
    client = sign_in(old.memberships.get().user)
    page = client.get(f"/plans/small/register/{seal.number}/").content.decode()
    assert "A seal: version 1.0.0 left part of what an entry says out of its fingerprint" in page


def test_a_register_that_begins_in_the_second_form_needs_no_seal(calais: Plan) -> None:
    assert sealing.seal(calais, NOW) is None


@pytest.mark.parametrize("column", ["name = 'other.pdf'", "type = 'pdf'", "size = 99"])
def test_a_file_altered_after_the_seal_is_named(old: Plan, column: str) -> None:
    sealing.seal(old, NOW)
    behind_the_back(f"UPDATE commitments_evidence SET {column}")  # noqa: S608 no input
    found = [str(finding) for finding in verify_chain(old)]
    entry = Entry.objects.get(plan=old, kind="progress")
    assert len(found) == 1
    assert f"file 1 of entry {entry.number}" in found[0]


def test_an_old_process_that_writes_after_the_seal_is_named(
    old: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.seal(old, NOW)
    monkeypatch.setattr("commitments.register.entries.FORM", None)
    manager = old.memberships.get().user
    late = report_entry("1.1", by=manager)
    monkeypatch.undo()
    assert list(verify_chain(old)) == [
        Finding("first-form", {"number": late.number, "code": late.code})
    ]
    assert sealing.seal(old, NOW) is not None
    assert kinds(old) == []


def test_a_file_of_the_second_form_keeps_its_name_type_and_size(calais: Plan) -> None:
    file = storage.store(uploaded_file())
    entry = report_entry("4.4", by=create_manager(calais), evidence=[file])
    for column in ("name = 'other.pdf'", "type = 'pdf'", "size = 99", "salt = 'x'"):
        assert kinds(calais) == []
        behind_the_back(f"UPDATE commitments_evidence SET {column}")  # noqa: S608 no input
        found = list(verify_chain(calais))
        assert [finding.values["number"] for finding in found] == [entry.number], column
        restored = {"name": file.name, "type": file.type, "size": file.size, "salt": file.salt}
        for name, value in restored.items():
            behind_the_back(f"UPDATE commitments_evidence SET {name} = %s", value)  # noqa: S608 no input


# The signed text


def load_text(signed_text: str | None) -> Plan:
    load.load_plan(SMALL.encode(), now=datetime(2015, 1, 5, 9, tzinfo=UTC), signed_text=signed_text)
    return Plan.objects.get(slug="small")


def test_another_signed_text_with_the_same_file_leaves_an_entry(db: None) -> None:
    plan = load_text(TEXT)
    load_text(TEXT)
    load_text(None)
    assert Entry.objects.filter(plan=plan, kind="plan").count() == 1
    load_text(TEXT + " They publish a report.")
    first, second = Entry.objects.filter(plan=plan, kind="plan").order_by("number")
    assert first.words == second.words
    assert first.terms != second.terms
    assert second.signed_text.content.endswith("They publish a report.")
    assert kinds(plan) == []


def test_a_signed_text_altered_behind_the_back_is_named(db: None) -> None:
    plan = load_text(TEXT)
    number = Entry.objects.get(plan=plan, kind="plan").number
    behind_the_back("UPDATE commitments_signedtext SET content = 'They do not meet.'")
    assert list(verify_chain(plan)) == [Finding("signed-text", {"number": number})]


def test_loading_a_file_brings_back_the_text_that_the_register_has(db: None) -> None:
    plan = load_text(TEXT)
    Plan.objects.filter(pk=plan.pk).update(signed_text="They do not meet.")
    assert load_text(None).signed_text == TEXT


def test_a_lost_plan_file_is_named(db: None) -> None:
    plan = load_text(None)
    behind_the_back(
        "DELETE FROM commitments_planfile WHERE entry_id IN "
        "(SELECT id FROM commitments_entry WHERE plan_id = %s)",
        plan.pk,
    )
    assert kinds(plan) == ["plan-file"]
