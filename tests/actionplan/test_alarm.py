"""The daily check: its result is shown, and what it finds is told to the managers of all sides."""

from datetime import date

import pytest
from django.core import mail

from actionplan.digests import hold, outbox
from actionplan.digests.recipients import subscribe
from actionplan.integrity.job import verify_daily
from actionplan.integrity.plan_tables import stored_rows
from actionplan.jobs import runner
from actionplan.models import Checkpoint, Digest, JobRun, Mark, User, Verification
from commitments.findings import THINGS, Finding
from commitments.models import Entry, Plan
from tests.attacks.test_integrity import cut_off
from tests.client import Client
from tests.factories import TODAY, create_manager, create_official, report_entry, sign_in


@pytest.fixture
def managers(calais: Plan, sample_day: date) -> list[User]:
    french = create_manager(calais, side="FR", email="france@example.org", language="fr")
    subscribe(french, calais, active=False)
    return [create_manager(calais, email="britain@example.org"), french]


def alter_the_place(plan: Plan) -> None:
    Plan.objects.filter(pk=plan.pk).update(place="Nowhere")


def test_the_managers_of_all_sides_are_told_at_once_and_once_a_day(
    calais: Plan, managers: list[User]
) -> None:
    create_official(calais)
    alter_the_place(calais)
    assert verify_daily(calais, TODAY) == {"findings": 1, "alarms": 2}
    assert verify_daily(calais, TODAY) == {"findings": 1, "alarms": 0}
    assert outbox.deliver()["sent"] == 2
    texts = {message.to[0]: message.body for message in mail.outbox}
    assert texts.keys() == {"britain@example.org", "france@example.org"}
    british, french = texts["britain@example.org"], texts["france@example.org"]
    assert "- Details of the plan: changed outside the register\n" in british
    assert "place of calais-2014 in commitments_plan is not what the register says" in british
    assert (
        "- Données générales du plan\N{NO-BREAK SPACE}: modification en dehors du registre\n"
        in french
    )
    assert "place de calais-2014 dans commitments_plan n’est pas ce que dit le registre" in french


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            Finding("hash", {"number": 12, "code": "a-1"}),
            "entry 12 was changed after it was recorded",
        ),
        (
            Finding("row-altered", {"table": "commitments_action", "row": "3.2", "column": "lead"}),
            "action 3.2: changed outside the register",
        ),
        (
            Finding("row-added", {"table": "commitments_flag", "row": "3.2 stale 2014-12-01"}),
            "alert about action 3.2: added outside the register",
        ),
        (
            Finding(
                "row-missing", {"table": "commitments_standing", "row": "1.2-FR/2 then 2014-12-01"}
            ),
            "status of instalment 2 of contribution 1.2-FR: removed outside the register",
        ),
        (
            Finding("underivable", {"table": "commitments_standing"}),
            "statuses: changed so much that nothing can be checked",
        ),
    ],
)
def test_a_finding_is_said_in_words_that_a_reader_knows(finding: Finding, sentence: str) -> None:
    assert finding.plain == sentence


def test_every_table_that_is_verified_has_a_name_that_a_reader_knows(calais: Plan) -> None:
    verified = {key.table for key in stored_rows(calais)}
    assert verified <= THINGS.keys()


def test_what_was_changed_in_several_columns_is_said_once(
    calais: Plan, managers: list[User]
) -> None:
    calais.commitments.filter(number="4").update(title={"en": "No"}, summary={"en": "No"})
    verify_daily(calais, TODAY)
    text = Digest.objects.filter(language="en")[0].text
    assert text.count("Commitment 4: changed outside the register") == 1


def test_the_first_run_names_a_checkpoint_that_the_register_contradicts(
    calais: Plan, managers: list[User]
) -> None:
    Checkpoint.objects.create(plan=calais, number=1, hash="0" * 64, note="")
    # it contradicts the register, and the site has not signed it
    assert verify_daily(calais, TODAY) == {"findings": 2, "alarms": 2}
    assert Verification.objects.get().number == calais.entries.count()


def test_a_sound_register_alarms_nobody(calais: Plan, managers: list[User]) -> None:
    assert verify_daily(calais, TODAY) == {"findings": 0, "alarms": 0}
    assert not Digest.objects.exists()


def test_a_restored_site_shows_what_it_finds_and_mails_nobody(
    calais: Plan, managers: list[User]
) -> None:
    alter_the_place(calais)
    Mark.now(Mark.MAIL_HELD)
    assert verify_daily(calais, TODAY) == {"findings": 1, "alarms": 0}
    page = sign_in(managers[0]).get("/plans/calais-2014/").content.decode()
    assert "The register is not as it was recorded" in page
    hold.release(discard=True)
    assert verify_daily(calais, TODAY)["alarms"] == 2


def test_a_head_that_went_stays_what_is_asked_for(calais: Plan, managers: list[User]) -> None:
    report_entry("4.4", by=managers[0])
    verify_daily(calais, TODAY)
    head = Entry.objects.filter(plan=calais).latest("number")
    cut_off(calais, 1)
    for _run in range(2):
        verify_daily(calais, TODAY)
        last = Verification.objects.get(plan=calais)
        assert (last.number, last.hash) == (head.number, head.hash)
        assert "expected" in [finding.kind for finding in last.messages]


def test_members_see_the_last_check_on_the_overview_and_others_do_not(
    calais: Plan, managers: list[User]
) -> None:
    number = Entry.objects.filter(plan=calais).latest("number").number
    verify_daily(calais, TODAY)
    page = sign_in(managers[0]).get("/plans/calais-2014/").content.decode()
    assert f"up to entry {number} nothing was changed outside the register" in page
    alter_the_place(calais)
    verify_daily(calais, TODAY)
    Plan.objects.filter(pk=calais.pk).update(public=True)
    assert "outside the register" not in Client().get("/plans/calais-2014/").content.decode()


def test_each_digest_says_how_the_last_check_ended(calais: Plan, managers: list[User]) -> None:
    verify_daily(calais, TODAY)
    outbox.queue(calais, date(2015, 1, 5))
    assert "nothing was changed outside the register" in Digest.objects.get().text
    alter_the_place(calais)
    verify_daily(calais, TODAY)
    outbox.queue(calais, date(2015, 1, 12))
    latest = Digest.objects.get(kind="manager", week=date(2015, 1, 12))
    assert "ALARM" in latest.text
    assert "Details of the plan: changed outside the register" in latest.html


def test_the_check_runs_once_a_day(calais: Plan, sample_day: date) -> None:
    for _run in range(2):
        runner.run_due()
    run = JobRun.objects.get(plan=calais, job="verify_register")
    assert (run.day, run.runs, run.outcome) == (TODAY, 1, "succeeded")
