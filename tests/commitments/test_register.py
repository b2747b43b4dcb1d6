"""The register cannot be changed: the database refuses, and what was done behind its back is found."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from actionplan.local import samples
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.models import Entry, EntryText, Obligation, Plan, Standing
from commitments.models.triggers import SQLITE_NAMES
from commitments.register import entries as register
from commitments.register.entries import Draft
from commitments.register.hash_chain import FIRST_HASH
from commitments.rules.events import Perspective
from tests.plans import SMALL, changed
from tests.servers import on_postgres

pytestmark = pytest.mark.sqlite
NOW = datetime(2014, 11, 5, 9, tzinfo=UTC)


def append(
    plan: Plan, code: str, *, kind: str = "note", to: Entry | None = None, note: str = ""
) -> Entry:
    day = date(2014, 11, 5)
    draft = Draft(
        kind=kind,
        code=code,
        ref="4.4",
        obligation=Obligation.objects.get(plan=plan, ref="4.4"),
        effective="2014-11-05",
        recorded_day=day,
        to=to,
        note=note,
    )
    (entry,) = register.append(plan, [draft], by=None, now=NOW)
    return entry


@pytest.fixture
def entry(calais: Plan) -> Entry:
    append(calais, "first", note="seen")
    return append(calais, "second", note="heard")


def load_samples(plan: Plan) -> None:
    now = datetime(2015, 1, 12, 9, tzinfo=UTC)
    assert (
        entries.load_entries(plan, samples.ENTRIES_FILE.read_bytes(), now=now, by=None).errors == []
    )


def refused(statement: str, *values: Any) -> None:
    """The database itself says no."""
    with pytest.raises(DatabaseError, match="the register is append-only"), transaction.atomic():
        execute(statement, *values)


def execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def behind_the_back(statement: str, *values: Any) -> None:
    """As somebody with every right on the database could."""
    if on_postgres():
        execute("SET LOCAL session_replication_role = replica")
        execute(statement, *values)
        execute("SET LOCAL session_replication_role = DEFAULT")
        return
    for name in SQLITE_NAMES:
        execute(f"DROP TRIGGER IF EXISTS {name}")
    execute(statement, *values)


def verify(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and what the command said."""
    capsys.readouterr()
    try:
        call_command("verify_register", chain=True)
    except SystemExit as ended:
        return int(ended.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().out


# What the database refuses


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commitments_entry SET effective = '2014-10-01' WHERE id = %s",
        "UPDATE commitments_entry SET number = number WHERE id = %s",
        "DELETE FROM commitments_entry WHERE id = %s",
        "UPDATE commitments_entrytext SET note = 'nothing' WHERE entry_id = %s",
        "DELETE FROM commitments_entrytext WHERE entry_id = %s",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(entry: Entry, statement: str) -> None:
    refused(statement, entry.pk)


def test_the_orm_is_refused_as_well(entry: Entry) -> None:
    for change in (entry.save, lambda: Entry.objects.filter(pk=entry.pk).update(kind="completed")):
        with (
            pytest.raises(DatabaseError, match="the register is append-only"),
            transaction.atomic(),
        ):
            change()


@pytest.mark.parametrize("table", ["commitments_entry", "commitments_entrytext"])
def test_postgresql_refuses_to_empty_the_register(calais: Plan, table: str) -> None:
    if on_postgres():
        refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    ("table", "key"), [("commitments_entry", "id"), ("commitments_entrytext", "entry_id")]
)
def test_the_database_refuses_to_replace_an_entry(entry: Entry, table: str, key: str) -> None:
    with connection.cursor() as cursor:
        names = [
            column.name for column in connection.introspection.get_table_description(cursor, table)
        ]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    verb, tail = ("INSERT OR REPLACE", "")
    if on_postgres():
        verb, tail = "INSERT", f" ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
    where = f"WHERE {key} = %s{tail}"
    refused(f"{verb} INTO {table} ({columns}) SELECT {columns} FROM {table} {where}", entry.pk)  # noqa: S608 no input


def test_an_entry_with_the_number_of_another_is_refused(entry: Entry) -> None:
    """Without a primary key in it SQLite would replace the row that holds the number."""
    entry.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save(force_insert=True)


def test_the_text_of_an_entry_may_go_once_an_entry_says_so(
    calais: Plan, entry: Entry, capsys: Any
) -> None:
    append(calais, "third", kind="redacted", to=entry)
    execute("DELETE FROM commitments_entrystems WHERE text_id = %s", entry.pk)
    execute("DELETE FROM commitments_entrytext WHERE entry_id = %s", entry.pk)
    assert not EntryText.objects.filter(entry=entry).exists()
    assert verify(capsys)[0] == 0
    refused("DELETE FROM commitments_entry WHERE id = %s", entry.pk)


# What is found


