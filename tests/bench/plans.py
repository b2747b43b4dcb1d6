"""How the database answers the queries of the pages and jobs: which tables are read whole, which
indexes are used.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench import dataset, pages, story
from tests.bench.world import rolled_back

LARGE = ("commitments_entry", "commitments_entrytext", "commitments_standing")


@dataclass(frozen=True)
class Read:
    """One scan in a plan: of which table, how, by what condition on an index, and how many rows it
    was to give.
    """

    table: str
    kind: str
    index: str
    bounded: bool
    rows: int


def scans(statement: str) -> list[Read]:
    """The scans of a SELECT on PostgreSQL, as planned; nothing for other statements."""
    if not statement.lstrip("( ").upper().startswith("SELECT") or "FOR UPDATE" in statement:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        (found,) = cursor.fetchone()
    tree = json.loads(found) if isinstance(found, str) else found
    return list(_reads(tree[0]["Plan"]))


def _reads(node: dict[str, Any]) -> Iterator[Read]:
    if "Relation Name" in node:
        below = node.get("Plans", [])
        bounded = "Index Cond" in node or any("Index Cond" in part for part in _flat(below))
        index = node.get("Index Name") or next(
            (part["Index Name"] for part in _flat(below) if "Index Name" in part), ""
        )
        yield Read(node["Relation Name"], node["Node Type"], index, bounded, node["Plan Rows"])
    for part in node.get("Plans", []):
        yield from _reads(part)


def _flat(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _flat(node.get("Plans", []))


def whole_reads(statement: str) -> list[Read]:
    """The scans of a large table that go through all of it."""
    return [read for read in scans(statement) if read.table in LARGE and "Seq Scan" in read.kind]


def unused_indexes() -> list[str]:
    """Indexes that no query has used since the statistics began, and that no constraint needs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT s.relname || '.' || s.indexrelname, pg_relation_size(s.indexrelid) FROM pg_stat_user_indexes s "
            "JOIN pg_index i USING (indexrelid) WHERE s.idx_scan = 0 AND NOT i.indisunique ORDER BY 2 DESC"
        )
        return [f"{name} ({size // 1024} kB)" for name, size in cursor.fetchall()]


def captured(work: Any) -> list[str]:
    """The statements of some work, which is undone."""
    with rolled_back(), CaptureQueriesContext(connection) as found:
        work()
    return [query["sql"] for query in found.captured_queries]


def of_pages(user: Any, paths: dict[str, str]) -> dict[str, list[str]]:
    client = Client()
    client.force_login(user)
    return {f"page {name}": pages.statements(client, path) for name, path in paths.items()}


def of_work(plan: Any, user: Any) -> dict[str, list[str]]:
    """The jobs and a report saved."""
    from actionplan.digests import outbox, rendering
    from actionplan.jobs import runner
    from commitments.models import Action
    from commitments.register import flags, services

    action = Action.objects.select_related("plan").get(plan=plan, ref="1.1")
    works: dict[str, Any] = {
        "flag job": lambda: flags.bring_up_to(plan, story.TODAY),
        "due jobs asked": lambda: [runner.due_days(job, plan) for job in runner.JOBS],
        "digests queued": lambda: outbox.queue(plan, rendering.week_before(story.TODAY)),
        "digests to send": lambda: outbox.Lot(),
        "report saved": lambda: services.report(
            action=action,
            kind="note",
            effective="2015-01-12",
            by=user,
            now=dataset.NOW,
            key="plans",
            note="x",
        ),
    }
    return {name: captured(work) for name, work in works.items()}


def table(found: dict[str, list[str]]) -> str:
    """Every scan of a large table, once for each page or job."""
    lines = [
        "| page or job | table | scan | index | bounded | rows expected |",
        "|---|---|---|---|---|---|",
    ]
    for name, statements in found.items():
        reads = {
            read for statement in statements for read in scans(statement) if read.table in LARGE
        }
        for read in sorted(reads, key=lambda read: (read.table, -read.rows)):
            cells = (
                name,
                read.table.removeprefix("commitments_"),
                read.kind,
                read.index or "—",
                read.bounded,
                read.rows,
            )
            lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def run(world: Any) -> str:
    """All of it at the largest size."""
    data = world.data(world.largest)
    manager = data.users["manager"]
    found = of_pages(manager, pages.PAGED) | of_work(data.plan, manager)
    # at the usual size these are whole already, and an index that only they use is used
    usual = world.data(world.actions)
    of_pages(usual.users["manager"], pages.PAGED | pages.WHOLE)
    of_work(usual.plan, usual.users["manager"])
    missing = unused_indexes()
    return f"{table(found)}\n\nIndexes that none of these used: {', '.join(missing) or 'none'}."
