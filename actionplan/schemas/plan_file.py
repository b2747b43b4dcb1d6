"""The JSON Schema of a plan file, noted down while the readers read a file that has every key.

TOML has days where JSON has texts; editors that check TOML by a schema take the one for the other.
"""

from datetime import date
from pathlib import Path
from typing import Any, Self

from actionplan.schemas.json_types import PLAIN, Schema, either
from commitments.files.plan_schema import read_plan
from commitments.files.toml import parse_toml
from commitments.files.toml_table import NAME, REF, Table, Texts
from funding.plan_schema import read_funds

EVERY_KEY = Path(__file__).with_name("every_key.toml")
TEXT = PLAIN[str]
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT, "minProperties": 1}
MONEY: Schema = {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}
# keys that their readers check by themselves
RAW: dict[str, Schema] = {
    "stated": {"type": "array", "items": MONEY},
    "amount": MONEY,
    "on": TEXT,
}
REQUIRED = {"format", "plan", "amount"}
# the table whose keys are sides
BY_SIDE = "calendar"


class NotingTable(Table):
    """A table that notes what each of its keys may hold."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.schemas: dict[str, Schema] = {}
        self.required: set[str] = set()
        # the tables below, by key; a key of a list of tables is in `lists`
        self.below: dict[str, list[Self]] = {}
        self.lists: set[str] = set()

    def _note(self, key: str, schema: Schema, *, required: bool = False) -> None:
        self.schemas[key] = schema
        if required or key in REQUIRED:
            self.required.add(key)

    def get_raw(self, key: str) -> object:
        if key in RAW and key not in self.schemas:
            self._note(key, RAW[key])
        return super().get_raw(key)

    def get_text(self, key: str, *, required: bool = False, longest: int = 500) -> str:
        schema = TEXT | {"maxLength": longest}
        if required:
            schema |= {"pattern": r"\S"}
        self._note(key, schema, required=required)
        return super().get_text(key, required=required, longest=longest)

    def get_name(self, key: str, *, longest: int = 64) -> str:
        name = super().get_name(key, longest=longest)
        self.schemas[key] |= {"pattern": f"^{NAME.pattern}$"}
        return name

    def get_ref(self, key: str) -> str:
        ref = super().get_ref(key)
        self.schemas[key] |= {"pattern": f"^{REF.pattern}$"}
        return ref

    def get_integer(
        self, key: str, *, required: bool = False, least: int = 0, most: int = 3660
    ) -> int | None:
        schema = PLAIN[int] | {"minimum": least, "maximum": most}
        self._note(key, schema, required=required)
        return super().get_integer(key, required=required, least=least, most=most)

    def get_flag(self, key: str) -> bool:
        self._note(key, PLAIN[bool])
        return super().get_flag(key)

    def get_choice(
        self, key: str, choices: tuple[str, ...], *, required: bool = False, default: str = ""
    ) -> str:
        self._note(key, {"enum": list(choices)}, required=required)
        return super().get_choice(key, choices, required=required, default=default)

    def get_day(self, key: str, *, required: bool = False) -> date | None:
        self._note(key, PLAIN[date], required=required)
        return super().get_day(key, required=required)

    def get_translations(self, key: str) -> Texts | None:
        self._note(key, TEXTS)
        return super().get_translations(key)

    def get_texts(self, key: str, *, required: bool = False) -> Texts:
        self._note(key, TEXTS, required=required)
        return super().get_texts(key, required=required)

    def get_list_of_texts(self, key: str) -> list[Texts]:
        self._note(key, {"type": "array", "items": TEXTS})
        return super().get_list_of_texts(key)

    def get_names(self, key: str, *, required: bool = False, filled: bool = False) -> list[str]:
        schema: Schema = {"type": "array", "items": TEXT, "uniqueItems": True}
        if filled:
            schema |= {"minItems": 1}
        self._note(key, schema, required=required)
        return super().get_names(key, required=required, filled=filled)

    def get_table(self, key: str, label: str) -> Self | None:
        table = super().get_table(key, label)
        self._note(key, {})
        self.below[key] = [table] if table else []
        return table

    def get_tables(
        self, key: str, *, kind: str = "", named_by: str = "", label: str = ""
    ) -> list[Self]:
        tables = super().get_tables(key, kind=kind, named_by=named_by, label=label)
        self._note(key, {})
        self.below[key] = tables
        self.lists.add(key)
        return tables


def plan_file_schema() -> Schema:
    file = parse_toml(EVERY_KEY.read_text())
    top = NotingTable(file, (), file.tree, "the file")
    read_funds(top, read_plan(top))
    return _schema_of([top])


def _schema_of(tables: list[NotingTable]) -> Schema:
    """What every table at this place may hold. Those with a kind differ by it."""
    if "enum" in tables[0].schemas.get("kind", {}):
        kinds = tables[0].schemas["kind"]["enum"]
        return {"oneOf": [_schema_of_kind(kind, tables) for kind in kinds]}
    return _schema_of_table(tables)


def _schema_of_kind(kind: str, tables: list[NotingTable]) -> Schema:
    schema = _schema_of_table([table for table in tables if table.content["kind"] == kind])
    schema["properties"]["kind"] = {"const": kind}
    return schema


def _schema_of_table(tables: list[NotingTable]) -> Schema:
    keys = dict.fromkeys(key for table in tables for key in table.schemas)
    required = {key for table in tables for key in table.required}
    required.intersection_update(*(table.required | _filled(table) for table in tables))
    return {
        "type": "object",
        "properties": {key: _schema_of_key(key, tables) for key in keys},
        "required": [key for key in keys if key in required],
        "additionalProperties": False,
    }


def _filled(table: NotingTable) -> set[str]:
    return {key for key, tables in table.below.items() if tables}


def _schema_of_key(key: str, tables: list[NotingTable]) -> Schema:
    noted = [table.schemas[key] for table in tables if table.schemas.get(key)]
    below = [one for table in tables for one in table.below.get(key, [])]
    if key == BY_SIDE:
        return TEXTS
    if below:
        schema = _schema_of(below)
        is_list = any(key in table.lists for table in tables)
        noted.append({"type": "array", "items": schema} if is_list else schema)
    return either(noted)
