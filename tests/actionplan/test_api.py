"""The reference of the API by its own examples; what is unchanged is not computed; what is wrong is
said as JSON.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from actionplan.api_tokens import tokens
from actionplan.models import User
from commitments.models import Plan
from tests.client import Client
from tests.factories import create_official, create_viewer, report_entry

TODAY = date(2015, 1, 12)
REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text()
EXAMPLES = re.findall(r"```\nGET (\S+)\n```\n(?:\n```json\n(.+?)\n```)?", REFERENCE, re.DOTALL)
LISTS = ("commitments", "mine", "register", "fund")


@pytest.fixture
def official(calais_with_entries: Plan) -> User:
    return create_official(calais_with_entries)


class Dashboard:
    """Another system that reads with a token for each purpose."""

    def __init__(self, owner: User, plan: Plan) -> None:
        self.client = Client()
        self.secrets = {
            purpose: tokens.create(
                by=owner, plan=plan, purpose=purpose, label="x", days=30, today=TODAY
            )
            for purpose in ("calendar", "register", "read")
        }

    def get(self, path: str, **headers: str) -> Any:
        purpose = "calendar" if ".ics" in path else "register" if ".atom" in path else "read"
        return self.client.get(
            path, headers={"Authorization": f"Bearer {self.secrets[purpose]}", **headers}
        )


@pytest.fixture
def dashboard(official: User, calais: Plan) -> Dashboard:
    return Dashboard(official, calais)


def holds(found: Any, example: Any) -> bool:
    """Whether the answer has what the example shows; of a list the first."""
    if isinstance(example, dict):
        return all(name in found and holds(found[name], value) for name, value in example.items())
    if isinstance(example, list):
        return all(holds(one, shown) for one, shown in zip(found, example, strict=False)) and len(
            found
        ) >= len(example)
    return bool(found == example)


def test_the_reference_has_an_example_for_each_address() -> None:
    paths = {path.partition("?")[0] for path, _answer in EXAMPLES}
    assert paths == {
        "/status.json",
        "/calendar.ics",
        "/register.atom",
        "/between/",
        *(f"/{name}/" for name in LISTS),
    }


@pytest.mark.parametrize(("path", "shown"), EXAMPLES)
def test_an_example_of_the_reference_is_what_is_answered(
    dashboard: Dashboard, path: str, shown: str
) -> None:
    answer = dashboard.get(path)
    assert answer.status_code == 200
    if shown:
        assert holds(answer.json(), json.loads(shown)), answer.json()[:1]


# Unchanged


@pytest.mark.parametrize("path", ["/status.json", *(f"/{name}/?format=json" for name in LISTS)])
def test_what_is_unchanged_is_answered_without_computing_it(
    dashboard: Dashboard, calais: Plan, path: str
) -> None:
    first = dashboard.get(path)
    tag = first.headers["ETag"]
    assert (first.headers["Cache-Control"], "Authorization" in first.headers["Vary"]) == (
        "private, no-cache",
        True,
    )
    with CaptureQueriesContext(connection) as asked:
        same = dashboard.get(path, **{"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert not [query for query in asked if "standing" in query["sql"]]
    report_entry("4.4", by=create_official(calais))
    assert dashboard.get(path, **{"If-None-Match": tag}).status_code == 200


def test_another_day_question_account_or_language_is_another_answer(
    dashboard: Dashboard, calais: Plan, settings: Settings
) -> None:
    path = "/commitments/?format=json"
    tags = {
        dashboard.get(path + more).headers["ETag"]
        for more in ("", "&on=2014-11-01", "&known=now", "&q=a")
    }
    tags.add(Dashboard(create_viewer(calais), calais).get(path).headers["ETag"])
    tags.add(dashboard.get(path, **{"Accept-Language": "fr"}).headers["ETag"])
    settings.ACTIONPLAN_TODAY = date(2015, 1, 13)
    tags.add(dashboard.get(path).headers["ETag"])
    assert len(tags) == 7


# Pages


@pytest.mark.parametrize("name", LISTS)
def test_the_pages_of_a_list_are_the_whole_of_it(dashboard: Dashboard, name: str) -> None:
    whole = dashboard.get(f"/{name}/?format=json").json()
    rows, path = [], f"/{name}/?format=json&per_page=7"
    while path:
        answer = dashboard.get(path)
        rows += answer.json()
        assert answer.headers["X-Total-Count"] == str(len(whole))
        links = re.findall(r'<http://localhost:8000([^>]+)>; rel="(\w+)"', answer.headers["Link"])
        path = next((path for path, rel in links if rel == "next"), "")
    assert rows == whole
    assert dashboard.get(f"/{name}/?format=json&page=99").json() == []


# What is wrong


@pytest.mark.parametrize(
    "query",
    [
        "on=x",
        "known=x",
        "page=0",
        "page=x",
        "page=-1",
        "per_page=1001",
        "per_page=%00",
        "page=" + "9" * 40,
        "list=x",
    ],
)
def test_an_odd_question_is_answered_with_what_would_be_right(
    dashboard: Dashboard, query: str
) -> None:
    answer = dashboard.get(f"/fund/?format=json&{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert re.search(r"such as|leave it out|from 1 to|one of: instalments", answer.json()["error"])


def test_what_is_not_there_is_said_as_json(dashboard: Dashboard) -> None:
    for path in ("/plans/nowhere/status.json", "/plans/nowhere/register/?format=json"):
        answer = dashboard.get(path)
        assert (answer.status_code, list(answer.json())) == (404, ["error"])
