"""Data of any size in seconds: what the product made of a hundred actions, copied under keys of
their own.

The product itself loads, judges and chains the first hundred actions. The copies get their rows
from these by shifting keys and references, and a place in the chain of their own, so that the whole
satisfies `rebuild_standings --check` and `verify_register` as if it had been recorded entry by
entry.
"""

import hashlib
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from actionplan.models import User
from actionplan.plan_transfer import load
from commitments.files import entries as entries_file
from commitments.models import (
    Action,
    Entry,
    EntryText,
    Membership,
    Obligation,
    Plan,
    Role,
    Standing,
    Tally,
)
from commitments.register import entries as register
from commitments.register import flags, hash_chain, tally
from tests.bench import story

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
LARGEST_BASE = 100
CHUNK = 20_000


def make(actions: int, slug: str, base: int = LARGEST_BASE) -> Plan:
    """A plan of so many actions, in tens and above `base` in multiples of it, and ten times as many
    entries.
    """
    base = min(actions, base)
    with transaction.atomic():
        load.load_plan(
            story.plan_file(base, slug).encode(), now=datetime(2014, 9, 20, 9, tzinfo=UTC)
        )
        plan = Plan.objects.get(slug=slug)
        reading = entries_file.load_entries(plan, story.entries_file(base), now=NOW, by=None)
        assert not reading.errors, reading.errors[:5]
        if actions > base:
            with _unwatched():
                Copies(plan, base, actions // base).lay()
    return plan


def settle() -> None:
    """The database's own housekeeping, done at once and not in the middle of a measurement."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def people(plan: Plan, officials: int = 1) -> dict[str, User]:
    """A manager and a viewer, and so many officials, each of one body."""
    found = {
        "manager": User(email="manager@example.org", post="Director"),
        "viewer": User(email="viewer@example.org", post="Reader", language="fr"),
    }
    found |= {
        f"official-{n}": User(email=f"official-{n}@example.org", post=f"Desk {n}")
        for n in range(officials)
    }
    bodies = list(plan.bodies.exclude(side=""))
    User.objects.bulk_create(found.values())
    members, own = [], []
    for n, (name, user) in enumerate(found.items()):
        body, role = bodies[n % len(bodies)], Role(name.partition("-")[0])
        side = {"manager": "GB", "viewer": ""}.get(name, body.side)
        members.append(Membership(user=user, plan=plan, role=role, side=side))
        if role == Role.OFFICIAL:
            own.append(Membership.bodies.through(membership=members[-1], body=body))
    Membership.objects.bulk_create(members)
    Membership.bodies.through.objects.bulk_create(own)
    return found


def flagged(plan: Plan) -> None:
    flags.bring_up_to(plan, story.TODAY)


@contextmanager
def _unwatched() -> Iterator[None]:
    """Without indexes and foreign keys: both are made up for at the end, faster than row by row."""
    postgresql = connection.vendor == "postgresql"
    tables = ", ".join(
        f"'{model._meta.db_table}'" for model in (Entry, EntryText, Standing, Action, Obligation)
    )
    found = (
        "SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        f"WHERE x.indrelid::regclass::text IN ({tables}) AND NOT x.indisunique"
        if postgresql
        else f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({tables})"
    )
    with connection.cursor() as cursor:
        cursor.execute(found)
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        if postgresql:
            cursor.execute(
                "SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0"
            )
        yield
        if postgresql:
            cursor.execute(
                "SET LOCAL session_replication_role = origin; SET CONSTRAINTS ALL IMMEDIATE"
            )
        for _name, definition in indexes:
            cursor.execute(definition)


# what differs between a row and its copies, as it stands in a row's text
SLOTS = (
    "pk",
    "number",
    "code",
    "ref",
    "obligation",
    "to",
    "to_number",
    "until",
    "previous",
    "hash",
    "position",
)
MARKS = {name: f"\x02{name}\x03" for name in SLOTS}
# numbers that no row has, for what cannot hold a mark
NUMBER, TO_NUMBER = 900_000_001, 900_000_002


def _template(text: str) -> str:
    """For the % operator: the marks become its names."""
    text = text.replace("%", "%%")
    for name, mark in MARKS.items():
        text = text.replace(mark, f"%({name})s").replace(json.dumps(mark)[1:-1], f"%({name})s")
    return text


@dataclass
class Line:
    """An entry as its copies are made of it: the text that is hashed, and the row."""

    pk: int
    code: str
    obligation: int
    to: int | None
    canonical: str
    row: str


class Copies:
    def __init__(self, plan: Plan, base: int, times: int) -> None:
        self.plan, self.step, self.times = plan, base // story.COMMITMENTS, times
        self.actions = list(
            Action.objects.filter(plan=plan).exclude(ref=story.SPECIAL).order_by("position")
        )
        self.entry_ids = _span(Entry, plan)
        self.ids = _span(Obligation, plan)
        self.refs = {action.pk: action.ref for action in self.actions}
        self.until = dict(
            Action.superseders.through.objects.filter(from_action__plan=plan).values_list(
                "from_action_id", "to_action_id"
            )
        )

    def lay(self) -> None:
        """Everything that a copy has, table by table."""
        _lay(
            Obligation, ("id", "plan_id", "commitment_id", "ref", "instalment"), self._obligations()
        )
        columns = [
            field for field in Action._meta.local_concrete_fields if field.name != "obligation_ptr"
        ]
        _lay(
            Action,
            ("obligation_ptr_id", *(field.column for field in columns)),
            self._actions(columns),
        )
        for name in ("leads", "partners", "superseders"):
            self._relations(getattr(Action, name).through)
        self._entries()
        self._texts()
        self._standings()
        self._tallies()
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(_no_style(), [Obligation, Entry]):
                cursor.execute(statement)

    def ref(self, pk: int, copy: int) -> str:
        """4.7 is 4.17 in the first copy of a plan with ten actions in each commitment."""
        commitment, number = self.refs[pk].split(".")
        return f"{commitment}.{int(number) + copy * self.step}"

    def _obligations(self) -> Iterator[str]:
        for copy in range(1, self.times):
            for action in self.actions:
                pk, ref = action.pk + copy * self.ids, self.ref(action.pk, copy)
                yield f"{pk}\t{self.plan.pk}\t{action.commitment_id}\t{ref}\t0"

    def _actions(self, columns: list[Any]) -> Iterator[str]:
        templates = []
        for action in self.actions:
            values = _texts_of(action, columns, position=MARKS["position"])
            templates.append(
                _template("\t".join([MARKS["pk"], *values]).replace(action.ref, MARKS["ref"]))
            )
        top = Action.objects.filter(plan=self.plan).aggregate(top=Max("position"))["top"]
        positions = itertools.count(top + 1)
        for copy in range(1, self.times):
            for action, template in zip(self.actions, templates, strict=True):
                ref = self.ref(action.pk, copy)
                yield template % {
                    "pk": action.pk + copy * self.ids,
                    "ref": ref,
                    "position": next(positions),
                }

    def _relations(self, through: Any) -> None:
        """Rows that link an action with a body, which stays, or with another action, which moves
        along.
        """
        columns = [field.column for field in through._meta.concrete_fields if not field.primary_key]
        shifted = ", ".join(f"{c} + {self.ids} * n.i" if "action" in c else c for c in columns)
        where = f"{columns[0]} IN ({_list(self.refs)})"
        self._multiply(through._meta.db_table, columns, shifted, where, columns[0])

    def _texts(self) -> None:
        columns = [field.column for field in EntryText._meta.concrete_fields]
        shifted = ", ".join(
            f"entry_id + {self.entry_ids} * n.i" if c == "entry_id" else c for c in columns
        )
        copied = f"entry_id IN (SELECT id FROM commitments_entry WHERE obligation_id IN ({_list(self.refs)}) "
        where = copied + f"AND id <= {self.last_base})"
        self._multiply(EntryText._meta.db_table, columns, shifted, where, "entry_id")

    def _standings(self) -> None:
        columns = [field.column for field in Standing._meta.concrete_fields if field.column != "id"]
        shifted = ", ".join(
            f"obligation_id + {self.ids} * n.i" if c == "obligation_id" else c for c in columns
        )
        where = f"obligation_id IN ({_list(self.refs)})"
        self._multiply(Standing._meta.db_table, columns, shifted, where, "obligation_id")

    def _tallies(self) -> None:
        commitments = {action.pk: action.commitment_id for action in self.actions}
        rows = Standing.objects.filter(obligation__in=[action.pk for action in self.actions])
        counted = tally.changes((commitments[row.obligation_id], row) for row in rows)
        Tally.objects.add(
            self.plan, {key: change * (self.times - 1) for key, change in counted.items()}
        )

    def _multiply(
        self, table: str, columns: Iterable[str], shifted: str, where: str, order: str
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({_quoted(columns)}) WITH RECURSIVE n(i) AS "
                f"(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {self.times - 1}) "
                f"SELECT {shifted} FROM {table}, n WHERE {where} ORDER BY n.i, {order}"
            )

    def _entries(self) -> None:
        fields = list(Entry._meta.concrete_fields)
        entries = (
            Entry.objects.filter(plan=self.plan, obligation__in=self.refs)
            .select_related("to")
            .order_by("number")
        )
        lines = [self._line(entry, fields) for entry in entries]
        self.last_base = Entry.objects.aggregate(last=Max("pk"))["last"]
        head = register.head_of(self.plan)
        assert head
        _lay(Entry, [field.column for field in fields], self._chain(lines, head.number, head.hash))

    def _line(self, entry: Entry, fields: list[Any]) -> Line:
        found = Line(entry.pk, entry.code, entry.obligation_id or 0, entry.to_id, "", "")
        until = self.refs.get(self.until.get(found.obligation, 0), "")
        entry.plan, entry.number, entry.code, entry.ref = (
            self.plan,
            NUMBER,
            MARKS["code"],
            MARKS["ref"],
        )
        entry.previous_hash, entry.hash = MARKS["previous"], MARKS["hash"]
        if until and entry.terms:
            entry.terms = json.loads(
                json.dumps(entry.terms).replace(f'"{until}"', json.dumps(MARKS["until"]))
            )
        if entry.to:
            entry.to.number = TO_NUMBER
        columns = hash_chain.columns_of(entry)
        canonical = (
            hash_chain.canonical(self.plan.slug, columns)
            .decode()
            .replace(str(TO_NUMBER), MARKS["to_number"])
        )
        given = {"id": MARKS["pk"], "obligation": MARKS["obligation"], "number": MARKS["number"]}
        row = "\t".join(
            _texts_of(entry, fields, **given, **({"to": MARKS["to"]} if entry.to else {}))
        )
        found.canonical = _template(canonical.replace(str(NUMBER), MARKS["number"]))
        found.row = _template(row)
        return found

    def _chain(self, lines: list[Line], number: int, previous: str) -> Iterator[str]:
        """The copies in order, each with the hash of the one before."""
        for copy in range(1, self.times):
            shift, numbers = copy * self.entry_ids, dict[int, int]()
            refs = {pk: self.ref(pk, copy) for pk in self.refs}
            for line in lines:
                number += 1
                numbers[line.pk] = number
                slots = {
                    "pk": line.pk + shift,
                    "number": number,
                    "code": f"{line.code}-{copy}",
                    "ref": refs[line.obligation],
                    "obligation": line.obligation + copy * self.ids,
                    "to": (line.to or 0) + shift,
                    "to_number": numbers.get(line.to or 0),
                    "until": refs.get(self.until.get(line.obligation, 0)),
                    "previous": previous,
                }
                slots["hash"] = previous = hashlib.sha256(
                    (line.canonical % slots).encode()
                ).hexdigest()
                yield line.row % slots


def _span(model: Any, plan: Plan) -> int:
    """A distance between keys by which no two copies meet; no larger than it must be, since keys
    have an end.
    """
    top = model.objects.aggregate(top=Max("pk"))["top"]
    return int(top - model.objects.filter(plan=plan).aggregate(low=Min("pk"))["low"] + 1)


def _list(pks: Iterable[int]) -> str:
    return ", ".join(str(pk) for pk in pks)


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(connection.ops.quote_name(column) for column in columns)


def _no_style() -> Any:
    from django.core.management.color import no_style

    return no_style()


def _texts_of(row: Any, fields: list[Any], **given: str) -> list[str]:
    """The columns of a row as text, null as the COPY format has it."""
    found = []
    for field in fields:
        value = getattr(row, field.attname)
        if field.name in given:
            value = given[field.name]
        elif field.get_internal_type() == "JSONField" and value is not None:
            value = json.dumps(value, ensure_ascii=False)
        elif value is not None and field.get_internal_type() == "DateTimeField":
            value = connection.ops.adapt_datetimefield_value(value)
        text = "\\N" if value is None else str(value)
        assert text == "\\N" or not set("\t\n\\") & set(text.replace("\\u000", "")), text
        found.append(text)
    return found


def _lay(model: Any, columns: Iterable[str], lines: Iterator[str]) -> None:
    """Rows in tab-separated text into a table, by COPY or many at a time."""
    columns, table = list(columns), model._meta.db_table
    while chunk := list(itertools.islice(lines, CHUNK)):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                copy = f"COPY {table} ({_quoted(columns)}) FROM STDIN"
                cursor.copy_expert(copy, io.StringIO("\n".join(chunk) + "\n"))
            else:
                rows = [
                    [None if value == "\\N" else value for value in line.split("\t")]
                    for line in chunk
                ]
                marks = ", ".join(["%s"] * len(columns))
                cursor.executemany(
                    f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({marks})", rows
                )
