"""Readings, decisions that need the other side, and how sides confirm what the other one says."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from actionplan.models import User
from commitments.files.entries import load_entries
from commitments.models import Entry, Plan
from commitments.pages import labels
from commitments.register import services
from commitments.register.hash_chain import verify_chain, write_amount
from tests.factories import (
    annotate_entry,
    create_manager,
    create_official,
    create_plan,
    decide_action,
    entries_file,
    entry_row,
    report_entry,
    sign_in,
)
from tests.plan_of_promises import PROMISES
from tests.plans import SMALL, changed

NOW = datetime(2014, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def plan(db: None) -> Plan:
    return create_plan(PROMISES)


@pytest.fixture
def british(plan: Plan) -> User:
    return create_manager(plan, side="GB")


@pytest.fixture
def french(plan: Plan) -> User:
    return create_manager(plan, side="FR")


@pytest.fixture
def move(british: User) -> Entry:
    return decide_action("joint", by=british, kind="moved", when="../2015-03-31", reason="Late.")


def errors_of(plan: Plan, *rows: dict[str, str]) -> list[str]:
    reading = load_entries(plan, entries_file(rows), now=NOW, by=None, check=True)
    return [error.text for error in reading.errors]


def test_a_reading_may_be_zero(plan: Plan, british: User) -> None:
    assert report_entry("level", by=british, kind="reading", quantity=0).quantity == 0
    assert errors_of(plan, entry_row("level", "reading", "2014-11-01", quantity="0")) == []


@pytest.mark.parametrize("kind", ["completed", "started", "reopened"])
def test_a_level_is_reached_by_readings_alone(plan: Plan, kind: str) -> None:
    row = entry_row("level", kind, "2014-11-01", reason="x")
    assert "level has a level to reach: record a reading instead." in errors_of(plan, row)


def test_a_ref_is_found_in_any_letters(plan: Plan) -> None:
    assert errors_of(plan, entry_row("LEVEL", "reading", "2014-11-01", quantity="3")) == []


def test_the_manager_of_the_other_side_confirms_a_proposal(
    plan: Plan, move: Entry, british: User, french: User
) -> None:
    official = create_official(plan, side="FR", bodies=["ministry"])
    for somebody in (british, create_manager(plan, side="GB"), official):
        with pytest.raises(PermissionDenied):
            annotate_entry(move, by=somebody, kind="confirmed")
    assert annotate_entry(move, by=french, kind="confirmed").side == "FR"


def test_list_and_page_say_what_is_proposed_by_whom_and_since_when(
    move: Entry, french: User
) -> None:
    client = sign_in(french)
    html = client.get("/actions/joint/").content.decode()
    notice = html.partition("One side has proposed another course.")[2].partition("</ol>")[0]
    assert '<span class="side">GB</span>' in notice
    assert labels.edtf(move.when) in notice.replace("\xa0", " ")
    assert labels.short_day(move.recorded_day) in notice.replace("\xa0", " ")
    assert f"/register/{move.number}/confirm/" in notice
    assert (
        '<span class="tag">proposal</span>' in client.get("/commitments/?q=joint").content.decode()
    )


def test_a_second_confirmation_of_a_side_is_refused_with_the_first_one(
    plan: Plan, move: Entry, french: User
) -> None:
    first = annotate_entry(move, by=french, kind="confirmed")
    with pytest.raises(ValidationError) as refused:
        annotate_entry(move, by=create_manager(plan, side="FR"), kind="confirmed")
    assert f"(entry {first.number})" in refused.value.messages[0]
    annotate_entry(first, by=french, kind="withdrawn")
    assert annotate_entry(move, by=french, kind="confirmed")


def test_a_side_that_confirms_withdraws_its_own_dispute(move: Entry, french: User) -> None:
    dispute = annotate_entry(move, by=french, kind="disputed")
    annotate_entry(move, by=french, kind="confirmed")
    assert dispute.named_by.get().kind == "withdrawn"
    assert services.disputes_by("FR", move) == []


def test_the_term_of_the_plan_is_for_all_sides(plan: Plan, british: User, french: User) -> None:
    term = services.move_term(
        plan=plan, by=british, now=NOW, key="t", effective="2014-12-01", when="2017", reason="More."
    )
    assert (term.ref, term.when) == ("", "2017")
    assert annotate_entry(term, by=french, kind="confirmed", now=NOW).to == term
    with pytest.raises(PermissionDenied):
        services.move_term(
            plan=plan,
            by=create_official(plan, side="FR", bodies=["ministry"]),
            now=NOW,
            key="u",
            effective="2014-12-01",
            when="",
            reason="No end.",
        )


@pytest.mark.parametrize(("side", "count"), [("FR", 0), ("GB", 1), ("", 1)])
def test_a_row_of_the_own_side_or_of_none_is_a_fault_on_what_is_joint(
    plan: Plan, side: str, count: int
) -> None:
    completed = entry_row("joint", "completed", "2014-11-01", id="done")
    confirmed = entry_row("", "confirmed", "2014-11-02", to="done", side=side)
    assert len(errors_of(plan, completed, confirmed)) == count


def test_a_file_confirms_for_a_side_once(plan: Plan) -> None:
    completed = entry_row("joint", "completed", "2014-11-01", id="done")
    confirmed = entry_row("", "confirmed", "2014-11-02", to="done", side="FR")
    errors = errors_of(plan, completed, {**confirmed, "id": "a"}, {**confirmed, "id": "b"})
    assert errors == ["FR has confirmed it already, on 2014-11-02 (“a”)."]


def test_a_file_that_confirms_what_its_side_disputes_is_told_so(plan: Plan) -> None:
    rows = [
        entry_row("joint", "moved", "2014-11-01", to="2015", reason="x", id="move"),
        entry_row("", "disputed", "2014-11-02", to="move", side="FR", id="no", reason="x"),
        entry_row("", "confirmed", "2014-11-03", to="move", side="FR", id="yes"),
    ]
    warning = "FR disputes it (“no”): to agree, it withdraws that dispute first"
    reading = load_entries(plan, entries_file(rows), now=NOW, by=None, check=True)
    assert [one.text for one in reading.warnings] == [warning]
    withdrawn = entry_row("", "withdrawn", "2014-11-03", to="no", side="FR", reason="x")
    rows.insert(2, withdrawn)
    assert load_entries(plan, entries_file(rows), now=NOW, by=None, check=True).warnings == []


def test_a_term_in_a_file_names_no_action_and_no_by(plan: Plan) -> None:
    assert errors_of(plan, entry_row("", "term", "2014-11-01", to="2017", reason="x")) == []
    assert errors_of(plan, entry_row("", "term", "2014-11-01", reason="x")) == []
    for wrong in (
        entry_row("joint", "term", "2014-11-01", to="2017", reason="x"),
        entry_row("", "term", "2014-11-01", to="../2017", reason="x"),
    ):
        assert len(errors_of(plan, wrong)) == 1


def test_an_amount_keeps_the_decimals_of_its_currency_and_its_hash(db: None) -> None:
    plan = create_plan(changed(SMALL, ('[["EUR", "7"]]', '[["TND", "7.125"]]')))
    cells = {"amount": "1.505", "currency": "TND", "side": "FR"}
    load_entries(
        plan, entries_file([entry_row("1.9-FR", "paid", "2014-11-01", **cells)]), now=NOW, by=None
    )
    assert Entry.objects.get(kind="paid").amount == Decimal("1.505")
    assert list(verify_chain(plan)) == []
    assert write_amount(Decimal("4000000.0000")) == "4000000.00"
