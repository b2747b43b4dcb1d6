"""A plan file loaded in the browser: shown before, by administrators, whole or not at all."""

import hashlib
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Entry, Plan
from tests import factories
from tests.client import Client
from tests.plans import SMALL, changed

ADDRESS = "/load-plan/"
LATER = changed(
    SMALL,
    ('when = "2014-10"', 'when = "2014-11"'),
    ("format = 1\n", 'format = 1\nchange = "agreed"\n'),
)


@pytest.fixture
def administrator(db: None, settings: Settings) -> Client:
    settings.ACTIONPLAN_TODAY = date(2014, 11, 5)
    return factories.sign_in(factories.create_administrator())


def upload(text: str | bytes) -> dict[str, SimpleUploadedFile]:
    return {
        "file": SimpleUploadedFile("plan.toml", text if isinstance(text, bytes) else text.encode())
    }


def second_step(client: Client, text: str) -> dict[str, str]:
    shown = client.post(ADDRESS, upload(text)).content.decode()
    (carried,) = re.findall(r'name="content" value="([^"]+)"', shown)
    return {"content": carried, "load": "1"}


def test_a_new_plan_is_shown_and_then_loaded_byte_for_byte(administrator: Client) -> None:
    text = "\ufeff" + SMALL.replace("\n", "\r\n")
    step = second_step(administrator, text)
    assert not Plan.objects.filter(slug="small").exists()
    assert administrator.post(ADDRESS, step).headers["Location"] == "/plans/small/"
    entry = Entry.objects.get(plan__slug="small", kind="plan")
    assert entry.words == hashlib.sha256(text.encode()).hexdigest()
    assert entry.by and entry.by.post == "Administrator"
    assert administrator.get("/plans/small/").status_code == 200


def test_a_changed_plan_file_is_shown_with_the_states_that_it_would_change(
    administrator: Client,
) -> None:
    administrator.post(ADDRESS, second_step(administrator, SMALL))
    before = Entry.objects.count()
    shown = administrator.post(ADDRESS, upload(LATER))
    assert [(one.name, one.before, one.after) for one in shown.context["changes"]] == [
        ("1.1", "overdue", "due")
    ]
    assert "terms of 1.1: recorded" in shown.content.decode()
    assert Entry.objects.count() == before
    again = administrator.post(ADDRESS, upload(SMALL)).content.decode()
    assert "is already as this file says" in again and 'name="load"' not in again


def test_a_plan_that_would_be_public_is_said_to_be(administrator: Client) -> None:
    text = changed(SMALL, ("stale_days", "public = true\nstale_days"))
    assert (
        "Everybody could read this plan without signing in"
        in administrator.post(ADDRESS, upload(text)).content.decode()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed(SMALL, ("lead_days = 14", "lead_days = -1")),
            "Line 10: lead_days of the plan must be",
        ),
        ("format = ", "this is not TOML"),
        (b"\xff\xfe", "this is not UTF-8"),
        (SMALL + "#" * 1024 * 1024, "the file is larger than 1024 KiB: nothing of it was read"),
        (SMALL + 'x = "\\u0000"', "holds the character U+0000"),
        ("", "submitted file is empty"),
    ],
)
def test_errors_are_named_with_their_lines_and_nothing_is_written(
    administrator: Client, text: str | bytes, said: str
) -> None:
    answer = administrator.post(ADDRESS, upload(text))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Plan.objects.filter(slug="small").exists()


def test_a_reader_of_french_gets_errors_and_changes_in_french(administrator: Client) -> None:
    User.objects.update(language="fr")
    refused = administrator.post(
        ADDRESS, upload(changed(SMALL, ("lead_days = 14", "lead_days = -1")))
    )
    said = "Ligne 10 : plan, « lead_days » : il faut un nombre entier de 0 à 3660, et non -1"
    assert said in refused.content.decode().replace("\u00a0", " ")
    administrator.post(ADDRESS, second_step(administrator, SMALL))
    shown = administrator.post(ADDRESS, upload(LATER)).content.decode().replace("\u00a0", " ")
    assert "<li>termes de 1.1 : enregistrés</li>" in shown
    assert 'lang="en"' not in shown.partition("<main")[2].partition("</main>")[0]


def test_only_administrators_load_plan_files(calais: Plan, client: Client) -> None:
    assert client.get(ADDRESS).headers["Location"] == "/sign-in/?next=/load-plan/"
    manager = factories.sign_in(factories.create_manager(calais))
    assert manager.get(ADDRESS).status_code == 403
    assert manager.post(ADDRESS, upload(SMALL) | {"load": "1"}).status_code == 403
    assert not Plan.objects.filter(slug="small").exists()
