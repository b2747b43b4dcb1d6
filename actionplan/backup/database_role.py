"""What the application's role may do on PostgreSQL: add to the register, never change it, and no
more than it needs.
"""

from django.db import connection

from commitments.models import triggers

CHANGE_ROWS = "INSERT, UPDATE, DELETE"
# of tables with history: their rows are added, and never changed or removed
HISTORY = (
    "commitments_planfile",
    "commitments_signedtext",
    "actionplan_signingkey",
    "actionplan_checkpoint",
    "actionplan_witnesssignature",
)
# of tables that plan files and accounts write: rows stay, since entries are about them
ROWS_THAT_STAY = (
    "commitments_plan",
    "commitments_commitment",
    "commitments_obligation",
    "commitments_action",
    "funding_fund",
    "funding_contribution",
    "funding_instalment",
    "actionplan_user",
    "actionplan_jobrun",
)
# migrations write some of these, and the owner runs them; nothing writes the others
READ_ALONE = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "actionplan_user_groups",
    "actionplan_user_user_permissions",
)
# what the role may do beside reading, where that is less than changing rows
NARROWER_RIGHTS = {
    **dict.fromkeys(HISTORY, "INSERT"),
    **dict.fromkeys(ROWS_THAT_STAY, "INSERT, UPDATE"),
    **dict.fromkeys(READ_ALONE, ""),
    **triggers.RIGHTS,
    "commitments_flag": "INSERT, UPDATE (cleared, cleared_by)",
    "actionplan_witnesskey": "INSERT, UPDATE (ended)",
}


def find_obstacle(role: str) -> str:
    """Why rights cannot bind this role; empty where they can."""
    if connection.vendor != "postgresql":
        return "only PostgreSQL knows roles: on SQLite whoever can write the file can do everything"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR pg_has_role(rolname, current_user, 'USAGE') "
            "FROM pg_roles WHERE rolname = %s",
            [role],
        )
        row = cursor.fetchone()
    if row is None:
        return f"there is no role {role!r}: make it with CREATE ROLE … LOGIN PASSWORD …"
    is_above_rights = row[0]
    if is_above_rights:
        return f"{role!r} is a superuser, or owns the tables, or is a member of who does: name a role of its own"
    return ""


def grant_rights(role: str) -> dict[str, str]:
    """Take every right away and give the few anew, in one transaction; returns them by table."""
    tables = sorted(connection.introspection.table_names())
    rights = {table: NARROWER_RIGHTS.get(table, CHANGE_ROWS) for table in tables}
    grantee = _quote(role)
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {grantee}, PUBLIC",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {grantee}, PUBLIC",
        f"REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM {grantee}, PUBLIC",
        f"REVOKE CREATE ON SCHEMA public FROM {grantee}, PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {grantee}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {grantee}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {grantee}",
    ]
    for table, granted in rights.items():
        if granted:
            statements.append(f"GRANT {granted} ON {_quote(table)} TO {grantee}")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
    return {table: f"SELECT, {granted}".removesuffix(", ") for table, granted in rights.items()}


def _quote(name: str) -> str:
    return str(connection.ops.quote_name(name.replace('"', '""')))
