"""What an insider with the database, the files and the backups tries, and what names it.

The attacker switches the triggers off. A head that somebody kept (`--expect`) names what computes
the whole chain anew.
"""

import secrets
from collections.abc import Callable
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import pytest

from actionplan.integrity.verify import Expected, verify_plan
from actionplan.local import samples
from actionplan.models import JobRun
from actionplan.plan_transfer import load
from commitments.evidence import storage
from commitments.models import Action, Entry, EntryText, Evidence, Flag, Plan, Standing
from commitments.register import flags, hash_chain, memberships, redaction, standings
from commitments.register.entries import Draft, append
from tests.behind_the_back import behind_the_back
from tests.factories import (
    NOW,
    TODAY,
    create_administrator,
    create_manager,
    load_sample_entries,
    report_entry,
    uploaded_file,
)

pytestmark = [pytest.mark.attacks, pytest.mark.sqlite]


@pytest.fixture
def attacked(calais: Plan, sample_day: date) -> Plan:
    """The sample register with a signed text, a file and flags, as its jobs left it."""
    words = [action.signed_words for action in Action.objects.filter(plan=calais)]
    text = "\n".join(filter(None, words))
    load.load_plan(samples.PLAN_FILE.read_bytes(), now=NOW, signed_text=text)
    load_sample_entries(calais)
    file = storage.store(uploaded_file())
    report_entry("4.4", by=create_manager(calais), note="Seen.", evidence=[file])
    memberships.record_differences(calais, NOW)
    for days in (9, 0):
        day = TODAY - timedelta(days=days)
        flags.bring_up_to(calais, day)
        JobRun.objects.create(
            plan=calais,
            job="flag_overdue",
            day=day,
            started=NOW,
            finished=NOW,
            outcome=JobRun.Outcome.SUCCEEDED,
        )
    return Plan.objects.get(pk=calais.pk)


def found(plan: Plan, *expected: Expected) -> list[str]:
    return [str(finding) for finding in verify_plan(plan, expected=expected).findings]


def kept_head(plan: Plan) -> Expected:
    """What a manager noted down."""
    entry = Entry.objects.filter(plan=plan).latest("number")
    return Expected(entry.number, entry.hash)


def test_a_sound_register_raises_no_alarm(attacked: Plan) -> None:
    verified = verify_plan(attacked, expected=[kept_head(attacked)])
    assert (verified.findings, verified.notes) == ([], [])


def test_days_moved_beside_the_hash_are_named_though_the_standings_follow(attacked: Plan) -> None:
    entry = Entry.objects.filter(plan=attacked, ref="4.4", kind="started").latest("number")
    behind_the_back(
        "UPDATE commitments_entry SET first_day = %s, last_day = %s WHERE id = %s",
        "2014-10-01",
        "2014-10-01",
        entry.pk,
    )
    standings.rebuild_all(attacked)
    assert found(attacked) == [
        f"first_day of entry {entry.number} ({entry.code}) is not what follows from the entry",
        f"last_day of entry {entry.number} ({entry.code}) is not what follows from the entry",
    ]


def test_another_signed_text_is_an_entry_or_named(attacked: Plan) -> None:
    head = kept_head(attacked)
    text = "Preamble. " + attacked.signed_text
    load.load_plan(samples.PLAN_FILE.read_bytes(), now=NOW, signed_text=text)
    assert kept_head(attacked).number == head.number + 1
    assert found(attacked, head) == []
    Plan.objects.filter(pk=attacked.pk).update(signed_text="Nothing was agreed.")
    Action.objects.filter(plan=attacked, ref="4.4").update(anchor_start=1)
    assert found(attacked) == [
        "anchor_start of 4.4 in commitments_action is not what the register says",
        "signed_text of calais-2014 in commitments_plan is not what the register says",
    ]


def _change_leads(plan: Plan) -> None:
    action = Action.objects.get(plan=plan, ref="4.4")
    action.leads.set(plan.bodies.exclude(pk__in=action.leads.all())[:1])


def _clear_flag(plan: Plan) -> None:
    flag = Flag.objects.filter(plan=plan, cleared=None).first()
    assert flag is not None
    Flag.objects.filter(pk=flag.pk).update(cleared=TODAY, cleared_by="met")


