# ruff: noqa: S608 - the names in these statements are constants
"""The database itself refuses to change or remove what the register holds, on PostgreSQL and
SQLite.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ENTRY, TEXT = "commitments_entry", "commitments_entrytext"
# the text of an entry may go once an entry says that it was redacted
REDACTED = f"EXISTS (SELECT 1 FROM {ENTRY} WHERE kind = 'redacted' AND to_id = OLD.entry_id)"
MESSAGE = "the register is append-only"

SQLITE = [
    f"""CREATE TRIGGER entry_no_update BEFORE UPDATE ON {ENTRY}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER entry_no_delete BEFORE DELETE ON {ENTRY}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    # INSERT OR REPLACE would delete without a DELETE
    f"""CREATE TRIGGER entry_no_replace BEFORE INSERT ON {ENTRY}
        WHEN EXISTS (SELECT 1 FROM {ENTRY} WHERE id = NEW.id
                     OR (plan_id = NEW.plan_id AND (number = NEW.number OR code = NEW.code)))
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER text_no_update BEFORE UPDATE ON {TEXT}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER text_no_delete BEFORE DELETE ON {TEXT} WHEN NOT {REDACTED}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER text_no_replace BEFORE INSERT ON {TEXT}
        WHEN EXISTS (SELECT 1 FROM {TEXT} WHERE entry_id = NEW.entry_id)
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
]
SQLITE_NAMES = [statement.split()[2] for statement in SQLITE]

POSTGRESQL = [
    f"""CREATE FUNCTION register_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND TG_TABLE_NAME = '{TEXT}' THEN
                IF {REDACTED} THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    *(
        f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION register_is_append_only()"
        for table in (ENTRY, TEXT)
    ),
    *(
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION register_is_append_only()"
        for table in (ENTRY, TEXT)
    ),
]

# The rows of evidence came later: they keep all but their name, and that may go once an entry says
# so.
EVIDENCE = "commitments_evidence"
# what the application's role needs on them beside SELECT; the triggers decide which texts and names
# may go
RIGHTS = {ENTRY: "INSERT", TEXT: "INSERT, DELETE", EVIDENCE: "INSERT, UPDATE (name)"}
UNCHANGEABLE = ("id", "entry_id", "position", "type", "size", "sha256")
ONLY_THE_NAME = " AND ".join(
    ["NEW.name = ''", REDACTED, *(f"NEW.{name} = OLD.{name}" for name in UNCHANGEABLE)]
)
EVIDENCE_SQLITE = [
    f"""CREATE TRIGGER evidence_no_update BEFORE UPDATE ON {EVIDENCE} WHEN NOT ({ONLY_THE_NAME})
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER evidence_no_delete BEFORE DELETE ON {EVIDENCE}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER evidence_no_replace BEFORE INSERT ON {EVIDENCE}
        WHEN EXISTS (SELECT 1 FROM {EVIDENCE} WHERE id = NEW.id
                     OR (entry_id = NEW.entry_id AND position = NEW.position))
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
]
EVIDENCE_POSTGRESQL = [
    f"""CREATE FUNCTION evidence_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF {ONLY_THE_NAME} THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    f"CREATE TRIGGER {EVIDENCE}_rows BEFORE UPDATE OR DELETE ON {EVIDENCE} "
    "FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only()",
    f"CREATE TRIGGER {EVIDENCE}_whole BEFORE TRUNCATE ON {EVIDENCE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only()",
]


def protect_evidence(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, EVIDENCE_POSTGRESQL, EVIDENCE_SQLITE)


def release_evidence(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The triggers go with the table."""
    _run(schema_editor, ["DROP FUNCTION evidence_is_append_only() CASCADE"], [])


def protect_entries(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, POSTGRESQL, SQLITE)


def release_entries(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    dropped = [f"DROP TRIGGER {name}" for name in SQLITE_NAMES]
    _run(schema_editor, ["DROP FUNCTION register_is_append_only() CASCADE"], dropped)


def guard(table: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The same for a table that a later migration adds: its rows are neither changed nor removed."""
    postgresql = [
        f"CREATE TRIGGER {table}_{each} BEFORE {event} ON {table} "
        f"FOR EACH {each} EXECUTE FUNCTION register_is_append_only()"
        for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
    ]
    sqlite = [
        f"CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for event in ("UPDATE", "DELETE")
    ]
    # INSERT OR REPLACE would delete without a DELETE
    replacing = (
        f"CREATE TRIGGER {table}_REPLACE BEFORE INSERT ON {table} WHEN EXISTS "
        f"(SELECT 1 FROM {table} WHERE entry_id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    _run(schema_editor, postgresql, [*sqlite, replacing])


def _run(schema_editor: BaseDatabaseSchemaEditor, postgresql: list[str], sqlite: list[str]) -> None:
    for statement in postgresql if schema_editor.connection.vendor == "postgresql" else sqlite:
        schema_editor.execute(statement)
