"""What somebody with every right on the database can do: triggers are switched off."""

from typing import Any

from django.db import connection

from commitments.models.triggers import EVIDENCE_NAMES, SQLITE_NAMES
from tests.servers import on_postgres

GUARDED = ("commitments_planfile", "commitments_signedtext")


def behind_the_back(statement: str, *values: Any) -> int:
    """Returns how many rows it changed."""
    with connection.cursor() as cursor:
        if on_postgres():
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            for name in (*SQLITE_NAMES, *EVIDENCE_NAMES):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            for table in GUARDED:
                for event in ("UPDATE", "DELETE", "REPLACE"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}")
        cursor.execute(statement, values)
        count = int(cursor.rowcount)
        if on_postgres():
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return count
