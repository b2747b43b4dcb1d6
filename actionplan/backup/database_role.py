"""What the application's role may do on PostgreSQL: add to the register, never change it, and no
more than it needs.
"""

from django.db import connection

from commitments.models import triggers

ALL = "INSERT, UPDATE, DELETE"
# beside reading; what is not named here may be changed
NARROWER = {
    **triggers.RIGHTS,
    # migrations write these, and the owner runs them
    "django_migrations": "",
    "django_content_type": "",
    "auth_permission": "",
}


def fault(role: str) -> str:
    """Why rights cannot bind this role; empty where they can."""
    if connection.vendor != "postgresql":
        return "only PostgreSQL knows roles: on SQLite whoever can write the file can do everything"
    query = "SELECT rolsuper, pg_has_role(rolname, current_user, 'USAGE') FROM pg_roles WHERE rolname = %s"
    with connection.cursor() as cursor:
        cursor.execute(query, [role])
        found = cursor.fetchone()
    if not found:
        return f"there is no role {role!r}: make it with CREATE ROLE … LOGIN PASSWORD …"
    if any(found):
        return f"{role!r} is a superuser, or owns the tables, or is a member of who does: name a role of its own"
    return ""


def grant(role: str) -> dict[str, str]:
    """Takes every right away and gives the few anew, in one transaction; gives them by table."""
    to, tables = _quoted(role), sorted(connection.introspection.table_names())
    rights = {table: NARROWER.get(table, ALL) for table in tables}
    wide = [table for table, granted in rights.items() if granted]
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {to}, PUBLIC",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {to}, PUBLIC",
        f"REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM {to}, PUBLIC",
        f"REVOKE CREATE ON SCHEMA public FROM {to}, PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {to}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {to}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {to}",
        *(f"GRANT {rights[table]} ON {_quoted(table)} TO {to}" for table in wide),
    ]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
    return {table: f"SELECT, {granted}".removesuffix(", ") for table, granted in rights.items()}


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name.replace('"', '""')))
