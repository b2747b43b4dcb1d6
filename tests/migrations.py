"""Whether the migrations since the last release let its code go on while they run, and after.

Run as `python -m tests.migrations`. What is released is what the newest backup in tests/releases/
names. A step that is safe for a reason nobody can see here has that reason in its migration: `safe
= {"RemoveField": "unused since 1.1"}`.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RELEASES = Path(__file__).parent / "releases"
# what a migration may hold that is no single transaction; a function of RunPython says so itself
RUN_AGAIN = (
    "AddFieldIfMissing",
    "AddIndexWhileRunning",
    "AddUniqueWhileRunning",
    "RemoveIndexIfThere",
    "RemoveUniqueIfThere",
    "RunPython",
)
Node = tuple[str, str]


def versions() -> list[Path]:
    """The folders of releases, the newest last; others there, such as trials, bind nobody."""
    found = [path for path in RELEASES.iterdir() if path.name.replace(".", "").isdigit()]
    return sorted(found, key=lambda path: [int(number) for number in path.name.split(".")])


def released() -> set[Node]:
    if not (found := versions()):
        return set()
    return {
        (app, name)
        for app, name in json.loads((found[-1] / "backup" / "manifest.json").read_text())[
            "migrations"
        ]
    }


def faults(loader: Any, old: set[Node], apps: tuple[str, ...]) -> Iterator[str]:
    """Each unsafe step of the migrations that are not among the old ones."""
    graph = loader.graph
    there = {(m.app_label, m.name) for m in loader.disk_migrations.values()} & old
    state = graph.make_state(nodes=sorted(there), at_end=True)
    used = set(state.models)
    plan = graph._generate_plan(sorted(graph.leaf_nodes()), at_end=True)
    for node in [node for node in plan if node not in old]:
        migration = loader.disk_migrations[node]
        if node[0] in apps and not migration.atomic:
            yield from (
                f"{node[0]}.{node[1]}: {operation.describe()}: a kill after it leaves half a migration: "
                "use an operation that looks for what is there"
                for operation in migration.operations
                if type(operation).__name__ not in RUN_AGAIN
            )
        for operation in migration.operations:
            if node[0] in apps and type(operation).__name__ not in getattr(migration, "safe", {}):
                yield from (
                    f"{node[0]}.{node[1]}: {fault}"
                    for fault in _judge(operation, node[0], state, used)
                )
            operation.state_forwards(node[0], state)


def _judge(operation: Any, app: str, state: Any, used: set[Node]) -> Iterator[str]:
    """What the old code, or whoever waits for a table, would stumble over."""
    name = type(operation).__name__
    table = (
        app,
        (getattr(operation, "model_name", "") or getattr(operation, "name", "") or "").lower(),
    )
    what = operation.describe()
    if name == "SeparateDatabaseAndState":
        for inner in operation.database_operations:
            yield from _judge(inner, app, state, used)
    elif name in ("RunPython", "RunSQL") and not operation.reversible:
        yield f"{what}: it has no way back: give its reverse, noop if there is nothing to undo"
    elif name == "RenameModel" and (app, operation.old_name_lower) in used:
        yield f"{what}: the old code asks for the old name: add the new one beside it, remove the old a release later"
    elif table in used:
        yield from (f"{what}: {fault}" for fault in _on_a_used_table(name, operation, table, state))


def _on_a_used_table(name: str, operation: Any, table: Node, state: Any) -> Iterator[str]:
    if name in ("DeleteModel", "RemoveField", "RenameField", "AlterModelTable"):
        yield "the old code still asks for it: remove it a release after its last use, and say so in `safe`"
    elif name in ("AddField", "AddFieldIfMissing") and not (
        operation.field.null or operation.field.many_to_many or _has_default(operation)
    ):
        yield "the old code writes rows without it: let it be null or give it a db_default"
    elif name == "AlterField" and _changes_the_column(operation, table, state):
        yield "the table is locked while it is rewritten: add a new column beside it"
    elif name == "AddIndex":
        yield "writers wait while it is built: use AddIndexWhileRunning"
    elif name in ("AddConstraint", "AlterUniqueTogether", "AlterIndexTogether"):
        yield "the table is locked while it is checked: say in `safe` why that is short"


def _has_default(operation: Any) -> bool:
    return bool(operation.field.has_db_default())


def _changes_the_column(operation: Any, table: Node, state: Any) -> bool:
    """Types, and what is demanded of a value; to demand less is safe, and so is what only Python
    knows.
    """
    from django.db import connection

    old, new = state.models[table].fields[operation.name], operation.field
    if old.null != new.null and not new.null:
        return True
    if old.many_to_many or old.is_relation or new.is_relation:
        return type(old) is not type(new) or old.unique != new.unique
    types = [field.db_parameters(connection)["type"] for field in (old, new)]
    longer = (
        type(old) is type(new) and (old.max_length or 0) <= (new.max_length or 0) and new.max_length
    )
    return bool(
        old.unique != new.unique
        or old.db_index != new.db_index
        or (types[0] != types[1] and not longer)
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    old = released()
    found = (
        list(faults(MigrationLoader(None), old, ("actionplan", "commitments", "funding")))
        if old
        else []
    )
    print(
        "\n".join(found)
        or f"the migrations since {versions()[-1].name if old else 'the beginning'} are safe"
    )
    sys.exit(1 if found else 0)