def test_the_chain_verifies(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(capsys) == (0, f"calais-2014: {entry.number} entries, head {entry.hash}\n")


def test_each_entry_carries_the_hash_of_the_one_before(calais: Plan, entry: Entry) -> None:
    hashes = list(Entry.objects.filter(plan=calais).values_list("previous_hash", "hash"))
    assert hashes[0][0] == FIRST_HASH
    assert [before for before, _own in hashes[1:]] == [own for _before, own in hashes[:-1]]


@pytest.mark.parametrize(
    "change",
    [
        "effective = '2014-10-01'",
        "recorded_day = '2014-10-01'",
        "loaded_at = '2014-10-01 09:00:00+00:00'",
        "kind = 'completed'",
        "ref = '4.1'",
        "side = 'FR'",
        "instalment = 1",
        "words = 'x'",
        "terms = '{}'",
        "text_digest = ''",
        "previous_hash = 'x'",
        "hash = 'x'",
        "code = 'other'",
    ],
)
def test_an_altered_entry_is_named(
    entry: Entry, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    before = entry.number - 1
    where = "WHERE number = %s AND plan_id = %s"
    behind_the_back(f"UPDATE commitments_entry SET {change} {where}", before, entry.plan_id)  # noqa: S608 no input
    code = "other" if change.startswith("code") else "first"
    exit_code, said = verify(capsys)
    assert exit_code == 1
    assert f"calais-2014: entry {before} ({code}) does not match its hash\n" in said


@pytest.mark.parametrize(
    ("column", "value"),
    [("first_day", "'2014-10-01'"), ("last_day", "'2014-12-01'"), ("obligation", "NULL")],
)
def test_a_column_that_does_not_follow_from_the_entry_is_named(
    entry: Entry, capsys: pytest.CaptureFixture[str], column: str, value: str
) -> None:
    field = "obligation_id" if column == "obligation" else column
    behind_the_back(f"UPDATE commitments_entry SET {field} = {value} WHERE id = %s", entry.pk)  # noqa: S608 no input
    assert verify(capsys) == (
        1,
        f"calais-2014: {column} of entry {entry.number} (second) is not what follows from the entry\n",
    )


def test_an_altered_amount_is_named(calais: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    load_samples(calais)
    paid = Entry.objects.get(plan=calais, code="sample-026")
    behind_the_back("UPDATE commitments_entry SET amount = amount + 1 WHERE id = %s", paid.pk)
    assert verify(capsys) == (
        1,
        f"calais-2014: entry {paid.number} (sample-026) does not match its hash\n",
    )


def test_an_altered_text_is_named(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    behind_the_back(
        "UPDATE commitments_entrytext SET note = 'nothing' WHERE entry_id = %s", entry.pk
    )
    message = f"calais-2014: the text of entry {entry.number} (second) is not the one recorded\n"
    assert verify(capsys) == (1, message)


def test_a_text_that_is_gone_without_an_entry_that_says_so_is_named(
    entry: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    behind_the_back("DELETE FROM commitments_entrystems WHERE text_id = %s", entry.pk)
    behind_the_back("DELETE FROM commitments_entrytext WHERE entry_id = %s", entry.pk)
    assert verify(capsys)[1].startswith(f"calais-2014: the text of entry {entry.number} (second)")


def test_an_entry_that_is_gone_is_named(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    before = Entry.objects.get(plan=entry.plan, code="first")
    behind_the_back("DELETE FROM commitments_entrystems WHERE text_id = %s", before.pk)
    behind_the_back("DELETE FROM commitments_entrytext WHERE entry_id = %s", before.pk)
    execute("SET LOCAL session_replication_role = replica") if on_postgres() else None
    execute("DELETE FROM commitments_entry WHERE id = %s", before.pk)
    exit_code, said = verify(capsys)
    assert exit_code == 1
    assert said.startswith(f"calais-2014: entry {before.number} is missing\n")


# Standings are derived


def check(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    try:
        call_command("rebuild_standings", check=True)
    except SystemExit as ended:
        return int(ended.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().out


def test_standings_are_what_the_rule_says(calais: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    load_samples(calais)
    assert check(capsys) == (0, "every standing is what the rule says\n")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "met"},
        {"anchor": date(2014, 11, 1)},
        {"never_reported": False},
        {"since": date(2014, 11, 2)},
        {"stale_since": date(2014, 11, 2)},
        {"words": "x"},
        {"figures": {"paid": []}},
    ],
)
def test_an_altered_standing_is_found_and_mended(
    calais: Plan, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    row = Standing.objects.filter(plan=calais, obligation__ref="4.4").on(
        date(2014, 11, 5), Perspective.AS_KNOWN_THEN
    )
    assert row.update(**change) == 1
    message = "calais-2014: the standing of 4.4 is not what the rule says: run rebuild_standings\n"
    assert check(capsys) == (1, message)
    call_command("rebuild_standings")
    assert check(capsys)[0] == 0


def test_a_lost_standing_is_found_and_mended(
    calais: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    Standing.objects.filter(plan=calais, obligation__ref="1.2", obligation__instalment=2).delete()
    assert check(capsys)[1].startswith(
        "calais-2014: the standing of 1.2/2 is not what the rule says"
    )
    call_command("rebuild_standings")
    assert check(capsys)[0] == 0


def test_the_stated_pair_keeps_the_order_of_the_text(calais: Plan) -> None:
    text = changed(
        SMALL, ('["EUR", "5000000"], ["GBP", "4000000"]', '["GBP", "4000000"], ["EUR", "5000000"]')
    )
    load.load_plan(text.encode(), now=NOW)
    row = Standing.objects.filter(
        plan__slug="small", obligation__instalment=1, obligation__ref="1.9"
    )[0]
    assert [list(found) for found in row.amounts.values()] == [["GBP", "EUR"], [], ["GBP", "EUR"]]
