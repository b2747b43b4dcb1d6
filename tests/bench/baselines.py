"""What the product is compared with, where that is not a page: the least that could do the same
work by hand.
"""

import hashlib
import io
import json
import smtplib
from collections.abc import Sequence
from datetime import date
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from commitments.models import Entry, EntryText, Flag, FlagKind, Plan, Standing
from commitments.register.flags import CONDITIONS
from commitments.rules.events import Perspective

PLACE = "obligation__action__position"
# the columns of the list's export that are stored, by the names of the tables
STORED = (
    *(
        "s.state",
        "s.modality",
        "s.scored",
        "s.words",
        "s.first_day",
        "s.last_day",
        "s.original_last",
        "s.stale_since",
    ),
    *(
        "s.never_reported",
        "s.confirmed",
        "s.disputed",
        "s.sides_differ",
        "s.confidence",
        "s.delivered",
        "s.target",
    ),
    *("o.ref", "c.number", "a.title"),
)


def rows_of_a_day(plan: Plan, day: date) -> str:
    """The rows of the list's export as one SELECT."""
    return (
        f"SELECT {', '.join(STORED)} FROM commitments_standing s "
        "JOIN commitments_obligation o ON o.id = s.obligation_id "
        "JOIN commitments_action a ON a.obligation_ptr_id = o.id "
        "JOIN commitments_commitment c ON c.id = o.commitment_id "
        f"WHERE s.plan_id = {plan.pk} AND s.lens = 'then' AND s.from_day <= '{day}' AND s.to_day > '{day}' "
        "AND o.instalment = 0 ORDER BY a.position"
    )


def copied(statement: str) -> float:
    """Seconds of a raw COPY to CSV; on SQLite, which has none, of its cursor and the csv module."""
    out, start = io.StringIO(), perf_counter()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH CSV", out)
        else:
            import csv

            cursor.execute(statement)
            csv.writer(out).writerows(cursor.fetchall())
    taken = perf_counter() - start
    assert out.tell() > 0
    return taken


def three_statements(raw: Plan, number: int) -> float:
    """An entry, its text and one standing written in one transaction, in the same tables, by hand."""
    entry, text = (model._meta.db_table for model in (Entry, EntryText))
    start = perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {entry} (plan_id, number, code, kind, ref, effective, first_day, last_day, recorded_day, "
            'loaded_at, side, "when", words, currency, text_digest, previous_hash, hash) '
            "VALUES (%s, %s, %s, 'progress', 'x', '2015-01-12', '2015-01-12', '2015-01-12', '2015-01-12', "
            "'2015-01-12 09:00:00+00:00', 'GB', '', '', '', %s, %s, %s) RETURNING id",
            [raw.pk, number, f"raw-{number}", "d" * 64, "p" * 64, "h" * 64],
        )
        (pk,) = cursor.fetchone()
        cursor.execute(
            f"INSERT INTO {text} (entry_id, salt, reason, note, source, decided_by) VALUES (%s, %s, '', %s, '', '')",
            [pk, "s" * 32, "What was reported, in one sentence."],
        )
        cursor.execute(
            "UPDATE commitments_standing SET never_reported = never_reported "
            "WHERE id = (SELECT min(id) FROM commitments_standing)"
        )
    return perf_counter() - start


def same_flags(plan: Plan, day: date) -> int:
    """The flags of a day by one raw INSERT … SELECT; the missed periods, which no column holds,
    from a table.
    """
    parts = []
    for kind, condition in CONDITIONS.items():
        found = Standing.objects.filter(condition.where, plan=plan).on(
            day, Perspective.AS_KNOWN_THEN
        )
        select, params = found.values_list(
            "plan_id", "obligation_id", condition.since
        ).query.sql_with_params()
        with connection.cursor() as cursor:
            text = (
                cursor.mogrify(select, params).decode()
                if connection.vendor == "postgresql"
                else _bound(select, params)
            )
        parts.append(f"SELECT f.*, '{kind.value}' FROM ({text}) AS f")
    parts.append(
        f"SELECT plan_id, obligation_id, since, '{FlagKind.MISSED_PERIOD.value}' FROM bench_missed"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Flag._meta.db_table} (plan_id, obligation_id, since, kind, noticed, cleared_by) "
            f"SELECT x.*, '{day}', '' FROM ({' UNION ALL '.join(parts)}) AS x"
        )
        return int(cursor.rowcount)


def _bound(select: str, params: Sequence[Any]) -> str:
    quoted = tuple(str(int(p)) if isinstance(p, bool | int) else f"'{p}'" for p in params)
    return select % quoted


def keep_missed() -> None:
    """The missed periods that the product found, for `same_flags`."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_missed")
        cursor.execute(
            "CREATE TABLE bench_missed AS SELECT plan_id, obligation_id, since FROM commitments_flag "
            f"WHERE kind = '{FlagKind.MISSED_PERIOD.value}'"
        )


def one_pass(plan: Plan) -> float:
    """SHA-256 of the JSON of each entry, as a bare cursor gives it."""
    start, previous = perf_counter(), ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {Entry._meta.db_table} WHERE plan_id = %s ORDER BY number", [plan.pk]
        )
        for row in cursor.fetchall():
            previous = hashlib.sha256(
                json.dumps([*row, previous], default=str).encode()
            ).hexdigest()
    return perf_counter() - start


def bare_mail(port: int, mails: Sequence[tuple[str, bytes]]) -> float:
    """The very bytes that the product sent, on one connection to the same server."""
    start = perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for recipient, content in mails:
            smtp.sendmail("actionplan@localhost", [recipient], content)
    return perf_counter() - start