Attack = Callable[[Plan], object]
ON_DERIVED_TABLES: dict[str, Attack] = {
    "commitments_action": lambda plan: Action.objects.filter(plan=plan, ref="4.4").update(
        signed_words="may begin one day"
    ),
    "commitments_commitment": lambda plan: plan.commitments.filter(number=4).update(
        title={"en": "Nothing", "fr": "Rien"}
    ),
    "leads": _change_leads,
    "commitments_body": lambda plan: plan.bodies.filter(side="GB").update(side="FR"),
    "commitments_flag": _clear_flag,
    "a lost flag": lambda plan: Flag.objects.filter(plan=plan, cleared=None)[0].delete(),
    "commitments_standing": lambda plan: Standing.objects.filter(
        plan=plan, obligation__ref="4.4"
    ).update(state="met"),
    "funding_fund": lambda plan: plan.funds.update(manager="Somebody"),
}


@pytest.mark.parametrize("what", ON_DERIVED_TABLES)
def test_what_is_altered_in_a_derived_table_is_named(attacked: Plan, what: str) -> None:
    ON_DERIVED_TABLES[what](attacked)
    names = found(attacked)
    assert names
    table = {"leads": "commitments_action", "a lost flag": "commitments_flag"}.get(what, what)
    # stems that follow from an altered title are named beside it
    assert any(table in name for name in names)


def rewrite_chain(plan: Plan) -> None:
    """As the attacker does after a change: every hash anew."""
    previous = hash_chain.FIRST_HASH
    for entry in Entry.objects.filter(plan=plan).order_by("number"):
        entry.previous_hash = previous
        previous = hash_chain.hash_of(entry, list(entry.evidence.all()))
        statement = "UPDATE commitments_entry SET previous_hash = %s, hash = %s WHERE id = %s"
        behind_the_back(statement, entry.previous_hash, previous, entry.pk)


def test_a_chain_computed_anew_is_named_by_whoever_kept_a_head(attacked: Plan) -> None:
    head = kept_head(attacked)
    entry = Entry.objects.filter(plan=attacked, ref="4.4", kind="started").latest("number")
    behind_the_back("UPDATE commitments_entry SET side = 'FR' WHERE id = %s", entry.pk)
    rewrite_chain(attacked)
    standings.rebuild_all(attacked)
    flags.bring_up_to(Plan.objects.get(pk=attacked.pk), TODAY)
    assert found(attacked, head) == [
        f"the register does not hold entry {head.number} with the hash {head.hash}"
    ]


def cut_off(plan: Plan, count: int) -> None:
    last = Entry.objects.filter(plan=plan).latest("number").number
    entries = Entry.objects.filter(plan=plan, number__gt=last - count)
    for pk in list(entries.order_by("-number").values_list("pk", flat=True)):
        behind_the_back("DELETE FROM commitments_entrystems WHERE text_id = %s", pk)
        for table in ("entrytext", "evidence", "planfile", "signedtext"):
            behind_the_back(f"DELETE FROM commitments_{table} WHERE entry_id = %s", pk)  # noqa: S608 no input
        behind_the_back("DELETE FROM commitments_entry WHERE id = %s", pk)


def test_an_end_that_was_cut_off_is_named_by_whoever_kept_a_head(attacked: Plan) -> None:
    head = kept_head(attacked)
    cut_off(attacked, 3)
    standings.rebuild_all(attacked)
    assert found(attacked, head) == [
        f"the register does not hold entry {head.number} with the hash {head.hash}"
    ]


def test_a_file_altered_on_the_disk_is_named(attacked: Plan) -> None:
    file = Evidence.objects.get(entry__plan=attacked)
    storage.path_of(file.id).write_bytes(b"a,c")
    assert found(attacked) == [
        f"file 1 of entry {file.entry.number} ({file.entry.code}) is not the one recorded: {file.id}"
    ]


def forge(plan: Plan, **fields: Any) -> Entry:
    """An entry at the end of the chain, with hashes that fit."""
    moment = {"recorded_at": NOW, "recorded_day": TODAY, "effective": TODAY.isoformat()}
    obligation = plan.obligations.filter(ref=fields.get("ref"), instalment=0).first()
    fields = {"code": secrets.token_hex(8), "obligation": obligation, **moment, **fields}
    by = fields.pop("by", None)
    (entry,) = append(plan, [Draft(**fields)], by=by, now=NOW)
    return entry


