"""A large plan in minutes: copies of the actions that the product itself loaded and judged.

Every copy of an action has rows of its own in each table that grows with the plan: the columns are
copied as they are, but for those that `SHIFTED` names. Only the hashes of the copied entries are
those of their originals; `verify_register` is measured on a plan without copies.
"""

from typing import Any

# tables in order, each with the columns that differ in a copy; n.i is the number of the copy
SHIFTED: dict[str, dict[str, str]] = {
    "commitments_obligation": {"id": "id + n.i * {obligations}", "ref": "{ref}"},
    "commitments_action": {
        "obligation_ptr_id": "obligation_ptr_id + n.i * {obligations}",
        "position": "position + n.i * {obligations}",
    },
    "commitments_action_leads": {"action_id": "action_id + n.i * {obligations}"},
    "commitments_action_partners": {"action_id": "action_id + n.i * {obligations}"},
    "commitments_entry": {
        "id": "id + n.i * {entries}",
        "number": "number + n.i * {entries}",
        "code": "code || '-' || n.i",
        "ref": "{ref}",
        "obligation_id": "obligation_id + n.i * {obligations}",
        "to_id": "to_id + n.i * {entries}",
    },
    "commitments_entrytext": {"entry_id": "entry_id + n.i * {entries}"},
    "commitments_standing": {"obligation_id": "obligation_id + n.i * {obligations}"},
}
# 4.7 becomes 4.107 in the first copy of a plan with a hundred actions in each commitment
REF = "split_part(ref, '.', 1) || '.' || (split_part(ref, '.', 2)::int + n.i * {step})"
COPIED_ACTIONS = "SELECT obligation_ptr_id FROM base_actions"
CONDITIONS = {
    "commitments_obligation": f"id IN ({COPIED_ACTIONS})",
    "commitments_action": f"obligation_ptr_id IN ({COPIED_ACTIONS})",
    "commitments_action_leads": f"action_id IN ({COPIED_ACTIONS})",
    "commitments_action_partners": f"action_id IN ({COPIED_ACTIONS})",
    "commitments_entry": f"obligation_id IN ({COPIED_ACTIONS})",
    "commitments_entrytext": "entry_id IN (SELECT id FROM base_entries)",
    "commitments_standing": f"obligation_id IN ({COPIED_ACTIONS})",
}


def copy_actions(cursor: Any, *, copies: int, step: int, special: str) -> None:
    """Copy all actions but one so many times; `step` is the number of actions in a commitment."""
    # neither triggers nor foreign keys: both would look at each row
    cursor.execute("SET session_replication_role = replica")
    cursor.execute(
        "CREATE TEMP TABLE base_actions AS SELECT obligation_ptr_id FROM commitments_action "
        "JOIN commitments_obligation ON id = obligation_ptr_id WHERE ref <> %s",
        [special],
    )
    cursor.execute(
        "CREATE TEMP TABLE base_entries AS SELECT id FROM commitments_entry "
        f"WHERE obligation_id IN ({COPIED_ACTIONS})"
    )
    values = {
        "obligations": _largest(cursor, "commitments_obligation"),
        "entries": _largest(cursor, "commitments_entry"),
        "ref": REF.format(step=step),
    }
    for table, shifted in SHIFTED.items():
        columns = _columns(cursor, table)
        if "id" not in shifted and "id" in columns:
            # given by the sequence
            columns.remove("id")
        selected = [shifted.get(column, f'"{column}"').format(**values) for column in columns]
        cursor.execute(
            f"INSERT INTO {table} ({_quoted(columns)}) SELECT {', '.join(selected)} FROM {table}, "
            f"generate_series(1, {copies}) AS n(i) WHERE {CONDITIONS[table]} ORDER BY n.i"
        )
    if _columns(cursor, "commitments_tally"):
        # up to 1.0.0 the overview adds up changes that are kept by the day
        cursor.execute("UPDATE commitments_tally SET change = change * %s", [copies + 1])
    for table in ("commitments_obligation", "commitments_entry"):
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def _largest(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT max(id) FROM {table}")
    return int(cursor.fetchone()[0])


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )
    return [name for (name,) in cursor.fetchall()]


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
