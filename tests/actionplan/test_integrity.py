"""The verification of a whole plan: what it covers, and that sound plans raise no alarm."""

import pytest
from django.apps import apps
from django.core.management import call_command

from actionplan.integrity.plan_tables import NOT_COMPARED, PLAN_BOOKKEEPING, stored_rows
from actionplan.integrity.verify import verify_plan
from commitments.models import Entry, Plan
from commitments.register.standings import COMPARED_COLUMNS
from tests.behind_the_back import behind_the_back
from tests.factories import create_plan
from tests.plans import SMALL, changed

pytestmark = pytest.mark.sqlite
# tables whose rows are covered otherwise, with the columns that are not
ELSEWHERE: dict[str, set[str]] = {
    # the chain (tests/commitments/test_hash_chain.py)
    "commitments_entry": set(),
    "commitments_entrytext": set(),
    "commitments_evidence": set(),
    "commitments_planfile": set(),
    "commitments_signedtext": set(),
    "commitments_standing": set(),
    # when a flag was noticed and cleared depends on the runs of the job
    "commitments_flag": {"noticed", "cleared", "cleared_by"},
    # computed again from the texts (search_index)
    "commitments_entrystems": set(),
    # drafts, of which the register knows nothing before their release
    "commitments_heldreport": set(),
    "commitments_heldfile": set(),
    # entries of the kind `rights` say what people may do
    "commitments_membership": {"user", "plan", "role", "side"},
}
# to which plan, fund or obligation a row belongs is part of what it is called
KEYS = {"plan", "fund", "obligation_ptr", "obligation", "ref", "instalment", "code"}


def test_each_column_that_a_plan_file_decides_is_derived_again(calais: Plan) -> None:
    """A new column of a plan's tables is derived, or listed with the reason why not."""
    compared: dict[str, set[str]] = {}
    for key, columns in stored_rows(calais).items():
        compared.setdefault(key.table, set()).update(columns)
    lacking = []
    for app in ("commitments", "funding"):
        for model in apps.get_app_config(app).get_models():
            table = model._meta.db_table
            if not model._meta.managed or table in ELSEWHERE:
                continue
            for field in [*model._meta.local_concrete_fields, *model._meta.local_many_to_many]:
                is_key = field.primary_key or field.name in KEYS
                is_bookkeeping = table == Plan._meta.db_table and field.name in PLAN_BOOKKEEPING
                is_searched = table == "commitments_action" and field.name in NOT_COMPARED
                if is_searched:
                    continue
                if not is_key and not is_bookkeeping and field.name not in compared[table]:
                    lacking.append(f"{table}.{field.name}")
    assert lacking == []


def test_each_column_of_a_standing_is_compared() -> None:
    columns = {field.attname for field in apps.get_model("commitments.Standing")._meta.fields}
    assert columns - {"id"} == set(COMPARED_COLUMNS)


def test_files_that_change_drop_and_withdraw_leave_what_is_derived(db: None) -> None:
    plan = create_plan(SMALL)
    text = changed(
        SMALL,
        ('title = { en = "Small plan"', 'title = { en = "Smaller plan"'),
        ('id = "security"', 'id = "safety"'),
    )
    head, _funds, funds = text.partition("[[funds]]")
    before, _third, _rest = head.rpartition("  [[commitments.actions]]")
    create_plan('change = "Agreed."\nwithdrawn = "Dropped."\n' + before + "[[funds]]" + funds)
    assert verify_plan(plan).findings == []


def test_a_plan_whose_file_text_was_never_kept_is_a_note_and_no_alarm(db: None) -> None:
    plan = create_plan(SMALL)
    behind_the_back("UPDATE commitments_entry SET form = NULL, terms = NULL WHERE kind = 'plan'")
    behind_the_back(
        "DELETE FROM commitments_planfile WHERE entry_id IN "
        "(SELECT id FROM commitments_entry WHERE plan_id = %s)",
        plan.pk,
    )
    kinds = {note.kind for note in verify_plan(plan).notes}
    assert kinds == {"not-kept", "unsealed"}


def test_an_expected_entry_names_its_plan_and_must_be_there(
    calais: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = Entry.objects.filter(plan=calais).latest("number")
    call_command("verify_register", "calais-2014", expect=[[str(entry.number), entry.hash]])
    assert f"head {entry.hash}" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        call_command("verify_register", "calais-2014", expect=[[str(entry.number), "0" * 64]])
    assert ended.value.code == 1
    assert f"does not hold entry {entry.number}" in capsys.readouterr().err