def test_an_entry_for_a_side_by_an_account_without_rights_there_is_named(attacked: Plan) -> None:
    manager = attacked.memberships.get().user
    of_nobody = forge(attacked, kind="note", ref="4.4", side="FR", note="So be it.")
    of_other = forge(attacked, kind="note", ref="4.4", side="FR", note="Yes.", by=manager.pk)
    forge(attacked, kind="note", ref="4.4", side="GB", note="Yes.", by=manager.pk)
    text = "entry {} ({}) speaks for a side for which its account had no rights"
    assert found(attacked) == [text.format(one.number, one.code) for one in (of_nobody, of_other)]


def test_terms_that_no_plan_file_states_are_named(attacked: Plan) -> None:
    deadline = {"kind": "start", "when": "2015-10", "words": "will begin in October"}
    terms = {"corrected": {"deadline": deadline}}
    entry = forge(attacked, kind="terms", ref="4.4", terms=terms)
    standings.rebuild_all(attacked)
    flags.bring_up_to(Plan.objects.get(pk=attacked.pk), TODAY)
    assert f"entry {entry.number} has terms of 4.4 that no plan file states" in found(attacked)


def test_a_redaction_that_one_person_carried_out_is_named(attacked: Plan) -> None:
    manager = attacked.memberships.get().user
    entry = Entry.objects.get(plan=attacked, kind="progress", by=manager)
    about = {"to": entry, "words": "text", "reason": "Wrong.", "by": manager.pk, "side": "GB"}
    request = forge(attacked, kind="redaction-asked", **about)
    forge(attacked, kind="redaction-agreed", **about | {"to": request})
    redacted = forge(attacked, kind="redacted", **about)
    text = f"the redaction in entry {redacted.number} was not asked for and agreed to as it must be"
    assert text in found(attacked)


def test_an_agreement_that_no_administrator_gave_is_named(attacked: Plan) -> None:
    manager = attacked.memberships.get().user
    entry = Entry.objects.get(plan=attacked, kind="progress", by=manager)
    request = forge(attacked, kind="redaction-asked", to=entry, words="text", reason="So.")
    agreed = forge(attacked, kind="redaction-agreed", to=request, by=manager.pk)
    text = f"entry {agreed.number} ({agreed.code}) speaks for a side for which its account had no"
    assert found(attacked) == [f"{text} rights"]


def test_an_entry_of_the_first_form_does_not_switch_checks_off(
    attacked: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commitments.register.entries.FORM", None)
    entry = forge(attacked, kind="note", ref="4.4", note="Old.")
    monkeypatch.undo()
    assert any(f"entry {entry.number} " in finding for finding in found(attacked))


def test_a_removed_text_that_is_put_back_is_named(attacked: Plan) -> None:
    manager = attacked.memberships.get().user
    entry = Entry.objects.get(plan=attacked, kind="progress", by=manager)
    text = EntryText.objects.filter(entry=entry).values().get()
    root = create_administrator()
    request = redaction.ask_for_redaction(
        entry=entry, what="text", by=manager, now=NOW, key="r", reason="So."
    )
    redaction.agree_to_redaction(request=request, by=root, now=NOW, key="a")
    assert found(attacked) == []
    EntryText.objects.create(**text)
    (finding,) = [one for one in found(attacked) if "search" not in one and "stems" not in one]
    assert finding == (
        f"the text of entry {entry.number} ({entry.code}) is there again, though it was removed"
    )


def test_a_last_day_of_working_days_that_nobody_counted_is_named(attacked: Plan) -> None:
    span, counted = "2014-12-23 +3 GB= FR=", {"last": "2015-03-30"}
    by = f"holidays {version('holidays')}"
    Plan.objects.filter(pk=attacked.pk).update(counted_days={span: {**counted, "by": by}})
    assert found(attacked) == [
        "counted_days of calais-2014 in commitments_plan is not what the register says"
    ]
    Plan.objects.filter(pk=attacked.pk).update(counted_days={span: {**counted, "by": "older"}})
    verified = verify_plan(attacked)
    assert (verified.findings, [note.kind for note in verified.notes]) == ([], ["recounted"])
    Plan.objects.filter(pk=attacked.pk).update(counted_days={"en": "altered"})
    assert found(attacked) == [
        "counted_days of calais-2014 in commitments_plan is not what the register says"
    ]
