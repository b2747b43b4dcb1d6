# ruff: noqa: S608 - the names in these statements are constants
"""The database itself refuses to change or remove what the register holds, on PostgreSQL and SQLite."""

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


def forward(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if postgresql else SQLITE:
        schema_editor.execute(statement)


def backward(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION register_is_append_only() CASCADE")
    else:
        for name in SQLITE_NAMES:
            schema_editor.execute(f"DROP TRIGGER {name}")
