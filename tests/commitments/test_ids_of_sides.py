"""The id of an entry belongs to its side: no side takes one before the other uses it."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from actionplan.plan_transfer.export import export_plan
from actionplan.plan_transfer.restore import load_export
from commitments.evidence import storage
from commitments.files.entries import EntriesReading, load_entries
from commitments.files.entry_rows import TRAVELLING_COLUMNS
from commitments.models import Entry, Evidence, Plan
from tests.factories import create_manager, create_plan, report_entry, uploaded_file
from tests.plans import SMALL, changed

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
START = {
    "id": "x",
    "ref": "4.4",
    "kind": "started",
    "effective": "2014-10-20",
    "recorded": "2014-10-21",
    "side": "GB",
}
OF_FRANCE = START | {"side": "FR"}
DISPUTE = {
    "id": "x2",
    "kind": "disputed",
    "recorded": "2014-11-05",
    "side": "FR",
    "to": "x",
    "reason": "No.",
}
OF_GB = {"to_side": "GB"}
LED_BY_GB, LED_BY_NO_SIDE = 'lead = ["office"]', 'lead = ["port"]'


def load(plan: Plan, *rows: dict[str, str]) -> EntriesReading:
    file = io.StringIO()
    writer = csv.DictWriter(file, [name for name in TRAVELLING_COLUMNS if name != "stated"])
    writer.writeheader()
    writer.writerows(rows)
    return load_entries(plan, file.getvalue().encode(), now=NOW, by=None)


def targets(plan: Plan, code: str) -> list[str]:
    entries = Entry.objects.filter(plan=plan, code=code).order_by("number")
    return [entry.to.side for entry in entries if entry.to]


def test_a_row_says_whose_entry_it_names_where_two_sides_have_the_id(calais: Plan) -> None:
    assert load(calais, START, OF_FRANCE).errors == []
    (error,) = load(calais, DISPUTE).errors
    assert error.text == "Several sides have an entry with the id “x”: say in to_side of which."
    withdrawal = DISPUTE | {"kind": "withdrawn", "id": "w"}
    assert load(calais, DISPUTE | OF_GB, withdrawal).errors == []
    assert (targets(calais, "x2"), targets(calais, "w")) == (["GB"], ["FR"])
    assert load(calais, START, OF_FRANCE, DISPUTE | OF_GB, withdrawal).skipped == 4


def test_rows_of_two_sides_with_one_id_may_name_each_other_in_a_file(calais: Plan) -> None:
    assert load(calais, DISPUTE | OF_GB | {"id": "x"}, START).errors == []
    assert targets(calais, "x") == ["GB"]


def test_a_plan_with_such_ids_travels_with_its_files(db: None, tmp_path: Path) -> None:
    content = io.BytesIO()
    with transaction.atomic():
        plan = create_plan(changed(SMALL, (LED_BY_GB, LED_BY_NO_SIDE)))
        for side in ("GB", "FR"):
            manager = create_manager(plan, side=side)
            file = storage.store(uploaded_file(f"{side},b".encode(), f"{side}.csv"))
            report_entry("1.1", by=manager, key="x", note=f"Of {side}.", evidence=[file])
        assert export_plan(plan, content, now=NOW) == []
        transaction.set_rollback(True)
    (tmp_path / "plan.zip").write_bytes(content.getvalue())
    copy = load_export(tmp_path / "plan.zip", now=NOW)
    files = Evidence.objects.filter(entry__plan=copy, entry__code="x").order_by("entry__number")
    assert [(file.entry.side, file.name) for file in files] == [("GB", "GB.csv"), ("FR", "FR.csv")]


def test_the_database_keeps_an_id_once_for_each_side(calais: Plan) -> None:
    load(calais, START)
    row = Entry.objects.filter(plan=calais, code="x").values().get()
    row |= {"id": row["id"] + 1000, "number": row["number"] + 1000}
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.create(**row)
    Entry.objects.create(**{**row, "side": "FR"})
    if connection.vendor == "sqlite":
        columns = ", ".join(f'"{field.column}"' for field in Entry._meta.concrete_fields)
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT OR REPLACE INTO commitments_entry ({columns}) "  # noqa: S608 no input
                f"SELECT {columns} FROM commitments_entry WHERE code = 'x'"
            )
