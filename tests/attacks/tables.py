"""Values and rows of the tables themselves, altered by somebody who has the database: which of these
an alarm names.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from actionplan.integrity.plan_tables import PLAN_BOOKKEEPING
from actionplan.models import User
from commitments.models import Entry, Flag, HeldFile, HeldReport, Membership, Plan
from tests.attacks import insider

Model = type[models.Model]
# What nothing names, for what docs/reference/integrity.md gives as its reason.
NOT_COVERED: dict[str, set[str]] = {
    "commitments_plan": {*PLAN_BOOKKEEPING} - {"counted_days", "id", "slug"},
    # read by version 1.0.0 alone
    "commitments_action": {"search"},
    "commitments_flag": {"noticed", "cleared", "cleared_by"},
}
# the tables of the plan and its register
COVERED_APPS = ("commitments", "funding")
# what is named of other tables
COVERED_BESIDE: dict[str, set[str]] = {
    "actionplan_checkpoint": {"plan", "number", "hash"},
    "actionplan_witnesskey": {"plan", "verifier"},
    "actionplan_witnesssignature": {"checkpoint", "key", "line"},
}


# tables of the libraries that this product never writes
UNUSED = {
    "account_emailconfirmation",
    "actionplan_user_groups",
    "actionplan_user_user_permissions",
    "auth_group",
    "auth_group_permissions",
    "socialaccount_socialapp",
    "socialaccount_socialtoken",
}


@dataclass(frozen=True)
class Attempt:
    """What was done, and the pattern of the words by which an alarm names it."""

    what: str
    names: str
    is_covered: bool = True

    def is_named_in(self, alarms: Iterable[str]) -> bool:
        return any(re.search(self.names, alarm) for alarm in alarms)


def numbered(number: int) -> str:
    return rf"entry {number}\b"


def is_of_plan(model: Model) -> bool:
    return model._meta.app_label in COVERED_APPS and model not in (HeldReport, HeldFile)


def every() -> list[Model]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def filled() -> list[Model]:
    return [model for model in every() if model._base_manager.exists()]


def columns_of(model: Model) -> list[Any]:
    """All but the number of a row alone, which means nothing."""
    return [
        column
        for column in model._meta.local_concrete_fields
        if column.is_relation or not isinstance(column, models.AutoField)
    ]


def rows_of(model: Model) -> list[models.Model]:
    return list(model._base_manager.order_by("pk")[:500])


def is_value_named(row: models.Model, column: Any) -> bool:
    table = row._meta.db_table
    if isinstance(row, User):
        # the post of who has or had rights
        recorded = Entry.objects.filter(kind="rights", terms__account=row.pk)
        return column.name in ("post", "post_salt") and recorded.exists()
    if is_of_plan(type(row)):
        return column.name not in NOT_COVERED.get(table, ())
    return column.name in COVERED_BESIDE.get(table, ())


def edit_random_value(models_to_edit: list[Model], chance: Random) -> Attempt:
    """A value of a random column and row of one of these tables."""
    while True:
        model = chance.choice(models_to_edit)
        attempt = edit_column(model, chance.choice(columns_of(model)), chance)
        if attempt:
            return attempt


def edit_column(model: Model, column: Any, chance: Random) -> Attempt | None:
    """Its value in a random row; None where the database takes no other."""
    rows = rows_of(model)
    for _try in range(20):
        row = chance.choice(rows)
        before = getattr(row, column.attname)
        value = other_value(column, before, chance)
        if value is None or value == before or not write_value(row, column, value):
            continue
        table = model._meta.db_table
        what = f"{table}.{column.column} of {row.pk}: {before!r} to {value!r}"[:200]
        return Attempt(what, pattern_of(row), is_value_named(row, column))
    return None


def remove_row(model: Model, chance: Random) -> Attempt:
    rows = rows_of(model)
    if model is Entry:
        # without the last one a register is whole, as far as the site can tell
        rows = sorted(rows, key=lambda row: row.number)[:-1]  # type: ignore[attr-defined]
    row = chance.choice(rows)
    key = row._meta.pk
    assert key is not None
    statement = f'DELETE FROM {model._meta.db_table} WHERE "{key.column}" = %s'  # noqa: S608 no input
    pattern = pattern_of(row)
    insider.execute(statement, key.get_db_prep_value(row.pk, connection))
    # who looks for a plan finds that it is gone
    is_named = is_of_plan(model) and model is not Plan
    if isinstance(row, Flag) and row.cleared:
        # what was cleared is named where it can be derived
        is_named = False
    return Attempt(f"{model._meta.db_table} without {row.pk}"[:200], pattern, is_named)


def add_row(model: Model, chance: Random) -> Attempt | None:
    """A copy of a random row with other values in some columns; None where the database takes none,
    such as a second row of a text that has one.
    """
    columns = [column for column in columns_of(model) if not column.primary_key]
    key = model._meta.pk
    if key is not None and key.is_relation:
        columns.append(key)
    rows = rows_of(model)
    for _try in range(20):
        row = copy(chance.choice(rows))
        forge_key(row, chance)
        for column in chance.sample(columns, k=min(len(columns), chance.randint(1, 3))):
            value = other_value(column, getattr(row, column.attname), chance)
            if value is not None:
                setattr(row, column.attname, value)
        if insert(row):
            is_named = is_of_plan(model) and model is not Plan
            return Attempt(f"{model._meta.db_table} with {row.pk}"[:200], pattern_of(row), is_named)
    return None


def forge_key(row: models.Model, chance: Random) -> None:
    key = row._meta.pk
    assert key is not None
    if isinstance(key, models.UUIDField):
        row.pk = uuid4()
    elif not key.is_relation:
        row.pk = chance.randint(10**6, 10**7)
    if isinstance(row, Entry):
        last = Entry.objects.filter(plan=row.plan).latest("number")
        row.number = last.number + 1
        row.code = f"forged-{row.number}"


def insert(row: models.Model) -> bool:
    """False where the database itself refuses it."""
    try:
        with transaction.atomic():
            row.save_base(raw=True, force_insert=True)
    except (DatabaseError, TypeError, ValueError):
        return False
    return True


def pattern_of(row: models.Model) -> str:
    """How an alarm names the row: an entry by its number, all else by its table."""
    entry = row if isinstance(row, Entry) else getattr(row, "entry", None)
    if isinstance(entry, Entry):
        return numbered(entry.number)
    if isinstance(row, Membership) or hasattr(row, "membership"):
        return "rights of account"
    table = row._meta.db_table
    owner = next((known for known in OWNERS if table.startswith(known)), table)
    return OWNERS.get(owner, table)


# rows that an alarm names by what they belong to or say
OWNERS = {
    "actionplan_checkpoint": "the register does not hold entry|the checkpoint of entry",
    "actionplan_user": "rights of account",
    "actionplan_witness": "did not sign the checkpoint of entry",
    "commitments_action_": "commitments_action",
    "commitments_commitment_aims": "commitments_commitment",
    "commitments_obligation_": "commitments_obligation",
}


def other_value(column: Any, value: Any, chance: Random) -> object:
    """Something that the column could hold, and does not."""
    if column.is_relation:
        keys = list(column.related_model._base_manager.values_list("pk", flat=True)[:50])
        return chance.choice([key for key in keys if key != value] or [None])
    match column:
        case models.JSONField():
            return '{"en": "altered"}'
        case models.BooleanField():
            return not value
        case models.DateTimeField():
            return datetime(2010, 1, chance.randint(1, 28), tzinfo=UTC)
        case models.DateField():
            if value is None or not 1000 < value.year < 9000:
                # the first and the last day that there is stand for no bound
                return date(2010, 1, chance.randint(1, 28))
            return value + timedelta(days=chance.choice([-400, -1, 1, 400]))
        case models.DecimalField():
            return Decimal(chance.randint(1, 10**6)) + Decimal("0.01")
        case models.IntegerField():
            return chance.randint(1, 30_000)
        case models.BinaryField():
            return b"altered"
        case models.UUIDField():
            return uuid4()
    return chance.choice(["altered", "GB", "FR", "met", "4.4", "2014-11"])


def write_value(row: models.Model, column: Any, value: object) -> bool:
    """False where the database itself refuses it."""
    pk = row._meta.pk
    assert pk is not None
    if isinstance(column, models.UUIDField):
        value = column.get_db_prep_value(value, connection)
    statement = f'UPDATE {row._meta.db_table} SET "{column.column}" = %s WHERE "{pk.column}" = %s'  # noqa: S608 no input
    try:
        with transaction.atomic():
            insider.execute(statement, value, pk.get_db_prep_value(row.pk, connection))
    except DatabaseError:
        return False
    return True


Alteration = Callable[[Random], Attempt | None]


def walk() -> Iterator[tuple[str, str, Alteration]]:
    """Each column of each table once, and a row of each table taken out and put in."""
    for model in filled():
        name = model._meta.db_table
        for column in columns_of(model):
            yield "each column once", f"{name}.{column.column}", partial(edit_column, model, column)
        yield "a row out of each table", name, partial(remove_row, model)
        yield "a row put into each table", name, partial(add_row, model)
