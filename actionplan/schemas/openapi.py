"""The OpenAPI 3.1 description of what programs read as JSON, made from views, filters and types."""

from collections.abc import Mapping
from typing import Any, TypedDict

import django_filters
from django.urls import reverse

from actionplan.between.content import ComparisonJson
from actionplan.jobs.health import HealthReport
from actionplan.overview.status_types import PlanStatus
from actionplan.schemas.json_types import PLAIN, Schema, object_of, schema_of_source, schema_of_type
from actionplan.webhooks.content import DELIVERY, SIGNATURE, DeliveryBody
from actionplan.witnesses.views import Seen, WitnessContent
from commitments.exports.columns import ACTION_COLUMNS, ENTRY_COLUMNS, FILE_COLUMNS
from commitments.exports.writers import MOST_PER_PAGE, VIEW_COLUMNS, Columns
from commitments.lists.filters import ActionFilter, EntryFilter
from commitments.models import Entry, Standing
from funding.columns import EXPORTS, INSTALMENT_COLUMNS, InstalmentInCurrency

TEXT = PLAIN[str]
DAY = PLAIN[str] | {"format": "date"}


class Error(TypedDict):
    error: str


def openapi_document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Actionplan",
            "version": "1",
            "description": "What programs read as JSON: docs/reference/api.md.",
        },
        "paths": _paths(),
        "webhooks": {"entryRecorded": {"post": _delivery()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> dict[str, Schema]:
    view = dict.fromkeys(VIEW_COLUMNS, TEXT)
    files = dict.fromkeys(FILE_COLUMNS, TEXT)
    entry = _properties(ENTRY_COLUMNS, Entry)
    comparison = schema_of_type(ComparisonJson)
    for changes in ("actions", "contributions"):
        change = comparison["properties"][changes]["items"]
        change["properties"]["entries"]["items"] = _named("EntryOfChange")
    return {
        "Status": schema_of_type(PlanStatus),
        "Action": object_of(view | _properties(ACTION_COLUMNS, Standing)),
        "Entry": object_of(view | entry | files),
        "Instalment": object_of(view | _properties(INSTALMENT_COLUMNS, InstalmentInCurrency)),
        "EntryOfChange": object_of(entry),
        "Comparison": comparison,
        "Witness": schema_of_type(WitnessContent),
        "Seen": schema_of_type(Seen),
        "Delivery": schema_of_type(DeliveryBody),
        "Health": schema_of_type(HealthReport),
        "Error": schema_of_type(Error),
    }


def _properties(columns: Columns, record: type) -> dict[str, Schema]:
    return {name: schema_of_source(source, record) for name, source in columns.items()}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


# Addresses


def _paths() -> dict[str, Schema]:
    """The operations by address. Each address of a plan stands there twice: without a plan, and
    with its name.
    """
    paths: dict[str, Schema] = {reverse("health-jobs"): {"get": _health()}}
    slug = _parameter("slug", TEXT, place="path", required=True)
    for name, methods in _operations().items():
        address = reverse(f"plan:{name}", kwargs={"slug": "SLUG"}).replace("SLUG", "{slug}")
        paths[reverse(name)] = _with_ids(methods, "")
        paths[address] = {"parameters": [slug], **_with_ids(methods, "_of_plan")}
    return paths


def _with_ids(methods: Mapping[str, Schema], ending: str) -> dict[str, Schema]:
    return {
        method: operation | {"operationId": operation["operationId"] + ending}
        for method, operation in methods.items()
    }


def _operations() -> dict[str, dict[str, Schema]]:
    """The methods of each named address of a plan."""
    view = [_parameter("on", DAY), _parameter("known", {"enum": ["now"]})]
    as_json = _parameter("format", {"const": "json"}, required=True)
    pages = [
        _parameter("page", PLAIN[int] | {"minimum": 1}),
        _parameter("per_page", PLAIN[int] | {"minimum": 1, "maximum": MOST_PER_PAGE}),
    ]
    listed = [*view, as_json, *pages]
    actions = [*listed, *_filters(ActionFilter), _parameter("sort", TEXT)]
    fund = [*listed, _parameter("list", {"enum": list(EXPORTS)})]
    days = [_parameter("from", DAY), _parameter("to", DAY)]
    money = {"anyOf": [_list_of("Instalment"), _list_of("Entry")]}
    reads = {
        "status": _reads(_named("Status"), view),
        "commitments": _reads(_list_of("Action"), actions),
        "mine": _reads(_list_of("Action"), actions),
        "register": _reads(_list_of("Entry"), [*listed, *_filters(EntryFilter)]),
        "fund": _reads(money, fund),
        "between": _reads(_named("Comparison"), [*view, as_json, *days]),
        "witness": _reads(_named("Witness"), [_parameter("after", PLAIN[int])]),
    }
    operations = {
        name: {"get": operation | {"operationId": name}} for name, operation in reads.items()
    }
    operations["witness"]["post"] = _takes_note() | {"operationId": "sign"}
    return operations


def _filters(filters: type[django_filters.FilterSet]) -> list[Schema]:
    return [_filter_parameter(name, one) for name, one in filters.base_filters.items()]


def _filter_parameter(name: str, one: django_filters.Filter) -> Schema:
    choices = [str(code) for code, _label in one.extra.get("choices", [])]
    schema = {"enum": choices} if choices else TEXT
    if isinstance(one, django_filters.MultipleChoiceFilter):
        return _parameter(name, {"type": "array", "items": schema})
    if isinstance(one, django_filters.DateFilter):
        return _parameter(name, DAY)
    return _parameter(name, schema)


def _parameter(
    name: str, schema: Schema, *, place: str = "query", required: bool = False
) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": _named(name)}


def _reads(schema: Schema, parameters: list[Schema]) -> Schema:
    """An operation that reads. A public plan is read without a token."""
    return {
        "parameters": parameters,
        "security": [{"token": []}, {}],
        "responses": {
            "200": _answer("what was asked for", schema),
            "304": {"description": "unchanged since If-None-Match"},
            **_refusals(400, 401, 403, 404, 405),
        },
    }


def _takes_note() -> Schema:
    return {
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {"text/plain": {"schema": TEXT}}},
        "responses": {
            "200": _answer("the note is kept", _named("Seen")),
            **_refusals(401, 403, 404, 405, 422),
        },
    }


def _delivery() -> Schema:
    """The request that this site sends to a webhook; it does not receive it."""
    headers = [
        _parameter(name, TEXT, place="header", required=True) for name in (SIGNATURE, DELIVERY)
    ]
    return {
        "operationId": "delivery",
        "parameters": headers,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _named("Delivery")}},
        },
        "responses": {"2XX": {"description": "received; anything else is tried again"}},
    }


def _health() -> Schema:
    return {
        "operationId": "health",
        "responses": {
            "200": _answer("nothing is late", _named("Health")),
            "503": _answer("something is late", _named("Health")),
        },
    }


REASONS = {
    400: "a value of the address cannot be used",
    401: "no token, or none that opens this",
    403: "not open to tokens, or not to this account",
    404: "nothing there, or of another plan",
    405: "another method",
    422: "no note that can be believed",
}


def _refusals(*codes: int) -> dict[str, Any]:
    return {str(code): _answer(REASONS[code], _named("Error")) for code in codes}


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
