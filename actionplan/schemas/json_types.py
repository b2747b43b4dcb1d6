"""JSON Schema (2020-12) of what the code says that it answers with: its types and its models."""

import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from commitments.exports.writers import Source

Schema = dict[str, Any]
# what stands behind the type is the format of the text, or the texts that it can be
Day = Annotated[str, "date"]
Moment = Annotated[str, "date-time"]

PLAIN: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Decimal: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    object: {},
}
FIELDS: Mapping[type[models.Field[Any, Any]], Schema] = {
    models.DateTimeField: PLAIN[datetime],
    models.DateField: PLAIN[date],
    models.BooleanField: PLAIN[bool],
    models.IntegerField: PLAIN[int],
    models.CharField: PLAIN[str],
    models.TextField: PLAIN[str],
}


def schema_of_type(hint: Any) -> Schema:
    if is_typeddict(hint):
        return _schema_of_object(hint)
    origin = get_origin(hint)
    arguments = get_args(hint)
    if origin is Annotated:
        return _narrow(schema_of_type(arguments[0]), arguments[1])
    if origin in (Union, types.UnionType):
        return either([schema_of_type(one) for one in arguments])
    if origin is list:
        return {"type": "array", "items": schema_of_type(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of_type(arguments[1])}
    return dict(PLAIN[hint])


def _schema_of_object(hint: Any) -> Schema:
    hints = get_type_hints(hint, include_extras=True)
    properties = {name: schema_of_type(part) for name, part in hints.items()}
    return object_of(properties)


def object_of(properties: Mapping[str, Schema]) -> Schema:
    """An object with all of these; later versions may add to them."""
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _narrow(schema: Schema, texts: str | Iterable[str]) -> Schema:
    if isinstance(texts, str):
        return schema | {"format": texts}
    return schema | {"enum": [str(text) for text in texts]}


def either(schemas: Iterable[Schema]) -> Schema:
    different: list[Schema] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    if len(different) == 1:
        return different[0]
    if all(schema.keys() == {"type"} for schema in different):
        return {"type": [schema["type"] for schema in different]}
    return {"anyOf": different}


def schema_of_source(source: Source, record: Any) -> Schema:
    """What a column of an export holds for records of this class."""
    if isinstance(source, partial):
        source = source.func
    if not isinstance(source, str):
        return schema_of_type(get_type_hints(source)["return"])
    for name in source.split("."):
        record = _part_of(record, name)
    if isinstance(record, models.Field):
        return _schema_of_field(record)
    return schema_of_type(record)


def _part_of(record: Any, name: str) -> Any:
    """The type of an attribute: of a field of a model, a property, or a part of a dataclass."""
    attribute = getattr(record, name, None)
    if isinstance(attribute, property):
        return get_type_hints(attribute.fget)["return"]
    if not issubclass(record, models.Model):
        return get_type_hints(record)[name]
    try:
        return record._meta.get_field(name)
    except FieldDoesNotExist:
        # a query adds only texts
        return str


def _schema_of_field(field: models.Field[Any, Any]) -> Schema:
    schema = next(schema for kind, schema in FIELDS.items() if isinstance(field, kind))
    return either([schema, PLAIN[type(None)]]) if field.null else schema
