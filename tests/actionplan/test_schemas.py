"""The published schemas: made from the code, and held to real answers and plan files."""

import re
import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from actionplan.models import User
from actionplan.plan_transfer import load
from actionplan.schemas.plan_file import EVERY_KEY
from actionplan.schemas.views import NAMES, documents
from actionplan.settings import BASE_DIR
from commitments.files.errors import FileRefused
from commitments.models import Plan
from funding.columns import EXPORTS
from tests import plan_of_promises, plans
from tests.client import Client
from tests.factories import create_plan, sign_in
from tests.mutations import spoilt_texts
from tests.schemas import REFERENCE, published

PLANS = sorted((BASE_DIR / "actionplan" / "plans").glob("*[0-9].toml"))


def errors_by(schema: Any, instance: Any) -> list[str]:
    schema = schema | {"components": documents()["openapi.json"]["components"]}
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(instance)]


def plan_errors(text: str) -> list[str]:
    """Days of TOML are texts for a schema."""
    return errors_by(
        documents()["plan-file.schema.json"], _with_texts_for_days(tomllib.loads(text))
    )


def _with_texts_for_days(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_texts_for_days(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_texts_for_days(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_documentation_has_the_schemas_of_the_code() -> None:
    kept = {name: (REFERENCE / name).read_text() for name in NAMES}
    assert kept == published(), "run python -m tests.schemas"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_read_by_everybody_at_its_address(client: Client, name: str) -> None:
    assert client.get(f"/{name}").json() == documents()[name]


# Plan files


@pytest.mark.parametrize("path", [*PLANS, EVERY_KEY], ids=lambda path: path.stem)
def test_a_plan_file_that_is_shipped_fits_the_schema(path: Any) -> None:
    load.read_plan_file(path.read_bytes())
    assert plan_errors(path.read_text()) == []


@pytest.mark.parametrize(
    "text", [plans.SMALL, plan_of_promises.PROMISES], ids=["small", "promises"]
)
def test_a_plan_file_of_a_test_fits_the_schema(text: str) -> None:
    assert plan_errors(text) == []


LINES = [line for line in plans.SMALL.split("\n") if re.match(r"\s*\w+ = ", line)]


@pytest.mark.parametrize("line", LINES)
def test_a_key_that_nobody_knows_is_refused_by_the_schema(line: str) -> None:
    text = plans.SMALL.replace(line, re.sub(r"(\w+) = ", r"\1x = ", line, count=1), 1)
    assert plan_errors(text) != []


@given(spoilt_texts(plan_of_promises.PROMISES))
def test_what_the_schema_refuses_is_refused_by_the_reader(text: str) -> None:
    try:
        load.read_plan_file(text.encode())
    except FileRefused:
        return
    assert plan_errors(text) == []


# Answers


def operation_errors(path: str, answer: Any) -> list[str]:
    operation = documents()["openapi.json"]["paths"][path]["get"]
    schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]
    return errors_by(schema["schema"], answer.json())


ADDRESSES = [
    "/status.json",
    "/status.json?known=now&on=2014-11-01",
    "/commitments/?format=json",
    "/mine/?format=json",
    "/register/?format=json",
    *(f"/fund/?format=json&list={name}" for name in EXPORTS),
    "/between/?format=json&from=2014-10-01",
    "/witness.json",
    "/health/jobs/",
    "/status.json?on=x",
    "/witness.json?format=json&on=x",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_answer_is_as_the_description_says(
    calais_with_entries: Plan, official: User, address: str
) -> None:
    answer = sign_in(official).get(address)
    assert operation_errors(address.partition("?")[0], answer) == []


def test_no_answer_has_a_key_that_is_not_described(
    calais_with_entries: Plan, official: User
) -> None:
    """Later versions may add keys; this one has described its own."""
    schemas = documents()["openapi.json"]["components"]["schemas"]
    client = sign_in(official)
    for path, name in {
        "/commitments/": "Action",
        "/register/": "Entry",
        "/fund/": "Instalment",
    }.items():
        row = client.get(f"{path}?format=json").json()[0]
        assert list(row) == list(schemas[name]["properties"])
    comparison = client.get("/between/?format=json").json()
    entries = [entry for change in comparison["actions"] for entry in change["entries"]]
    assert list(entries[0]) == list(schemas["EntryOfChange"]["properties"])
    for name in ("status", "witness"):
        answer = client.get(f"/{name}.json").json()
        assert list(answer) == list(schemas[name.title()]["properties"])


def test_a_public_plan_answers_everybody_as_the_description_says(db: None) -> None:
    create_plan(
        plans.changed(plans.SMALL, ("stale_days = 30\n", "stale_days = 30\npublic = true\n"))
    )
    for address in ADDRESSES:
        if "mine" not in address and "witness" not in address:
            answer = Client().get(address)
            assert operation_errors(address.partition("?")[0], answer) == [], address


def test_every_address_that_answers_with_json_is_described() -> None:
    """Those that take a token are."""
    from actionplan.api_tokens.middleware import LISTS

    described = documents()["openapi.json"]["paths"]
    assert {f"/{name}/" for name in LISTS} <= described.keys()
    assert {"/status.json", "/witness.json", "/health/jobs/"} <= described.keys()
