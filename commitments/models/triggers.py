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
                     OR (plan_id = NEW.plan_id AND (number = NEW.number
                         OR (side = NEW.side AND code = NEW.code))))
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
RIGHTS = {
    ENTRY: "INSERT",
    TEXT: "INSERT, DELETE",
    EVIDENCE: "INSERT, UPDATE (name, salt, name_digest)",
}
UNCHANGEABLE = ("id", "entry_id", "position", "type", "size", "sha256")
ONLY_THE_NAME = " AND ".join(
    ["NEW.name = ''", REDACTED, *(f"NEW.{name} = OLD.{name}" for name in UNCHANGEABLE)]
)
# a digest is given once, to a name that stays; a name and its salt go once an entry says so
CHANGE_OF_A_NAME = " AND ".join(
    [
        *(f"NEW.{name} = OLD.{name}" for name in UNCHANGEABLE),
        "NEW.salt IN (OLD.salt, '')",
        "NEW.name_digest = OLD.name_digest",
        f"NEW.name = '' AND {REDACTED}",
    ]
)
FIRST_DIGEST = " AND ".join(
    [
        *(f"NEW.{name} = OLD.{name}" for name in (*UNCHANGEABLE, "name")),
        "OLD.name_digest = ''",
    ]
)
CHANGE_OF_A_NAME = f"({CHANGE_OF_A_NAME}) OR ({FIRST_DIGEST})"
EVIDENCE_FUNCTION = f"""CREATE OR REPLACE FUNCTION evidence_is_append_only()
        RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF %s THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$"""
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
EVIDENCE_NAMES = [statement.split()[2] for statement in EVIDENCE_SQLITE]
EVIDENCE_POSTGRESQL = [
    EVIDENCE_FUNCTION % ONLY_THE_NAME,
    f"CREATE TRIGGER {EVIDENCE}_rows BEFORE UPDATE OR DELETE ON {EVIDENCE} "
    "FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only()",
    f"CREATE TRIGGER {EVIDENCE}_whole BEFORE TRUNCATE ON {EVIDENCE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only()",
]


# columns that were added made SQLite write the table anew, without its triggers
DIGESTS_SQLITE = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in EVIDENCE_NAMES),
    f"""CREATE TRIGGER evidence_no_update BEFORE UPDATE ON {EVIDENCE} WHEN NOT ({CHANGE_OF_A_NAME})
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    *EVIDENCE_SQLITE[1:],
]


# what stays on PostgreSQL when the tables are dropped
FUNCTIONS = (
    "register_is_append_only",
    "evidence_is_append_only",
    "standing_names_its_commitment",
)

# Standings repeat the commitment of their action, which code before 1.1 does not write.
STANDING = "commitments_standing"
OWN_COMMITMENT = (
    "(SELECT commitment_id FROM commitments_obligation "
    "WHERE id = NEW.obligation_id AND instalment = 0)"
)
STANDING_SQLITE = [
    f"""CREATE TRIGGER IF NOT EXISTS standing_commitment AFTER INSERT ON {STANDING}
        WHEN NEW.commitment_id IS NULL
        BEGIN
            UPDATE {STANDING} SET commitment_id = {OWN_COMMITMENT} WHERE id = NEW.id;
        END""",
]
STANDING_POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION standing_names_its_commitment() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            NEW.commitment_id := {OWN_COMMITMENT};
            RETURN NEW;
        END $$""",
    f"""CREATE OR REPLACE TRIGGER standing_commitment BEFORE INSERT ON {STANDING}
        FOR EACH ROW WHEN (NEW.commitment_id IS NULL)
        EXECUTE FUNCTION standing_names_its_commitment()""",
]


def fill_commitments(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """From here on the database names the commitment where the code does not."""
    _run(schema_editor, STANDING_POSTGRESQL, STANDING_SQLITE)


def leave_commitments(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    dropped = ["DROP FUNCTION standing_names_its_commitment() CASCADE"]
    _run(schema_editor, dropped, ["DROP TRIGGER standing_commitment"])


def protect_evidence(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, EVIDENCE_POSTGRESQL, EVIDENCE_SQLITE)


def release_evidence(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The triggers go with the table."""
    _run(schema_editor, ["DROP FUNCTION evidence_is_append_only() CASCADE"], [])


def protect_digests_of_names(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Since names have digests: given once, and a salt goes with its name."""
    _run(schema_editor, [EVIDENCE_FUNCTION % CHANGE_OF_A_NAME], DIGESTS_SQLITE)


def protect_names_alone(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sqlite = [f"DROP TRIGGER IF EXISTS {EVIDENCE_NAMES[0]}", EVIDENCE_SQLITE[0]]
    _run(schema_editor, [EVIDENCE_FUNCTION % ONLY_THE_NAME], sqlite)


def protect_entries(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, POSTGRESQL, SQLITE)


def release_entries(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    dropped = [f"DROP TRIGGER {name}" for name in SQLITE_NAMES]
    _run(schema_editor, ["DROP FUNCTION register_is_append_only() CASCADE"], dropped)


def protect_codes_of_sides(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Since a code is unique to its side."""
    replacing = next(statement for statement in SQLITE if "entry_no_replace" in statement)
    _run(schema_editor, [], ["DROP TRIGGER IF EXISTS entry_no_replace", replacing])


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
